/** Authorization → bearer token (RFC 6750 section 2.1). Tokens in the query or the body are never looked at. */

import { type Denial, deny } from '../denial.ts';

export interface BearerToken {
  readonly ok: true;
  /** Unverified; a secret. */
  readonly token: string;
}

const BEARER = /^bearer(?: +(.*))?$/is;

/**
 * @param authorization the value of every Authorization field of the request.
 * @returns the token; `missing_token` for no field or another scheme; `malformed_credentials` for two fields
 *   (RFC 6750 section 3.1) or `Bearer` without a token.
 */
export function readBearerToken(
  authorization: readonly string[],
): BearerToken | Denial<'missing_token' | 'malformed_credentials'> {
  if (authorization.length > 1) return deny('malformed_credentials');
  const credentials = BEARER.exec(authorization[0] ?? '');
  if (!credentials) return deny('missing_token');
  const token = credentials[1];
  return token ? { ok: true, token } : deny('malformed_credentials');
}
