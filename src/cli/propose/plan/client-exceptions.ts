/** One exception for each client of a route, of what no alias and no type gives it. */

import type { PresentedAudience } from '../../../authorization/audience.ts';
import { hasReference } from '../../../config/editing/flow-text.ts';
import { EXCUSABLE_REASONS, type ExcusableReason } from '../../../denial.ts';
import type { Need } from '../survey/need-groups.ts';
import type { Coverage } from './coverage.ts';
import { limitRoutes } from './route-limits.ts';

export interface ClientException {
  readonly route: string;
  readonly clientId: string;
  /** Where the route accepts tokens of several. */
  readonly issuer: string | undefined;
  /** In the order of the table of reasons. */
  readonly reasons: readonly ExcusableReason[];
  /** Where all of its tokens with `wrong_audience` present the same. */
  readonly presented: PresentedAudience | undefined;
  /** What of it is excused. */
  readonly needs: readonly Need[];
}

/** Exceptions of one route, and of all, beyond which the rest is listed instead: nobody reviews more. */
export const MOST_OF_ROUTE = 1_000;
export const MOST_OF_ALL = 5_000;

export interface ClientExceptions {
  readonly exceptions: readonly ClientException[];
  /** Needs that have none: no client, or a name that cannot stand in the file. */
  readonly uncovered: readonly Need[];
  /** Needs beyond the limits. */
  readonly beyond: readonly Need[];
}

/** @param needs those that were let in, of which some are covered already. */
export function proposeExceptions(needs: readonly Need[], coverage: Coverage): ClientExceptions {
  const lacking = needs.filter(need => coverage.listLacking(need).length > 0);
  const groups = new Map<string, Need[]>();
  for (const need of lacking.filter(isNameable)) addTo(groups, nameExcused(need, coverage), need);
  const sorted = [...groups].sort(([a, one], [b, other]) => countAll(other) - countAll(one) || compareTexts(a, b));
  const kept = new Set(
    limitGroups(
      sorted.map(([, group]) => group),
      coverage,
    ),
  );
  return {
    exceptions: [...kept].map(group => createException(group, coverage)),
    uncovered: lacking.filter(need => !isNameable(need)),
    beyond: sorted.flatMap(([, group]) => (kept.has(group) ? [] : group)),
  };
}

/** @returns what an exception is looked up by: needs with the same are excused by the same one. */
export function nameExcused({ route, clientId, issuer }: Need, coverage: Coverage): string {
  return JSON.stringify([route, clientId, coverage.hasSeveralIssuers(route) ? issuer : null]);
}

/** The loader would replace a reference in a name, and nothing can escape it. A name of blanks alone is not accepted. */
function isNameable({ clientId, issuer }: Need): boolean {
  return clientId !== undefined && clientId.trim() !== '' && !hasReference(clientId) && !hasReference(issuer);
}

function createException(needs: readonly Need[], coverage: Coverage): ClientException {
  const [{ route, clientId = '', issuer }] = needs as [Need];
  const reasons = EXCUSABLE_REASONS.filter(reason => needs.some(need => coverage.listLacking(need).includes(reason)));
  const presented = new Set(needs.flatMap(need => coverage.findPresented(need) ?? []));
  return {
    ...{ route, clientId, reasons, needs },
    issuer: coverage.hasSeveralIssuers(route) ? issuer : undefined,
    presented: reasons.includes('wrong_audience') && presented.size === 1 ? [...presented][0] : undefined,
  };
}

function limitGroups(groups: readonly Need[][], coverage: Coverage): readonly Need[][] {
  const fitting = limitRoutes(
    groups,
    ([first]) => first?.route ?? '',
    MOST_OF_ROUTE,
    route => coverage.countExceptions(route),
  );
  return fitting.slice(0, MOST_OF_ALL);
}

function addTo(groups: Map<string, Need[]>, key: string, need: Need): void {
  const group = groups.get(key);
  if (group) group.push(need);
  else groups.set(key, [need]);
}

export function countAll(needs: readonly Need[]): number {
  return needs.reduce((sum, { count }) => sum + count, 0);
}

/** By code units: no locale has a say. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
