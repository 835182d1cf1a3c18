/**
 * Sequences, not only messages: clients with nonces of their own, pipelining, cut anywhere, aborted, reset from either side, early
 * responses, upgrades, unsolicited bytes. No byte of one exchange is ever in another. `AUDGATE_HTTP_SECONDS` says how long;
 * `npm run load -- sequences` runs for an hour.
 */

import { expect, test } from 'vitest';
import { startRelay } from './relay.ts';
import { ChaoticUpstream } from './sequences/chaotic-upstream.ts';
import { formatSequences, runSequences } from './sequences/run.ts';

const { AUDGATE_HTTP_SECONDS = '8', AUDGATE_SEED = '2026' } = process.env;
const seconds = Number(AUDGATE_HTTP_SECONDS);
const seed = Number(AUDGATE_SEED);

test(
  `random sequences for ${seconds} s: no byte of one exchange is in another`,
  async () => {
    const upstream = new ChaoticUpstream(seed);
    const relay = await startRelay(await upstream.listen());
    try {
      const result = await runSequences(relay.port, upstream, { seed, seconds });
      process.stdout.write(`relay: ${formatSequences(result, upstream)}\n`);
      expect([result.crossed, result.stalled, relay.faults]).toEqual([[], 0, []]);
      // However busy the machine is.
      expect(result.exchanges).toBeGreaterThan(100);
      expect(relay.failures.filter(({ cause }) => cause === 'other')).toEqual([]);
    } finally {
      await relay.close();
      await upstream.close();
    }
  },
  seconds * 1_000 + 30_000,
);
