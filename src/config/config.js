/** The checked and frozen configuration, with every default filled in. Times are milliseconds. */
export {};
