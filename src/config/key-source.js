/** Where the keys of an issuer come from. */
export {};
