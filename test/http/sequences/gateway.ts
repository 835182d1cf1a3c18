/** The built gateway before a chaotic upstream. */

import { startWatchedGateway, type WatchedGateway } from '../../fuzz/watched-gateway.ts';
import { ChaoticUpstream } from './chaotic-upstream.ts';

export interface GatewayWorld {
  readonly gateway: WatchedGateway;
  readonly upstream: ChaoticUpstream;
  /** Its configuration. */
  readonly yaml: string;
  close(): Promise<void>;
}

/**
 * Time-outs are short, so that what waits for nothing ends while it is looked at.
 *
 * @param more of the configuration, top level, `routes` last: `/n` is added to them.
 * @param args of Node.js.
 */
export async function startGatewayWorld(
  seed: number,
  more = 'routes:',
  args: readonly string[] = [],
): Promise<GatewayWorld> {
  const upstream = new ChaoticUpstream(seed);
  const port = await upstream.listen();
  const yaml = `
timeouts: { headers: 5s, body: 5s, keep_alive: 10s }
drain: { delay: 1ms, limit: 2s }
${more}
  /n:
    public: true
    upstream: http://127.0.0.1:${port}
    timeouts: { connect: 5s, response: 5s, idle: 5s }
`;
  const gateway = await startWatchedGateway(yaml, args);
  return {
    yaml,
    gateway,
    upstream,
    close: async () => {
      gateway.kill();
      await upstream.close();
    },
  };
}
