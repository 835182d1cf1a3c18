/** Where the process listens, and with which certificates. */
export {};
