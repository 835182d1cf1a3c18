/** The columns of the table of identity products (identity-products.ts). */
/** The row for unknown products: a server that follows the standards. */
export const ANY_PRODUCT = {
    name: 'any',
    family: 'any',
    issuer: /(?:)/,
    tokenTypes: ['at+jwt'],
    audience: 'the resource that was asked for (RFC 8707)',
    scopeClaims: ['scope'],
    ask: resource => `let the client ask with resource=${resource} (RFC 8707)`,
};
