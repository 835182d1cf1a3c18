/** What is counted of each finished request. */

import { type AudienceIndex, hasOnlyKnownAudiences } from '../../authorization/audience.ts';
import { isDecidedWithin } from '../../denial.ts';
import { actionOf, type FinishedRequest, NO_ROUTE } from '../finished-request.ts';
import { labelMessage } from '../mcp-record.ts';
import type { Counts } from './counts.ts';
import { methodLabel } from './method-label.ts';
import { statusClass, statusLabel } from './status-label.ts';
import type { Tally } from './tally.ts';

/** Clients choose method and route. Past this, requests of a new series are counted as `OTHER` with the class of the status. */
const MOST_REQUEST_SERIES = 100_000;

export class RequestCounter {
  readonly #counts: Counts;
  #requestSeries = 0;

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /** To be called after series were dropped from the counts. */
  recountSeries(): void {
    this.#requestSeries = this.#counts.size('route', 'requests');
  }

  /** @param index the audiences of the configuration in use. */
  record(request: FinishedRequest, index: AudienceIndex): void {
    const tally = this.#counts.touch('route', request.route?.id ?? NO_ROUTE);
    this.#countRequest(tally, request);
    tally.observe('duration', request.durationMs, request.traceId);
    if (request.upstreamMs !== undefined) {
      tally.observe('upstreamDuration', request.upstreamMs, request.traceId);
    }
    if (request.failure) tally.count('upstreamFailures', [request.failure.reason, request.failure.cause]);
    if (request.denial) countDenial(tally, request, request.denial);
    countExceptions(tally, request);
    countMultipleAudiences(tally, request, index);
    countMcpCalls(tally, request);
  }

  #countRequest(tally: Tally, { method, status }: FinishedRequest): void {
    const labels = [methodLabel(method), statusLabel(status)];
    if (tally.countKnown('requests', labels)) return;
    const isFull = this.#requestSeries >= MOST_REQUEST_SERIES;
    if (!isFull) this.#requestSeries += 1;
    tally.count('requests', isFull ? ['OTHER', statusClass(status)] : labels);
  }
}

/** One for each message of a batch: all of them have the outcome of the request. */
function countMcpCalls(tally: Tally, { route, mcp, outcome }: FinishedRequest): void {
  if (!route || !mcp) return;
  for (const message of mcp.messages) tally.count('mcpCalls', [...labelMessage(route, message), outcome]);
}

function countDenial(
  tally: Tally,
  request: FinishedRequest,
  { reason, presented }: NonNullable<FinishedRequest['denial']>,
): void {
  const action = actionOf(request);
  tally.count('denials', [reason, action]);
  if (presented === undefined || !request.verified || !request.route || request.route.public) return;
  tally.count('confusedDeputies', [request.route.resource, presented, request.verified.issuer, action]);
}

/**
 * Each reason that was excused, whatever became of the request at the upstream. It is a denial too, beside the first that is told:
 * what exceptions excuse can be taken off the denials of its reason.
 */
function countExceptions(tally: Tally, { excused, denial }: FinishedRequest): void {
  for (const each of excused) {
    if (each.reason !== denial?.reason) tally.count('denials', [each.reason, 'forwarded']);
    tally.count('exceptionsUsed', [each.exception.clientId, each.reason]);
    // A response may go on when the exception has lapsed, but by then it lets nobody in.
    tally.exceptions.record(each, Math.min(Date.now(), each.exception.lapsesAt - 1));
  }
}

/** Counts an accepted token for several audiences: `foreign` would be refused with `known`, both with `only`. */
function countMultipleAudiences(
  tally: Tally,
  { route, outcome, denial, verified }: FinishedRequest,
  index: AudienceIndex,
): void {
  if (!verified || verified.audience.length < 2 || !route || route.public || outcome === 'denied') return;
  if (denial && isDecidedWithin(denial.reason, 'request', 'audience')) return;
  tally.count('multipleAudiences', [hasOnlyKnownAudiences(index, verified.audience) ? 'known' : 'foreign']);
}
