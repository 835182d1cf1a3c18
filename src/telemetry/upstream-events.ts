/** What is seen of upstreams beside requests, in the log. */

import type { UpstreamEvents } from '../upstream/endpoints/connection-pool.ts';
import type { Log } from './log/log.ts';

/** @returns what logs the events of upstreams. */
export function createUpstreamEvents(log: Log): UpstreamEvents {
  return {
    onUnsolicited: (upstream, connections) =>
      log.event('warn', 'an upstream sent bytes that no request asked for', { upstream, connections }),
    onLeftOut: (upstream, cause) =>
      log.event('warn', 'an upstream cannot be connected to and is left out', { upstream, cause }),
    onBack: upstream => log.event('info', 'an upstream can be connected to again', { upstream }),
  };
}
