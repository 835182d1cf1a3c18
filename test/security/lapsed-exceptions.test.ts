/**
 * An exception lets nobody in after its last day: a request is refused in the second in which it lapses, and what it has let in ends then, as at the
 * `exp` of a token. The clock of this process is moved to just before that moment.
 */

import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { destroyConnections, openConnection } from '../support/raw-connection.ts';
import { bearer, request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { pauseUntil } from '../support/waiting.ts';

const SIBLING = 'https://sibling.example/';
const DAY = 86_400_000;
const realNow = Date.now.bind(Date);
const UNTIL = new Date(realNow() + DAY).toISOString().slice(0, 10);
const LAPSE = Date.parse(UNTIL) + DAY;
/** Milliseconds before the lapse at which a test begins. */
const BEFORE = 1_500;
/** Milliseconds after the lapse within which everything must have ended. */
const PROMPT = 1_000;

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;
let other: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const route = (enforcement: string, more = '') =>
    `{ resource: https://api.example/, upstream: "${upstream.origin}", enforcement: ${enforcement}, ${more}
    exceptions: [{ client_id: batch, reasons: [wrong_audience], until: ${UNTIL}, owner: team-batch }] }`;
  gateway = await startGateway(`
issuers: { ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} } }
routes:
  /enforce: ${route('enforce')}
  /ends: ${route('enforce', 'end_at_expiry: true,')}
  /verify: ${route('verify')}
  /sibling: { resource: ${SIBLING}, upstream: "${upstream.origin}" }
`);
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([issuer?.close(), upstream?.close()]);
});

beforeEach(async () => {
  const ahead = LAPSE - BEFORE - realNow();
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + ahead);
  const claims = { aud: SIBLING, client_id: 'batch' };
  token = await issuer.sign({ claims });
  other = await issuer.sign({ claims: { aud: 'https://api.example/' } });
});

afterEach(() => {
  destroyConnections();
  vi.restoreAllMocks();
});

const statusOf = async (path: string, presented = token) =>
  (await request(gateway.port, { path, headers: [bearer(presented)] })).status;

test('a request: let in until the last day is over, refused from then on, without a reload', async () => {
  expect(await statusOf('/enforce')).toBe(200);
  await pauseUntil(LAPSE - 50);
  const before = await statusOf('/enforce');
  // A slow machine may have come past it.
  if (Date.now() < LAPSE) expect(before).toBe(200);
  await pauseUntil(LAPSE);
  const lines = gateway.log.filter(({ msg }) => msg === 'request').length;
  expect([await statusOf('/enforce'), await statusOf('/enforce', other)]).toEqual([401, 200]);
  expect((await gateway.requestLines(lines + 1)).at(lines)).toMatchObject({
    outcome: 'denied',
    reason: 'wrong_audience',
  });
  expect((await gateway.requestLines(lines + 1)).at(lines)).not.toHaveProperty('exception');
});

/** @returns when it closed, and the code. */
async function openWebSocket(path: string, presented = token) {
  const webSocket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, {
    headers: { authorization: `Bearer ${presented}` },
  });
  await once(webSocket, 'open');
  const closed = once(webSocket, 'close').then(([code]) => ({ at: Date.now(), code: Number(code) }));
  return { webSocket, closed };
}

function expectPrompt(at: number): void {
  expect(at).toBeGreaterThanOrEqual(LAPSE - 20);
  expect(at).toBeLessThan(LAPSE + PROMPT);
}

describe('what an exception has let in', () => {
  test('a WebSocket: closed with 1008 when it lapses; those of others and on verify go on', async () => {
    const opened = await openWebSocket('/enforce');
    const staying = await Promise.all([openWebSocket('/enforce', other), openWebSocket('/verify')]);
    const { at, code } = await opened.closed;
    expect(code).toBe(1008);
    expectPrompt(at);
    for (const { webSocket, closed } of staying) {
      expect(webSocket.readyState).toBe(WebSocket.OPEN);
      webSocket.send('still here');
      await once(webSocket, 'message');
      webSocket.close();
      await closed;
    }
  });

  test('an event stream: ends when it lapses', async () => {
    upstream.handle = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    };
    const head = `GET /enforce HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const connection = openConnection(gateway.port, head);
    await connection.until('data: 1');
    await connection.until('\r\n0\r\n\r\n');
    expectPrompt(Date.now());
  });

  test('a request that has no response by then, with end_at_expiry: refused for what was excused', async () => {
    upstream.handle = () => undefined;
    const lines = gateway.log.filter(({ msg }) => msg === 'request').length;
    const response = await request(gateway.port, { path: '/ends', headers: [bearer(token)] });
    expectPrompt(Date.now());
    expect(response.status).toBe(401);
    expect(JSON.parse(response.body.toString())).toMatchObject({ reason: 'wrong_audience' });
    expect((await gateway.requestLines(lines + 1)).at(lines)).toMatchObject({
      outcome: 'denied',
      reason: 'wrong_audience',
    });
  });
});
