/** Whether the Origin of a logged request is one that pages may have on its route now. The log does not hold it. */

import type { Route } from '../../../config/config.ts';
import type { LogEntry } from '../log/log-entry.ts';
import type { RecordedConfig } from './recorded-config.ts';

/**
 * A request that was not refused for its Origin is taken to have none, as most of those to MCP servers, unless pages were allowed then that
 * are not now.
 *
 * @param route of the request under the new configuration.
 */
export function judgeLoggedOrigin(
  { route: key, outcome, reason }: LogEntry,
  { mcp }: Route,
  recorded: RecordedConfig | undefined,
): 'refused' | 'allowed' | 'unknown' {
  if (!mcp) return 'allowed';
  const before = recorded?.originsOf(key);
  if (outcome === 'denied' && reason === 'origin_not_allowed') {
    return before && includes(before, mcp.origins) ? 'refused' : 'unknown';
  }
  return before && !includes(mcp.origins, before) ? 'unknown' : 'allowed';
}

function includes(whole: ReadonlySet<string>, part: ReadonlySet<string>): boolean {
  return whole.has('*') || [...part].every(origin => whole.has(origin));
}
