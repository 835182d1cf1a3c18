/**
 * Requests and responses as the gateway sees them. Nothing here depends on HTTP/1.1: how a body is framed, and whether a
 * connection is used again, is decided below this interface.
 */
export {};
