/** The keys of an entry of `issuers`. */
import { z } from 'zod';
import { JWKS_URI, parseJwksUri, URI_FORM } from '../values/address/uri.js';
import { ALGORITHM, ALL_ALGORITHMS, parseAlgorithm } from '../values/algorithm.js';
import { accept, reject } from '../values/parsed-value.js';
import { filledList, text } from './building-blocks.js';
import { claimPaths, impliedScopes } from './claim-schemas.js';
import { introspectionSchema } from './introspection-schema.js';
import { duration, leeway, longDuration, nonEmpty } from './scalars.js';
const tokenType = text('a media type such as at+jwt', written => {
    const type = written.toLowerCase().replace(/^application\//, '');
    return /^[!#$%&'*+\-.^_`|~0-9a-z/]+$/.test(type) ? accept(type) : reject('is not a media type');
});
const keys = z.strictObject({
    refresh: duration.prefault('10m').describe('Age at which the keys of the issuer are fetched again'),
    cooldown: duration
        .prefault('30s')
        .describe('Shortest time between two fetches that tokens cause, failed ones included'),
    max_stale: longDuration.prefault('24h').describe('How old the keys may become while the issuer cannot be reached'),
    timeout: duration.prefault('5s').describe('Time for each document that is fetched from the issuer'),
    ca_file: nonEmpty
        .optional()
        .describe('PEM file with the authorities of the issuer, instead of those that Node.js trusts'),
    token_file: nonEmpty
        .optional()
        .describe('File with a bearer token that is sent when keys are fetched, such as that of a Kubernetes service account'),
});
export const issuerSchema = z.strictObject({
    jwks_uri: text(JWKS_URI, parseJwksUri, URI_FORM)
        .optional()
        .describe('URL of the key set; default: from the metadata of RFC 8414, else from OpenID Connect discovery'),
    jwks_file: nonEmpty
        .optional()
        .describe('File with the key set (RFC 7517 section 5), relative to this file; instead of jwks_uri'),
    algorithms: filledList(text(ALGORITHM, parseAlgorithm, { enum: [...ALL_ALGORITHMS] }))
        .optional()
        .describe('Accepted JWS algorithms; default: every asymmetric one that Node.js supports. HS* and none are not allowed'),
    token_types: filledList(tokenType)
        .prefault(['at+jwt'])
        .describe('Accepted typ values; add JWT for an issuer that sets no typ (RFC 9068 section 2.1)'),
    scope_claim: claimPaths
        .optional()
        .describe('Claim that holds the scopes, a path such as realm_access.roles, or a list of them; default: scope, or scp where there is no scope'),
    scope_separator: nonEmpty.default(' ').describe('What separates the scopes within a string; default: a space'),
    scope_implies: impliedScopes.prefault({}).describe('Scope: the further scopes that it includes'),
    audience_claim: z
        .enum(['aud', 'client_id'])
        .default('aud')
        .describe('client_id for an issuer that writes no aud; where a token has both, both must fit'),
    leeway: leeway.prefault('30s').describe('How far ahead the clock of the issuer may be, for nbf and iat; at most 5m'),
    expiry_leeway: leeway.prefault('0s').describe('How long a token is good after its exp; at most 5m'),
    keys: keys.prefault({}).describe('When and how the keys of the issuer are fetched'),
    introspection: introspectionSchema.optional().describe('How opaque tokens of the issuer are looked up (RFC 7662)'),
});
