/** Tokens that the configuration revokes. */

import { quoteValue } from '../../terminal.ts';
import { describeEntry, findRevokedEntry } from '../checks/revoked-entry.ts';
import type { Advice, DeniedRequest } from './denied-request.ts';

/** @returns advice on `revoked_token`: which entry fits, and how the client gets on. */
export function adviseOnRevoked({ evaluation, jws }: DeniedRequest): Advice {
  const entry = jws && findRevokedEntry(evaluation.config.revoked, jws.claims);
  const which = entry ? ` an entry of revoked fits: ${quoteValue(describeEntry(entry))}` : ' an entry of revoked fits';
  return {
    cause: `the token was taken back:${which}`,
    remedy: { text: 'get a new token; where the entry has done its work, remove it', path: ['revoked'] },
  };
}
