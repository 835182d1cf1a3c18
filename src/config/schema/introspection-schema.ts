/** The keys of `introspection` of an issuer (RFC 7662). Which of them go together is checked in introspection.ts. */

import { z } from 'zod';
import { JWKS_URI, parseJwksUri, URI_FORM } from '../values/address/uri.ts';
import { DURATION_FORM, parseDuration } from '../values/duration.ts';
import { accept, type ParsedValue, reject } from '../values/parsed-value.ts';
import { text } from './building-blocks.ts';
import { clientText } from './client-schema.ts';
import { flag, nonEmpty } from './scalars.ts';

/** As the YAML names them; RFC 7591 section 2 has longer names for the first two, and RFC 8705 section 2 for the last. */
export const CLIENT_AUTHENTICATION = ['basic', 'post', 'private_key_jwt', 'tls'] as const;

const CACHE = 'a duration such as 30s, at most 1h, or 0s';
const LONGEST_CACHE = 3_600_000;

function parseCache(written: string): ParsedValue<number> {
  if (/^0(?:ms|s|m|h)$/.test(written)) return accept(0);
  const parsed = parseDuration(written);
  return parsed.ok && parsed.value > LONGEST_CACHE ? reject('is too long') : parsed;
}

export const introspectionSchema = z.strictObject({
  endpoint: text(JWKS_URI, parseJwksUri, URI_FORM).describe('URL of the introspection endpoint'),
  auth: z
    .enum(CLIENT_AUTHENTICATION)
    .prefault('basic')
    .describe('How the gateway authenticates there: by client_secret, or by key_file, or by cert_file and key_file'),
  client_id: clientText.describe('The client that the gateway is there'),
  client_secret: clientText.optional().describe('With basic and post; write ${file:…} or ${NAME}'),
  key_file: nonEmpty
    .optional()
    .describe('With private_key_jwt, the key that signs the assertion (PEM or JWK); with tls, that of the certificate'),
  cert_file: nonEmpty.optional().describe('With tls: the certificate of the client (PEM)'),
  cache: text(CACHE, parseCache, DURATION_FORM)
    .prefault('30s')
    .describe('How long an answer counts, active or not; never beyond the exp of the token'),
  jwt: flag.default(false).describe('Whether JWTs of this issuer are asked about, too, once they are verified'),
});

export type IntrospectionSettings = z.output<typeof introspectionSchema>;
