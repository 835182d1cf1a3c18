/** The entry of `revoked` that fits a token: searched for, where the gateway looks it up. */

import { fitsEntry, type RevokedEntry, type RevokedTokens } from '../../../config/revoked/revoked-tokens.ts';
import type { Claims } from '../../../config/values/claim-path.ts';
import { readNames } from '../../../token/revocation.ts';
import { formatInstant } from './instant.ts';

/** @returns the first entry that fits; `undefined` where none does. */
export function findRevokedEntry(revoked: RevokedTokens, claims: Claims): RevokedEntry | undefined {
  const names = readNames(claims);
  if (!revoked.fits(names)) return undefined;
  for (const entry of revoked.list()) if (fitsEntry(entry, names)) return entry;
  return undefined;
}

/** @returns the entry as the YAML has it, on one line. */
export function describeEntry({ jti, sub, iss, clientId, issuedBefore }: RevokedEntry): string {
  const before = issuedBefore === undefined ? undefined : formatInstant(issuedBefore);
  const named = Object.entries({ jti, sub, iss, client_id: clientId, issued_before: before });
  return named.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])).join(', ');
}
