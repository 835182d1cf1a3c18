/**
 * On an MCP route a stream that tells news ends with its token, as every event stream does; the answer to a POST, for which a tool may
 * still work, has `timeouts.after_expiry` longer. Ending both at `exp` lost the answers of running calls; ending none would let a token live
 * as long as its connection.
 */

import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { destroyConnections, openConnected, type RawConnection } from '../support/raw-connection.ts';
import { parseResponses } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { pauseUntil } from '../support/waiting.ts';

const RESOURCE = 'https://tools.example/mcp';
/** Seconds for which the tokens are valid: enough to open all streams at once. More where this machine is busy. */
const LIFETIMES = [2, 5, 10];
/** Milliseconds, of `timeouts.after_expiry`. */
const AFTER = 1_000;
const PROMPT = 900;

type Asked = 'GET' | 'call' | 'listen' | 'a body that listens';
type Kind = 'events' | 'JSON' | 'nothing';
type End = 'ends' | 'is cut' | '401';

const LISTEN = '{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{}}';
const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{}}}';

const ending: readonly (readonly [route: string, Asked, Kind, End, after: number])[] = [
  ['/mcp', 'GET', 'events', 'ends', 0],
  ['/mcp', 'listen', 'events', 'ends', 0],
  ['/rules', 'a body that listens', 'events', 'ends', 0],
  ['/mcp', 'call', 'events', 'ends', AFTER],
  ['/rules', 'call', 'events', 'ends', AFTER],
  ['/mcp', 'call', 'JSON', 'is cut', AFTER],
  ['/mcp', 'call', 'nothing', '401', AFTER],
  ['/mcp', 'listen', 'nothing', '401', AFTER],
  ['/sse', 'call', 'events', 'ends', AFTER],
  ['/sse', 'listen', 'events', 'ends', AFTER],
  ['/ends', 'call', 'events', 'ends', 0],
  ['/ends', 'call', 'nothing', '401', 0],
];
const staying: readonly (readonly [route: string, Asked, Kind])[] = [
  ['/mcp', 'GET', 'JSON'],
  ['/sse', 'GET', 'events'],
  ['/stays', 'GET', 'events'],
  ['/stays', 'call', 'events'],
  ['/stays', 'listen', 'events'],
];

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let expiresAt: number;
let token: string;
const streams = new Map<string, Stream>();
const nameOf = (route: string, asked: Asked, kind: Kind) => `${route}/${asked}/${kind}`;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const route = (keys: string) =>
    `{ resource: "${RESOURCE}", upstream: "${upstream.origin}", timeouts: { after_expiry: ${AFTER}ms }, ${keys} }`;
  gateway = await startGateway(`
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /mcp: ${route('mcp: true')}
  /rules: ${route('mcp: { tools: { wait: [] } }')}
  /sse: ${route('mcp: { sse: true }')}
  /ends: ${route('mcp: true, end_at_expiry: true')}
  /stays: ${route('mcp: true, end_at_expiry: false')}
`);
  for (const lifetime of LIFETIMES) {
    const exp = Date.now() / 1000 + lifetime;
    expiresAt = exp * 1000;
    token = await issuer.sign({ claims: { aud: RESOURCE, exp } });
    const opening = Promise.all([...ending, ...staying].map(([...of]) => open(of[0], of[1], of[2]))).then(() => true);
    if (await Promise.race([opening, pauseUntil(expiresAt - 200).then(() => false)])) return;
    destroyConnections();
    await opening.catch(() => undefined);
  }
  throw new Error('the streams could not be opened in time');
});

afterAll(async () => {
  destroyConnections();
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

describe('a stream, or a call without an answer yet', () => {
  test.each(ending)('%s, %s, answered by %s: %s, %i ms after exp', async (route, asked, kind, end, after) => {
    const stream = find(route, asked, kind);
    const endedAt = await stream.endedAt;
    await stream.upstreamClosed;
    expect(endedAt).toBeGreaterThanOrEqual(expiresAt + after - 20);
    expect(endedAt).toBeLessThan(expiresAt + after + PROMPT);
    const [response] = parseResponses(Buffer.from(stream.text(), 'latin1'));
    expect(response).toMatchObject({ status: end === '401' ? 401 : 200, complete: end !== 'is cut' });
    if (end === '401') expect(JSON.parse(String(response?.body))).toMatchObject({ reason: 'token_expired' });
  });

  test.each(staying)('%s, %s, answered by %s: goes on', async (route, asked, kind) => {
    const stream = find(route, asked, kind);
    await pauseUntil(expiresAt + AFTER + 100);
    stream.atUpstream.write('still here');
    await stream.until('still here');
  });

  test('a new request of the expired token: 401 on the same route, with sse: true as well', async () => {
    await pauseUntil(expiresAt);
    for (const route of ['/mcp', '/sse']) {
      const client = await openConnected(gateway.port, headOf(`${route}/message`, 'call'));
      await client.until('token_expired');
      client.socket.destroy();
    }
  });
});

function find(route: string, asked: Asked, kind: Kind): Stream {
  const stream = streams.get(nameOf(route, asked, kind));
  if (!stream) throw new Error('it was not opened');
  return stream;
}

interface Stream extends RawConnection {
  readonly atUpstream: ServerResponse;
  readonly upstreamClosed: Promise<unknown>;
  /** When the client saw the end, in milliseconds since 1970. */
  readonly endedAt: Promise<number>;
}

/** What the upstream has begun to answer, by target. */
const opened = new EventEmitter().setMaxListeners(ending.length + staying.length);

function headOf(target: string, asked: Asked): string {
  const body = asked === 'GET' ? '' : asked === 'call' ? CALL : LISTEN;
  const lines = [
    `${asked === 'GET' ? 'GET' : 'POST'} ${target} HTTP/1.1`,
    'Host: tools.example',
    `Authorization: Bearer ${token}`,
    ...(asked === 'GET' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
    ...(asked === 'listen' ? ['MCP-Protocol-Version: 2026-07-28', 'Mcp-Method: subscriptions/listen'] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

async function open(route: string, asked: Asked, kind: Kind): Promise<void> {
  const target = `${route}/${asked.replaceAll(' ', '-')}/${kind}`;
  upstream.handle = (req, res) => {
    req.resume();
    opened.emit(req.url ?? '', begin(res, req.url ?? ''));
  };
  const arrived = once(opened, target);
  const client = await openConnected(gateway.port, headOf(target, asked));
  const [atUpstream] = (await arrived) as [ServerResponse];
  const upstreamClosed = once(atUpstream, 'close');
  if (kind !== 'nothing') await client.until('\r\n\r\n');
  const endedAt = kind === 'JSON' ? client.closed : seesEnd(client, kind).then(() => Date.now());
  endedAt.catch(() => undefined);
  streams.set(nameOf(route, asked, kind), { ...client, atUpstream, upstreamClosed, endedAt });
}

/** The last chunk ends an event stream; its connection stays open. */
function seesEnd(client: RawConnection, kind: Kind): Promise<void> {
  return client.until(kind === 'events' ? '\r\n0\r\n\r\n' : 'token_expired');
}

function begin(res: ServerResponse, target: string): ServerResponse {
  res.on('error', () => undefined);
  if (target.endsWith('nothing')) return res;
  res.setHeader('content-type', target.endsWith('JSON') ? 'application/json' : 'text/event-stream');
  res.flushHeaders();
  res.write(': hello\n\n');
  return res;
}
