/** Requests without a Bearer token: no Authorization field, another scheme, or two credentials (RFC 6750 sections 2.1 and 3.1). */

import type { Advice, DeniedRequest } from './denied-request.ts';

/** Schemes that may be printed. Any other word may be the token itself. */
const SCHEMES: Readonly<Record<string, string>> = {
  jwt: 'JWT',
  token: 'Token',
  oauth: 'OAuth',
  apikey: 'ApiKey',
  'api-key': 'Api-Key',
  'x-api-key': 'X-Api-Key',
  key: 'Key',
  access_token: 'access_token',
  accesstoken: 'AccessToken',
  jws: 'JWS',
  bearertoken: 'BearerToken',
};
/** Schemes of other kinds of credentials. */
const OTHER_SCHEMES: Readonly<Record<string, string>> = {
  basic: 'the scheme is Basic: a name and a password, and no token',
  digest: 'the scheme is Digest: a password, and no token',
  negotiate: 'the scheme is Negotiate: a login of Windows or Kerberos, and no token',
  ntlm: 'the scheme is NTLM: a login of Windows, and no token',
  dpop: 'the scheme is DPoP: the token is bound to a key (RFC 9449), and bearer tokens alone are taken here',
};
const WRITE_BEARER = 'let the client write Authorization: Bearer, one space, and the token (RFC 6750 section 2.1)';

/** @returns advice on `missing_token`. */
export function adviseOnMissingToken({ evaluation, route }: DeniedRequest): Advice {
  const [field] = evaluation.head.ok ? evaluation.head.authorization : [];
  if (field !== undefined) return adviseOnScheme(field, route.resource);
  const isInQuery = /[?&]access_token=/.test(evaluation.request.target);
  const cause = isInQuery
    ? 'the token is in the query, where it is never looked for (RFC 6750 section 2.3): it belongs into the Authorization field'
    : 'no token was given: the request is judged as one without Authorization';
  return { cause, remedy: { text: `get a token for ${route.resource} as shown below, and give it with --token-file` } };
}

function adviseOnScheme(field: string, resource: string): Advice {
  const [scheme = ''] = field.toLowerCase().split(/[ \t]/, 1);
  const other = Object.hasOwn(OTHER_SCHEMES, scheme) ? OTHER_SCHEMES[scheme] : undefined;
  if (other !== undefined)
    return { cause: other, remedy: { text: `get a token for ${resource} and send it as Bearer` } };
  return { cause: describeScheme(field, scheme), remedy: { text: WRITE_BEARER } };
}

function describeScheme(field: string, scheme: string): string {
  if (field === '') return 'the Authorization field is empty';
  if (/^bearer\s*[:=]/i.test(field)) return 'a colon or = stands behind Bearer, which makes it another scheme';
  if (/^bearer[^\w]/i.test(field))
    return 'something else than a space stands behind Bearer, which makes it another scheme';
  if (/^authorization/i.test(field)) return 'the name of the field stands in its value once more';
  if (/^["']/.test(field)) return 'there are quotation marks around the value of the field, which are no part of it';
  const name = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (name !== undefined && scheme !== field.toLowerCase())
    return `the scheme is ${name}, and only Bearer is taken here`;
  return /[ \t]/.test(field)
    ? 'the scheme is none that is known, and only Bearer is taken here'
    : 'the field has no scheme: a token alone is not looked at';
}

/** @returns advice on `malformed_credentials`. */
export function adviseOnCredentials({ evaluation }: DeniedRequest): Advice {
  const fields = evaluation.head.ok ? evaluation.head.authorization : [];
  const one = { text: 'send one Authorization field with one token (RFC 6750 section 2)' };
  if (fields.length > 1)
    return { cause: `there are ${fields.length} Authorization fields: which of them counts is open`, remedy: one };
  if (/^bearer *$/i.test(fields[0] ?? '')) {
    const cause = 'there is nothing behind Bearer: the variable with the token was empty';
    return { cause, remedy: { text: 'see that the client has a token before it sends the request' } };
  }
  if (!fields[0]?.includes(',')) return { cause: describeScheme(fields[0] ?? '', ''), remedy: { text: WRITE_BEARER } };
  return { cause: 'the field holds more than one credential, as proxies join two fields with a comma', remedy: one };
}
