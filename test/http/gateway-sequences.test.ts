/** The sequences of `sequences.test.ts` through the built gateway: what it decides and forwards is kept apart as well. */

import { expect, test } from 'vitest';
import { startGatewayWorld } from './sequences/gateway.ts';
import { formatSequences, runSequences } from './sequences/run.ts';

const { AUDGATE_HTTP_SECONDS = '8', AUDGATE_SEED = '2026' } = process.env;
const seconds = Number(AUDGATE_HTTP_SECONDS);
const seed = Number(AUDGATE_SEED);

test(
  `random sequences through the gateway for ${seconds} s: no byte of one exchange is in another`,
  async () => {
    const { gateway, upstream, close } = await startGatewayWorld(seed);
    try {
      const result = await runSequences(gateway.port, upstream, { seed, seconds });
      process.stdout.write(`gateway: ${formatSequences(result, upstream)}\n`);
      gateway.log.read();
      expect([result.crossed, result.stalled, gateway.failure(), gateway.log.faults]).toEqual([[], 0, undefined, []]);
      // However busy the machine is.
      expect(result.exchanges).toBeGreaterThan(100);
    } finally {
      await close();
    }
  },
  seconds * 1_000 + 60_000,
);
