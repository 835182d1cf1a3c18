/** What a service learns of the token of a request. */

import { freezeDeep } from '../config/freeze.ts';
import type { AccessToken } from '../token/access-token.ts';
import { readClient } from '../token/client.ts';

const copies = new WeakMap<AccessToken, ReturnType<typeof copy>>();

/** @returns a frozen copy, one for each verified token: the token itself is judged again for later requests, and nobody may change it. */
export function toVerifiedToken(token: AccessToken): ReturnType<typeof copy> {
  const known = copies.get(token);
  if (known) return known;
  const made = freezeDeep(copy(token));
  copies.set(token, made);
  return made;
}

function copy({ issuer, audience, scopes, expiresAt, claims }: AccessToken) {
  const { sub } = claims;
  return {
    issuer,
    subject: typeof sub === 'string' ? sub : undefined,
    clientId: readClient(claims),
    audience: [...audience],
    scopes: [...scopes],
    expiresAt,
    claims: structuredClone(claims),
  };
}
