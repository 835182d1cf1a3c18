/** What a replay found, as JSON for machines: one object. */

import { toSafeJson } from '../terminal.ts';
import type { ChangeGroup } from './changes.ts';
import type { Configurations, Replay } from './replay.ts';

/** Keys are fetched, and in neither file. */
const ASSUMED = ['keys', 'algorithms', 'token_types', 'scope_claim'];
const ASSUMED_ANYWAY = ['keys'];

/** @returns the JSON text, one line. */
export function describeAsJson(replayed: Replay, { now, from }: Configurations): string {
  const { lines, judged, unchanged, changed, skipped, broken, unknown, groups, isCut, tokenDefaults } = replayed;
  const counts = { lines, judged, unchanged, changed, skipped, broken, unknown: Object.fromEntries(unknown) };
  const files = { config: now.source, from: from?.source ?? null };
  const assumed = { assumed_unchanged: from ? ASSUMED_ANYWAY : ASSUMED };
  return toSafeJson({
    ...files,
    ...assumed,
    ...counts,
    truncated: isCut,
    upstream_token_defaults: tokenDefaults,
    changes: groups.map(describeGroup),
  });
}

function describeGroup({ kind, route, was, becomes, clientId, count, first, last, example }: ChangeGroup) {
  const isElsewhere = becomes.route !== undefined && becomes.route.key !== route;
  return {
    kind,
    route,
    was: { outcome: was.outcome, reason: was.reason ?? null },
    becomes: {
      outcome: becomes.outcome,
      reason: becomes.reason ?? null,
      ...(isElsewhere && { route: becomes.route.key }),
    },
    presented: becomes.presented ?? null,
    client_id: clientId,
    count,
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
    example,
  };
}
