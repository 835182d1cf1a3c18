/** What each proxy does while audgate is down, does not answer, or loads another configuration: it never forwards unasked. */

import { afterAll, describe, expect, test } from 'vitest';
import { reloadWith } from '../../support/gateway-process.ts';
import { type HeaderPair, type RawResponse, request } from '../../support/raw-http.ts';
import { startRawUpstream } from '../../support/raw-upstream.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startUpstream } from '../../support/upstream.ts';
import { startBrittleRelay } from './brittle-relay.ts';
import { tokenFor } from './cases/decisions.ts';
import { type FrontProxyKind, startFrontProxy } from './proxies/front-proxy.ts';
import { FRONT_PROXIES } from './proxies/kinds.ts';
import { closeLeftovers, HOST, problemOf, resourceOf, send, startWorld, textOf } from './world.ts';

afterAll(closeLeftovers);

/** Requests in flight while the configuration changes. */
const CLIENTS = 8;
const RELOADS = 3;
const JSON_TYPE: readonly HeaderPair[] = [['Content-Type', 'application/json']];
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_users"}}';

describe.concurrent.each(FRONT_PROXIES)('$name', kind => {
  const isMissing = kind.program === undefined;

  test.skipIf(isMissing)(`audgate is down: ${kind.statusWhenDown}, and nothing is forwarded`, async () => {
    const asked = await askWith(kind, await reservePort(), 10_000);
    expect(asked.answers.map(({ status }) => status)).toEqual(asked.answers.map(() => kind.statusWhenDown));
    for (const answer of asked.answers) expectOutage(kind, answer);
    expect(asked.forwarded).toBe(0);
  });

  test.skipIf(isMissing)(`audgate does not answer: an error, and nothing is forwarded`, async () => {
    const silent = await startRawUpstream();
    const asked = await askWith(kind, silent.port, kind.patience);
    await silent.close();
    for (const answer of asked.answers) expectOutage(kind, answer);
    expect(asked.forwarded).toBe(0);
  });

  test.skipIf(isMissing)(
    'audgate loads another configuration under load: each request is answered by the old or the new one',
    async () => {
      const world = await startWorld(kind);
      try {
        const token = await tokenFor(world, 'billing', { sub: 'alice' });
        const statuses = new Map<number, number>();
        let isOver = false;
        const clients = Array.from({ length: CLIENTS }, async () => {
          while (!isOver) {
            const { status } = await get(world.proxy.port, '/billing', { token, timeout: 10_000 });
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
          }
        });
        for (let count = 0; count < RELOADS; count += 1) await reloadWith(world.audgate, world.yaml);
        isOver = true;
        await Promise.all(clients);
        expect([...statuses.keys()]).toEqual([200]);
        await reloadWith(world.audgate, world.yaml.replace('GET: [billing:read]', 'GET: [billing:admin]'));
        const { status } = await get(world.proxy.port, '/billing', { token, timeout: 10_000 });
        expect(status).toBe(403);
        console.info(`${kind.name}: ${statuses.get(200)} requests during ${RELOADS} reloads, 0 failed`);
      } finally {
        await world.close();
      }
    },
  );

  test.skipIf(isMissing)(
    'a kept-alive connection dies under a question: asked again, or refused; never twice at the API',
    async () => {
      const world = await startWorld(kind);
      const relay = await startBrittleRelay(world.authorizerPort);
      try {
        const proxy = await startFrontProxy(kind, { authorizer: relay.port, api: world.api.port });
        const token = await world.issuer.sign({
          claims: { aud: [resourceOf('billing'), resourceOf('mcp')], scope: 'billing:write' },
        });
        const seen: string[] = [];
        for (const path of ['/billing', '/billing', '/billing', ...(kind.sendsBody ? ['/mcp', '/mcp', '/mcp'] : [])]) {
          const { status, received } = await send({ ...world, proxy }, path, {
            method: 'POST',
            token,
            body: CALL,
            headers: JSON_TYPE,
          });
          seen.push(`${path} ${status}`);
          if (status === 200) expect(received.map(({ body }) => body?.text)).toEqual([CALL]);
          else expect({ isError: status >= 500, received }).toEqual({ isError: true, received: [] });
        }
        expect(relay.died).toBeGreaterThan(0);
        console.info(`${kind.name}: ${relay.died} connections died: ${seen.join(', ')}`);
        await proxy.close();
      } finally {
        await Promise.all([relay.close(), world.close()]);
      }
    },
  );
});

/** Asks for protected and public paths of an API behind the proxy. */
async function askWith(kind: FrontProxyKind, authorizer: number, timeout: number) {
  const api = await startUpstream();
  const proxy = await startFrontProxy(kind, { authorizer, api: api.port });
  const paths = ['/billing', '/open', '/files/x', '/mcp'];
  const answers = await Promise.all(paths.map(path => get(proxy.port, path, { token: 'abc.def.ghi', timeout })));
  await Promise.all([proxy.close(), api.close()]);
  return { answers, forwarded: api.received.length };
}

/** Envoy, nginx and Caddy say what audgate would say; Traefik's answer is bare. */
function expectOutage(kind: FrontProxyKind, answer: RawResponse): void {
  if (kind.statusWhenDown !== 503) {
    expect(answer.status).toBe(kind.statusWhenDown);
    return;
  }
  expect(answer.status).toBe(503);
  expect(problemOf(answer)).toMatchObject({ status: 503, reason: 'internal' });
  expect(textOf(answer, 'retry-after')).toBe('1');
}

function get(port: number, path: string, { token, timeout }: { readonly token: string; readonly timeout: number }) {
  const headers = [['Host', HOST] as const, ['Authorization', `Bearer ${token}`] as const];
  return request(port, { path, headers }, { timeout });
}
