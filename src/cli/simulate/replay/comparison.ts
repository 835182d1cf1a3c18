/**
 * Compares the decision in an entry with the one that another configuration makes. A decision is the outcome of the
 * request and its reason. Another key for the same route is no change; another route of another resource is.
 */

import { FAILURES, isReason } from '../../../denial.ts';
import { type LogEntry, wasGranted } from '../log/log-entry.ts';
import type { ReplayedDecision, ReplayedDecisions } from './decision-replay.ts';
import type { Unknown, UnknownCause } from './unknown.ts';

/**
 * `would_break`: granted in the log, refused by the new configuration. `would_open`: the reverse. `otherwise`: refused for
 * another reason, reported for another, or granted for another resource.
 */
export type ChangeKind = 'would_break' | 'would_open' | 'newly_reported' | 'no_longer_reported' | 'otherwise';

export interface LoggedDecision {
  /** A request that failed at the upstream, or whose client left, had been forwarded. */
  readonly outcome: 'forwarded' | 'reported' | 'denied';
  readonly reason: string | undefined;
}

export interface Change {
  readonly kind: ChangeKind;
  readonly was: LoggedDecision;
  readonly becomes: ReplayedDecision;
}

const UNCHANGED = 'unchanged';

/** @returns what changes, `unchanged`, or why that is unknown: the possible decisions differ. */
export function compare(entry: LogEntry, decisions: ReplayedDecisions): Change | typeof UNCHANGED | Unknown {
  if (!isFamiliar(entry)) return { unknown: 'unfamiliar' };
  if (decisions === 'as_before') return UNCHANGED;
  if ('unknown' in decisions) return decisions;
  const [first, ...others] = decisions.map(decision => compareDecision(entry, decision));
  if (first === undefined || others.some(other => !isSame(first, other))) return { unknown: nameUndecided(decisions) };
  return first;
}

/** By the reason that only some of the possible decisions have. */
function nameUndecided(decisions: readonly ReplayedDecision[]): UnknownCause {
  const reasons = new Set(decisions.map(({ reason }) => reason));
  if (reasons.has('revoked_token')) return 'revocation_not_logged';
  if (reasons.has('wrong_token_type')) return 'token_type_not_logged';
  if (reasons.has('token_expired')) return 'field_omitted';
  return reasons.has('wrong_claim') ? 'claim_not_logged' : 'scope_claim_differs';
}

function compareDecision(entry: LogEntry, becomes: ReplayedDecision): Change | typeof UNCHANGED {
  const was = readDecision(entry);
  const kind = findKind(entry, was, becomes);
  return kind === undefined ? UNCHANGED : { kind, was, becomes };
}

function readDecision({ outcome, reason }: LogEntry): LoggedDecision {
  return outcome === 'failed' ? { outcome: 'forwarded', reason: undefined } : { outcome, reason };
}

function findKind(entry: LogEntry, was: LoggedDecision, becomes: ReplayedDecision): ChangeKind | undefined {
  if (was.outcome === 'denied') return findKindOfDenied(entry, becomes);
  if (becomes.outcome === 'denied') return 'would_break';
  if (isMoved(entry, becomes)) return 'otherwise';
  // The log does not say whether a failed request had also been reported.
  if (entry.outcome === 'failed') return undefined;
  if (was.outcome !== becomes.outcome) return was.outcome === 'forwarded' ? 'newly_reported' : 'no_longer_reported';
  return was.reason === becomes.reason ? undefined : 'otherwise';
}

function findKindOfDenied(entry: LogEntry, becomes: ReplayedDecision): ChangeKind | undefined {
  if (becomes.outcome !== 'denied') return wasGranted(entry) ? undefined : 'would_open';
  return entry.reason === becomes.reason ? undefined : 'otherwise';
}

function isMoved({ route, resource }: LogEntry, becomes: ReplayedDecision): boolean {
  const to = becomes.route;
  return to !== undefined && !to.public && resource !== undefined && to.id !== route && to.resource !== resource;
}

function isSame(one: Change | typeof UNCHANGED, other: Change | typeof UNCHANGED): boolean {
  if (one === UNCHANGED || other === UNCHANGED) return one === other;
  const [a, b] = [one.becomes, other.becomes];
  return one.kind === other.kind && a.outcome === b.outcome && a.reason === b.reason;
}

/** Whether this version could have written the outcome with the reason. */
function isFamiliar({ outcome, reason }: LogEntry): boolean {
  if (outcome === 'forwarded') return reason === undefined;
  return outcome === 'failed' ? reason !== undefined && Object.hasOwn(FAILURES, reason) : isReason(reason);
}
