/** Limits of a connection to an upstream, and its callbacks to the pool. */
export {};
