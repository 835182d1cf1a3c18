/** A tool that works longer than the token of its call lives: clients and servers of both SDKs, through the gateway. */

import { once } from 'node:events';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type SlowServer, type SlowServerKind, startSlowServer } from '../../support/mcp/slow-servers.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { pauseUntil } from '../../support/waiting.ts';

const RESOURCE = 'https://tools.example/mcp';
/** Seconds: enough for the client to connect. */
const LIFETIME = 4;
/** Milliseconds, of `after_expiry` where it is shorter than the call. */
const BRIEF = 300;
/** Milliseconds after which a client gives up by itself. */
const CLIENT_TIMEOUT = 9_000;

type ClientKind = '1.x' | '2.x' | '1.x over HTTP+SSE';

const pairs: readonly (readonly [ClientKind, SlowServerKind])[] = [
  ['1.x', '1.x'],
  ['1.x', '2.x'],
  ['2.x', '1.x'],
  ['2.x', '2.x'],
  ['1.x over HTTP+SSE', 'SSE'],
];

let issuer: TokenIssuer;
let gateway: RunningGateway;
const servers = new Map<SlowServerKind, SlowServer>();

beforeAll(async () => {
  issuer = await startTokenIssuer();
  for (const kind of ['1.x', '2.x', 'SSE'] as const) servers.set(kind, await startSlowServer(kind));
  const route = (kind: SlowServerKind, keys: string) =>
    `{ resource: "${RESOURCE}", upstream: "${servers.get(kind)?.origin}", ${keys} }`;
  gateway = await startGateway(`
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /1.x: ${route('1.x', 'mcp: { tools: { wait: [] } }')}
  /2.x: ${route('2.x', 'mcp: { tools: { wait: [] } }')}
  /SSE: ${route('SSE', 'mcp: { sse: true, tools: { wait: [] } }')}
  /brief/1.x: ${route('1.x', `mcp: true, timeouts: { after_expiry: ${BRIEF}ms }`)}
  /brief/2.x: ${route('2.x', `mcp: true, timeouts: { after_expiry: ${BRIEF}ms }`)}
`);
});

afterAll(async () => {
  await Promise.all([...servers.values()].map(server => server.close()));
  await gateway.close();
  await issuer.close();
});

describe('a call whose token expires while the tool works', () => {
  test.each(pairs)('client %s, server %s: the client gets the answer', { timeout: 30_000 }, async (client, kind) => {
    const { calls, caller, expiresAt, renew } = await connect(client, kind, `/${kind}`);
    const started = once(calls, 'started');
    const answer = caller.call();
    await started;
    await pauseUntil(expiresAt + 200);
    calls.emit('finish');
    expect(await answer).toMatchObject({ content: [{ type: 'text', text: 'waited' }] });

    await expect(caller.call(), 'a further call with the expired token').rejects.toThrow();
    await renew();
    const again = once(calls, 'started').then(() => calls.emit('finish'));
    expect(await caller.call(), 'and with a new one').toMatchObject({ content: [{ text: 'waited' }] });
    await again;
    await caller.close();
  });

  test.each(pairs.filter(([, kind]) => kind !== 'SSE'))(
    'client %s, server %s, after_expiry shorter than the call: it ends, and the client gets an error of its own or the 401',
    { timeout: 60_000 },
    async (client, kind) => {
      const { calls, caller, expiresAt } = await connect(client, kind, `/brief/${kind}`);
      const started = once(calls, 'started');
      const answer = caller.call();
      answer.catch(() => undefined);
      await started;
      const before = await gateway.sample(ENDED);
      await pauseUntil(expiresAt + BRIEF);
      await expect.poll(() => gateway.sample(ENDED), { timeout: 5_000 }).toBeGreaterThan(before);
      const outcome = await answer.then(String, (error: unknown) => String(error));
      expect(outcome).toMatch(/Error.*(?:timed out|token_expired)/);
      calls.emit('finish');
      await caller.close();
    },
  );
});

const ENDED = 'audgate_connections_ended_total{cause="token_expired"}';

interface Caller {
  /** Calls the tool `wait`. */
  call(): Promise<unknown>;
  close(): Promise<void>;
}

async function connect(client: ClientKind, kind: SlowServerKind, path: string) {
  const server = servers.get(kind);
  if (!server) throw new Error('no such server');
  const sign = (seconds: number) => {
    const exp = Math.floor(Date.now() / 1000) + seconds;
    return issuer.sign({ claims: { aud: RESOURCE, exp } }).then(token => ({ token, exp }));
  };
  const signed = await sign(LIFETIME);
  let { token } = signed;
  // The SDKs take a function for fetch, so the token can change as it does with a login.
  const fetchWithToken = (url: string | URL, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${token}`);
    return fetch(url, { ...init, headers });
  };
  const caller = await CONNECT[client](
    new URL(`${gateway.origin}${path}${kind === 'SSE' ? '/stream' : ''}`),
    fetchWithToken,
  );
  const renew = async () => {
    ({ token } = await sign(60));
  };
  return { calls: server.calls, caller, expiresAt: signed.exp * 1000, renew };
}

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

const CONNECT: Readonly<Record<ClientKind, (url: URL, fetch: Fetch) => Promise<Caller>>> = {
  '1.x': (url, fetch) => connectOld(new OldTransport(url, { fetch })),
  '1.x over HTTP+SSE': (url, fetch) => connectOld(new SSEClientTransport(url, { fetch })),
  '2.x': async (url, fetch) => {
    const client = new NewClient({ name: 'two', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new NewTransport(url, { fetch }));
    return {
      call: () => client.callTool({ name: 'wait', arguments: {} }, { timeout: CLIENT_TIMEOUT }),
      close: () => client.close(),
    };
  },
};

async function connectOld(transport: OldTransport | SSEClientTransport): Promise<Caller> {
  const client = new OldClient({ name: 'one', version: '1.0.0' });
  await client.connect(transport as Parameters<OldClient['connect']>[0]);
  return {
    call: () => client.callTool({ name: 'wait', arguments: {} }, undefined, { timeout: CLIENT_TIMEOUT }),
    close: () => client.close(),
  };
}
