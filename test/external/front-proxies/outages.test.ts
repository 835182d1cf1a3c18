/** What each proxy does while audgate is down, or does not answer: it never forwards unasked. */

import { afterAll, describe, expect, test } from 'vitest';
import { type RawResponse, request } from '../../support/raw-http.ts';
import { startRawUpstream } from '../../support/raw-upstream.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startUpstream } from '../../support/upstream.ts';
import { type FrontProxyKind, startFrontProxy } from './proxies/front-proxy.ts';
import { FRONT_PROXIES } from './proxies/kinds.ts';
import { closeLeftovers, HOST, problemOf, textOf } from './world.ts';

afterAll(closeLeftovers);

describe.concurrent('each proxy', () => {
  for (const kind of FRONT_PROXIES) {
    const run = test.skipIf(kind.program === undefined);
    run(
      `${kind.name}, audgate is down: ${kind.statusWhenDown}, and nothing is forwarded`,
      async () => {
        const { answers, forwarded } = await askWith(kind, await reservePort());
        for (const answer of answers) expectOutage(kind, answer);
        expect(forwarded).toBe(0);
      },
      180_000,
    );

    run(
      `${kind.name}, audgate does not answer: an error in time, and nothing is forwarded`,
      async () => {
        const silent = await startRawUpstream();
        const { answers, forwarded, elapsed } = await askWith(kind, silent.port);
        await silent.close();
        for (const answer of answers) expectOutage(kind, answer);
        expect(elapsed).toBeGreaterThan(kind.patience - 100);
        expect(forwarded).toBe(0);
      },
      180_000,
    );
  }
});

/** Asks for protected and public paths of an API behind the proxy. */
async function askWith(kind: FrontProxyKind, authorizer: number) {
  const api = await startUpstream();
  const proxy = await startFrontProxy(kind, { authorizer, api: api.port });
  const headers = [['Host', HOST] as const, ['Authorization', 'Bearer abc.def.ghi'] as const];
  const start = performance.now();
  const paths = ['/billing', '/open', '/files/x', '/mcp'];
  // A busy machine is late; a proxy without a time-out of its own would not answer at all.
  const answers = await Promise.all(
    paths.map(path => request(proxy.port, { path, headers }, { timeout: kind.patience + 30_000 })),
  );
  const elapsed = performance.now() - start;
  await Promise.all([proxy.close(), api.close()]);
  return { answers, elapsed, forwarded: api.received.length };
}

/** Envoy, nginx and Caddy say what audgate would say; Traefik's answer is bare. */
function expectOutage(kind: FrontProxyKind, answer: RawResponse): void {
  expect(answer.status).toBe(kind.statusWhenDown);
  if (kind.statusWhenDown !== 503) return;
  expect(problemOf(answer)).toMatchObject({ status: 503, reason: 'internal' });
  expect(textOf(answer, 'retry-after')).toBe('1');
}
