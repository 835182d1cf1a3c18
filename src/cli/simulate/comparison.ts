/**
 * The decision that a line tells of against the one that another configuration makes. A decision is what became of the
 * request, and why. Another key for the same route is none; another route of another resource is.
 */

import { FAILURES, REFUSALS } from '../../denial.ts';
import { type LogLine, NO_ROUTE } from './log-line.ts';
import type { Ruled, Ruling } from './ruling.ts';
import type { Unknown } from './unknown.ts';

/**
 * `would_break`: granted so far, refused then. `would_open`: the other way round. `otherwise`: refused for another
 * reason, reported for another, or granted for another resource.
 */
export type ChangeKind = 'would_break' | 'would_open' | 'newly_reported' | 'no_longer_reported' | 'otherwise';

export interface Past {
  /** A request that failed at the upstream, or whose client left, had been forwarded. */
  readonly outcome: 'forwarded' | 'reported' | 'denied';
  readonly reason: string | undefined;
}

export interface Change {
  readonly kind: ChangeKind;
  readonly was: Past;
  readonly becomes: Ruling;
}

/** Refused although it had been granted: for its size, its pace or its moment, of which the log tells nothing. */
const AFTER_GRANT: readonly unknown[] = ['body_too_large', 'overloaded', 'request_timeout', 'malformed_request'];
const UNCHANGED = 'unchanged';

/** @returns what changes, `unchanged`, or why that cannot be known: rulings that the line leaves open differ. */
export function compare(line: LogLine, ruled: Ruled): Change | typeof UNCHANGED | Unknown {
  if (!isFamiliar(line)) return { unknown: 'unfamiliar' };
  if (ruled === 'as_before') return UNCHANGED;
  if ('unknown' in ruled) return ruled;
  const [first, ...others] = ruled.map(ruling => compareRuling(line, ruling));
  if (first === undefined || others.some(other => !isSame(first, other))) return { unknown: 'token_type_not_logged' };
  return first;
}

function compareRuling(line: LogLine, becomes: Ruling): Change | typeof UNCHANGED {
  const was = readPast(line);
  const kind = findKind(line, was, becomes);
  return kind === undefined ? UNCHANGED : { kind, was, becomes };
}

function readPast({ outcome, reason }: LogLine): Past {
  return outcome === 'failed' ? { outcome: 'forwarded', reason: undefined } : { outcome, reason };
}

function findKind(line: LogLine, was: Past, becomes: Ruling): ChangeKind | undefined {
  if (was.outcome === 'denied') return findKindOfDenied(line, becomes);
  if (becomes.outcome === 'denied') return 'would_break';
  if (isMoved(line, becomes)) return 'otherwise';
  // Whether what failed had been reported before is not in the log.
  if (line.outcome === 'failed') return undefined;
  if (was.outcome !== becomes.outcome) return was.outcome === 'forwarded' ? 'newly_reported' : 'no_longer_reported';
  return was.reason === becomes.reason ? undefined : 'otherwise';
}

function findKindOfDenied({ route, reason }: LogLine, becomes: Ruling): ChangeKind | undefined {
  const wasGranted = route !== NO_ROUTE && AFTER_GRANT.includes(reason);
  if (becomes.outcome !== 'denied') return wasGranted ? undefined : 'would_open';
  return reason === becomes.reason ? undefined : 'otherwise';
}

function isMoved({ route, resource }: LogLine, becomes: Ruling): boolean {
  const to = becomes.route;
  return to !== undefined && !to.public && resource !== undefined && to.key !== route && to.resource !== resource;
}

function isSame(one: Change | typeof UNCHANGED, other: Change | typeof UNCHANGED): boolean {
  if (one === UNCHANGED || other === UNCHANGED) return one === other;
  const [a, b] = [one.becomes, other.becomes];
  return one.kind === other.kind && a.outcome === b.outcome && a.reason === b.reason;
}

function isFamiliar({ outcome, reason }: LogLine): boolean {
  if (outcome === 'forwarded') return reason === undefined;
  return reason !== undefined && Object.hasOwn(outcome === 'failed' ? FAILURES : REFUSALS, reason);
}
