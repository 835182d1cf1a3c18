/**
 * The claims of a logged token, as far as they decide. The log holds few of them, so for a route that requires others there
 * are two possible tokens: one that satisfies it, and one that does not.
 */

import { readRequiredClaim } from '../../../authorization/required-claims.ts';
import type { ProtectedRoute } from '../../../config/config.ts';
import type { Claims } from '../../../config/values/claim-path.ts';
import { isDecidedWithin, isReason } from '../../../denial.ts';
import type { LogEntry, LoggedClaims } from '../log/log-entry.ts';

/** Of the route that the request came to when the log was written. */
export interface ClaimRules {
  /** It required the same claims. */
  readonly isKept: boolean;
  /** One of its exceptions excuses a claim. */
  readonly mayBeExcused: boolean;
}

/**
 * @returns the possible claims of the token: one set where the log decides, else one that the route accepts and one that it
 *   does not.
 */
export function listPossibleClaims(
  entry: LogEntry,
  logged: LoggedClaims,
  { requiredClaims, scopePaths }: ProtectedRoute,
  scopes: ReadonlySet<string>,
  { isKept, mayBeExcused }: ClaimRules,
): readonly Claims[] {
  // Under the whole name of a path, which is looked up before its steps. A claim that is absent from the log may have been no
  // string, so it is open as well.
  const names = new Set(requiredClaims.map(({ path }) => path.text));
  const scopePath = scopePaths?.find(({ text }) => !names.has(text)) ?? scopePaths?.[0];
  const known: Claims = { ...logged.whole, ...(scopePath && { [scopePath.text]: [...scopes] }) };
  const open = requiredClaims.filter(each => readRequiredClaim(known, each) === undefined);
  if (open.length === 0) return [known];
  const was = isKept ? wereClaimsAccepted(entry, mayBeExcused) : undefined;
  const accepted = { ...known, ...Object.fromEntries(open.map(({ path, values }) => [path.text, [...values][0]])) };
  if (was === undefined) return [accepted, known];
  return [was ? accepted : known];
}

/** Required claims are compared after the audience and before the scope; on `enforce` nothing is granted without them. */
function wereClaimsAccepted(
  { outcome, reason, enforcement, isExcused }: LogEntry,
  mayBeExcused: boolean,
): boolean | undefined {
  if (reason === 'wrong_claim') return false;
  // More than the first reason may have been excused.
  if (isExcused) return undefined;
  if (outcome === 'forwarded') return true;
  // The log of a refusal does not say what was excused before it.
  if (mayBeExcused) return undefined;
  if (isReason(reason) && isDecidedWithin(reason, 'scope', 'scope')) return true;
  // Only a token that every check accepts is exchanged.
  if (isReason(reason) && isDecidedWithin(reason, 'exchange', 'exchange')) return true;
  const isGranted = outcome === 'failed' || (isReason(reason) && isDecidedWithin(reason, 'limits', 'limits'));
  return isGranted && enforcement === 'enforce' ? true : undefined;
}
