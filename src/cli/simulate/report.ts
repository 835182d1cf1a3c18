/** What a replay found, as JSON for machines: one object. */

import type { Config } from '../../config/config.ts';
import { toSafeJson } from '../terminal.ts';
import type { ChangeGroup } from './changes.ts';
import type { Replay } from './replay.ts';

/** @returns the JSON text, one line. */
export function describeAsJson(replayed: Replay, { source }: Config): string {
  const { lines, judged, unchanged, changed, skipped, broken, unknown, groups, isCut } = replayed;
  const counts = { lines, judged, unchanged, changed, skipped, broken, unknown: Object.fromEntries(unknown) };
  return toSafeJson({ config: source, ...counts, truncated: isCut, changes: groups.map(describeGroup) });
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
