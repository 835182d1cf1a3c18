/** What the proposal leaves as it is, for the lists below the patch and in the JSON. */

import type { UnknownCause } from '../../simulate/replay/unknown.ts';
import type { Proposal } from '../proposal.ts';
import type { Survey } from '../survey/log-survey.ts';
import type { Need } from '../survey/need-groups.ts';
import type { ClientCount } from './evidence.ts';

/** Requests that were let in and will be refused on `enforce`. */
export interface StillRefused extends ClientCount {
  readonly route: string;
  readonly reason: string;
}

/** @returns them by route, reason and client, the most frequent first. */
export function listStillRefused({ refused }: Survey, { uncovered }: Proposal): readonly StillRefused[] {
  const groups = new Map<string, StillRefused>();
  const add = (each: StillRefused) => {
    const key = JSON.stringify([each.route, each.reason, each.client]);
    const known = groups.get(key) ?? { ...each, count: 0 };
    groups.set(key, {
      ...known,
      count: known.count + each.count,
      first: Math.min(known.first, each.first),
      last: Math.max(known.last, each.last),
    });
  };
  for (const { route, clientId, becomes, count, first, last } of refused) {
    add({ route, reason: becomes.reason ?? 'denied', client: clientId, count, first, last });
  }
  for (const { need, reason } of uncovered) add(toStillRefused(need, reason));
  return [...groups]
    .sort(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1))
    .map(([, each]) => each);
}

function toStillRefused({ route, clientId, count, first, last }: Need, reason: string): StillRefused {
  return { route, reason, client: clientId ?? null, count, first, last };
}

/** @returns how many requests cannot be judged, by cause: from the log alone, and under the proposal. */
export function listUnknown(survey: Survey, proposal: Proposal): ReadonlyMap<UnknownCause, number> {
  const counts = new Map(survey.unknown);
  for (const [cause, count] of proposal.unknown) counts.set(cause, (counts.get(cause) ?? 0) + count);
  return new Map([...counts].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1)));
}

/** @returns whether something was left out because there was more than is kept. */
export function isCut({ uncounted, isRefusedCut, sightings }: Survey, { plan }: Proposal): boolean {
  return uncounted.size > 0 || isRefusedCut || sightings.isCut || plan.beyond.length > 0;
}
