/** How an issuer is asked about tokens (RFC 7662), checked and with every default. */
export {};
