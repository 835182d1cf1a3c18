/** What happens to requests while audgate loads another configuration, and when a connection to it dies. */

import { expect } from 'vitest';
import { reloadWith } from '../../../support/gateway-process.ts';
import type { HeaderPair } from '../../../support/raw-http.ts';
import { startBrittleRelay } from '../brittle-relay.ts';
import { startFrontProxy } from '../proxies/front-proxy.ts';
import { resourceOf, send, type World } from '../world.ts';
import type { Case } from './case.ts';
import { tokenFor } from './decisions.ts';

const CLIENTS = 4;
const RELOADS = 2;
const JSON_TYPE: readonly HeaderPair[] = [['Content-Type', 'application/json']];
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_users"}}';

/** @returns how often each status came until `work` was done. */
async function countStatuses(world: World, token: string, work: () => Promise<void>): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let isOver = false;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!isOver) {
      const { status } = await send(world, '/billing', { token, timeout: 30_000 });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  await work().finally(() => {
    isOver = true;
  });
  await Promise.all(clients);
  return statuses;
}

export const OPERATIONS: readonly Case[] = [
  {
    name: 'reload under load',
    expected: 'no request fails, and what was changed counts',
    run: async world => {
      const token = await tokenFor(world, 'billing', { sub: 'alice' });
      const statuses = await countStatuses(world, token, async () => {
        for (let count = 0; count < RELOADS; count += 1) await reloadWith(world.audgate, world.yaml);
      });
      expect([...statuses.keys()]).toEqual([200]);
      await reloadWith(world.audgate, world.yaml.replace('GET: [billing:read]', 'GET: [billing:admin]'));
      expect(await send(world, '/billing', { token })).toMatchObject({ status: 403, received: [] });
      await reloadWith(world.audgate, world.yaml);
      return `0 of ${statuses.get(200)} failed`;
    },
  },
  {
    name: 'connection to audgate dies',
    expected: 'asked again or refused, and never twice at the API',
    run: async world => {
      const { kind, api, issuer } = world;
      const relay = await startBrittleRelay(world.authorizerPort);
      const proxy = await startFrontProxy(kind, { authorizer: relay.port, api: api.port });
      const token = await issuer.sign({
        claims: { aud: [resourceOf('billing'), resourceOf('mcp')], scope: 'billing:write' },
      });
      const paths = ['/billing', '/billing', '/billing', ...(kind.sendsBody ? ['/mcp', '/mcp', '/mcp'] : [])];
      const statuses = new Set<number>();
      for (const path of paths) {
        const posted = { method: 'POST', token, body: CALL, headers: JSON_TYPE };
        const { status, received } = await send({ ...world, proxy }, path, posted);
        statuses.add(status);
        if (status === 200) expect(received.map(({ body }) => body?.text)).toEqual([CALL]);
        else expect({ isError: status >= 500, received }).toEqual({ isError: true, received: [] });
      }
      expect(relay.died).toBeGreaterThan(0);
      await Promise.all([proxy.close(), relay.close()]);
      return statuses.size === 1 && statuses.has(200) ? 'asked again' : [...statuses].sort().join(', ');
    },
  },
];
