/** The upstream of a route in the checked configuration. Times are milliseconds. */
export {};
