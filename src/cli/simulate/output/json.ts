/** The result of a replay as one JSON object, for programs. */

import type { Config } from '../../../config/config.ts';
import { toSafeJson } from '../../terminal.ts';
import type { ChangeGroup } from '../replay/change-groups.ts';
import type { LapsedException } from '../replay/lapsed-exceptions.ts';
import type { Configurations, ReplayResult } from '../replay/log-replay.ts';

/** What is assumed to be unchanged without `--from`. Keys always are: they are fetched, and stand in neither file. */
const ASSUMED_WITHOUT_FROM = ['keys', 'algorithms', 'token_types', 'scope_claim', 'audience_claim'];
const ASSUMED_WITH_FROM = ['keys'];

/** Without the list of the files that it names. */
function describeSource({ source: { file, hash } }: Config) {
  return { file, hash };
}

/** @returns the JSON text, on one line. */
export function renderJson(result: ReplayResult, { now, from }: Configurations): string {
  const { lines, decided, unchanged, changed, skipped, broken, unknown } = result;
  return toSafeJson({
    config: describeSource(now),
    from: from ? describeSource(from) : null,
    assumed_unchanged: from ? ASSUMED_WITH_FROM : ASSUMED_WITHOUT_FROM,
    lines,
    judged: decided,
    unchanged,
    changed,
    skipped,
    broken,
    unknown: Object.fromEntries(unknown),
    truncated: result.isCut,
    upstream_token_defaults: result.upstreamTokenChanges,
    lapsed_exceptions: result.lapsedExceptions.map(describeLapsed),
    changes: result.groups.map(describeGroup),
  });
}

function describeLapsed({ route, exception: { clientId, owner, until }, count }: LapsedException) {
  return { route, client_id: clientId, owner, until, count };
}

function describeGroup({ kind, route, was, becomes, clientId, count, first, last, example }: ChangeGroup) {
  const isMoved = becomes.route !== undefined && becomes.route.id !== route;
  return {
    kind,
    route,
    was: { outcome: was.outcome, reason: was.reason ?? null },
    becomes: {
      outcome: becomes.outcome,
      reason: becomes.reason ?? null,
      ...(becomes.excused.length > 0 && { exception: becomes.excused[0]?.exception.clientId }),
      ...(isMoved && { route: becomes.route.id }),
    },
    presented: becomes.presented ?? null,
    client_id: clientId,
    count,
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
    example,
  };
}
