/** What the status page shows of the process and of its configuration. */
export {};
