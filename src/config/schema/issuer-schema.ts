/** The keys of an entry of `issuers`. */

import { z } from 'zod';
import { JWKS_URI, parseJwksUri, URI_FORM } from '../values/address/uri.ts';
import { ALGORITHM, ALL_ALGORITHMS, parseAlgorithm } from '../values/algorithm.ts';
import { accept, reject } from '../values/parsed-value.ts';
import { filledList, text } from './building-blocks.ts';
import { duration, longDuration, nonEmpty } from './scalars.ts';

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
    .describe(
      'File with a bearer token that is sent when keys are fetched, such as that of a Kubernetes service account',
    ),
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
    .describe(
      'Accepted JWS algorithms; default: every asymmetric one that Node.js supports. HS* and none are not allowed',
    ),
  token_types: filledList(tokenType)
    .prefault(['at+jwt'])
    .describe('Accepted typ values; add JWT for an issuer that sets no typ (RFC 9068 section 2.1)'),
  scope_claim: nonEmpty
    .optional()
    .describe('Claim that holds the scopes; default: scope, or scp where there is no scope'),
  keys: keys.prefault({}).describe('When and how the keys of the issuer are fetched'),
});

export type IssuerSettings = z.output<typeof issuerSchema>;
