/** A rotation of keys at the issuer, in one process and in two workers: valid tokens refused, and fetches. */

import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { closeGatewayProcesses, type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { statusWithToken } from '../../support/outcome.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';

// For what never ends; on a busy machine a process takes seconds to start.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const RESOURCE = 'https://api.example.com/';
const COOLDOWN = 3_000;

let issuer: TokenIssuer;
let upstream: Upstream;
/** In front of the key set, to disturb it. */
let front: Server;
let jwksUri: string;
let fetches: number;
/** @returns whether it answered by itself. */
let disturb: (response: ServerResponse) => boolean | Promise<boolean>;

beforeEach(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  fetches = 0;
  disturb = () => false;
  front = createServer(async (_, response) => {
    fetches += 1;
    if (!(await disturb(response))) response.end(JSON.stringify(issuer.jwks));
  });
  jwksUri = `http://127.0.0.1:${await listenOnLoopback(front)}/jwks`;
});

afterEach(async () => {
  await closeGatewayProcesses();
  front.closeAllConnections();
  front.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const start = (workers: number) =>
  startGatewayProcess(`workers: ${workers}
issuers: { "${issuer.issuer}": { jwks_uri: "${jwksUri}", keys: { cooldown: ${COOLDOWN}ms } } }
routes: { /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" } }
`);

/** The new key gets the kid of the old one, or none. */
async function rotate(kid: 'new' | 'same' | 'none'): Promise<() => Promise<string>> {
  await issuer.rotate({ alone: kid === 'same' });
  if (kid === 'new') return () => issuer.sign({ claims: { aud: RESOURCE } });
  const keys = issuer.jwks?.keys ?? [];
  issuer.jwks = { keys: keys.map(({ kid: _, ...key }) => (kid === 'same' ? { ...key, kid: 'key-1' } : key)) };
  return () => issuer.sign({ claims: { aud: RESOURCE }, header: { kid: kid === 'same' ? 'key-1' : undefined } });
}

/** Each over a connection of its own, so that all workers get some. */
async function statusesOf(gateway: GatewayProcess, sign: () => Promise<string>, count = 20): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, async () => statusWithToken(gateway.port, '/api', await sign())));
}

const accepted = (statuses: readonly number[]) => statuses.filter(status => status === 200).length;

describe.each([1, 2])('%d processes', workers => {
  test.each(['new', 'same', 'none'] as const)(
    'kid %s: noticed by the first token, one fetch, none refused',
    async kid => {
      if (kid === 'none') issuer.jwks = { keys: (issuer.jwks?.keys ?? []).map(({ kid: _, ...key }) => key) };
      const gateway = await start(workers);
      expect(fetches).toBe(1);
      const sign = await rotate(kid);
      for (let round = 0; round < 3; round += 1) expect(accepted(await statusesOf(gateway, sign))).toBe(20);
      expect(fetches).toBe(2);
    },
  );

  test('the key set comes late: tokens wait for it, none is refused', async () => {
    const gateway = await start(workers);
    let release: () => void = () => undefined;
    const held = new Promise<boolean>(resolve => {
      release = () => resolve(false);
    });
    disturb = () => held;
    const sign = await rotate('same');
    const statuses = statusesOf(gateway, sign);
    await eventually(() => fetches === 2);
    release();
    expect(accepted(await statuses)).toBe(20);
    expect(fetches).toBe(2);
  });

  test.each<[string, (response: ServerResponse) => boolean]>([
    ['503', response => Boolean(response.writeHead(503).end())],
    ['garbage', response => Boolean(response.end('<!doctype html>'))],
    ['an empty key set', response => Boolean(response.end('{"keys":[]}'))],
  ])('%s during the attempt: refused within the cooldown, none after it', async (_name, answer) => {
    const gateway = await start(workers);
    disturb = answer;
    const sign = await rotate('same');
    const failedAt = performance.now();
    expect(accepted(await statusesOf(gateway, sign))).toBe(0);
    expect(fetches).toBe(2);
    disturb = () => false;
    // The cooldown itself is what is waited for.
    await new Promise(resolve => setTimeout(resolve, failedAt + COOLDOWN + 500 - performance.now()));
    for (let round = 0; round < 2; round += 1) expect(accepted(await statusesOf(gateway, sign))).toBe(20);
    expect(fetches).toBe(3);
  });

  test('a withdrawn key: refused from the next fetch on, also for tokens that were verified before', async () => {
    const gateway = await start(workers);
    const old = await issuer.sign({ claims: { aud: RESOURCE } });
    expect(accepted(await statusesOf(gateway, async () => old))).toBe(20);
    await issuer.rotate({ alone: true });
    expect(accepted(await statusesOf(gateway, async () => old))).toBe(20);
    gateway.child.kill('SIGHUP');
    await eventually(() => fetches === 2);
    await eventually(async () => accepted(await statusesOf(gateway, async () => old)) === 0);
    expect(fetches).toBeLessThanOrEqual(3);
  });
});
