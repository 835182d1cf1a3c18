/**
 * With `end_at_expiry` a request ends at `exp` in both directions, however far it has come: the timer starts at its admission,
 * not at the head of the response. Without it uploads and ordinary responses finish.
 */

import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { openConnection } from '../support/raw-connection.ts';
import { parseResponses } from '../support/raw-http.ts';
import { SAMPLE_KEY, SWITCHING } from '../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { pauseUntil } from '../support/waiting.ts';

const RESOURCE = 'https://api.example/';
/** Seconds for which each token is valid. */
const LIFETIME = 2.5;
/** Milliseconds after `exp` within which everything must have ended. */
const PROMPT = 1000;
const PIECE = 'x'.repeat(100);
const CHUNK = `64\r\n${PIECE}\r\n`;
const UPGRADE = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${SAMPLE_KEY}\r\n`;

let issuer: TokenIssuer;
let upstream: Upstream;
let silent: Server;
let gateway: RunningGateway;
const arrivals = new EventEmitter();
const silentSockets = new Set<Socket>();

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  silent = createServer(socket => silentSockets.add(socket.on('error', () => socket.destroy())));
  const port = await listenOnLoopback(silent);
  upstream.handle = (req, res) => {
    if (req.url?.includes('answering')) res.writeHead(200).write('begun');
    if (req.url?.includes('events')) res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    res.on('error', () => undefined);
    arrive(req, req.socket);
    req.on('data', () => undefined).on('error', () => undefined);
    arrivals.on(`finish ${req.url}`, () => res.end('finished'));
  };
  upstream.handleUpgrade = (req, socket) => {
    socket.on('error', () => socket.destroy()).on('end', () => socket.end());
    if (req.url?.includes('refusing')) {
      socket.write('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n');
    }
    // A frame of 100 bytes that stops in the middle.
    if (req.url?.includes('in-a-frame')) socket.write(`${SWITCHING}\x82\x64${'y'.repeat(50)}`, 'latin1');
    arrive(req, socket as Socket);
    socket.resume();
    arrivals.on(`finish ${req.url}`, () =>
      socket.end(req.url?.includes('refusing') ? '8\r\nfinished\r\n0\r\n\r\n' : SWITCHING),
    );
  };
  const route = (path: string, more: string) =>
    `  ${path}: { resource: "${RESOURCE}", upstream: "${upstream.origin}", ${more} }\n`;
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /open: { public: true, upstream: "${upstream.origin}" }
  /connecting: { resource: "${RESOURCE}", upstream: "https://127.0.0.1:${port}", end_at_expiry: true, scopes: [] }
${route('/default', 'enforcement: enforce')}${route('/ends', 'end_at_expiry: true, scopes: [shop:write]')}${route(
  '/verify',
  'enforcement: verify, end_at_expiry: true',
)}${route('/stays', 'end_at_expiry: false')}${route('/report', 'enforcement: report, end_at_expiry: true')}`);
});

afterAll(async () => {
  for (const socket of silentSockets) socket.destroy();
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close(), once(silent.close(), 'close')]);
});

const UPLOAD = 'Transfer-Encoding: chunked\r\n\r\n';
const COUNTED = 'Content-Length: 1000000\r\n\r\n';

describe.concurrent('at exp and not before: the client gets an end and the upstream gets no more data', () => {
  test.each([
    ['an upload in chunks', 'POST', '/ends/a', UPLOAD, CHUNK],
    ['an upload of a length', 'PUT', '/ends/b', COUNTED, PIECE],
    ['an upload that stalls', 'POST', '/ends/c', `${UPLOAD}${CHUNK}`, ''],
    ['a request whose upstream is silent', 'GET', '/ends/d', '\r\n', ''],
    ['a request with a body whose upstream is silent', 'POST', '/ends/e', 'Content-Length: 2\r\n\r\nhi', ''],
    ['an upload on verify', 'POST', '/verify/f', UPLOAD, CHUNK],
    ['a WebSocket whose upstream is silent', 'GET', '/ends/g', `${UPGRADE}\r\n`, ''],
    ['a WebSocket whose upstream is silent, by default', 'GET', '/default/h', `${UPGRADE}\r\n`, ''],
    ['a WebSocket whose upstream is silent, of a route that stays', 'GET', '/stays/i', `${UPGRADE}\r\n`, ''],
  ])('%s: 401 token_expired', async (_name, method, path, rest, drip) => {
    const { exp, socket, text, atUpstream } = await open(method, path, rest, drip);
    const { endedAt, lastByteAt } = await atUpstream;
    await pauseUntil(exp + PROMPT);
    socket.destroy();
    expectPrompt(endedAt, exp);
    expect(lastByteAt).toBeLessThan(exp + PROMPT);
    const [response] = parseResponses(Buffer.from(text(), 'latin1'));
    expect(response?.status).toBe(401);
    expect(JSON.parse(String(response?.body))).toMatchObject({ reason: 'token_expired' });
    const scope = path.startsWith('/ends') ? 'scope="shop:write", ' : '';
    expect(response?.headers).toContainEqual([
      'WWW-Authenticate',
      `Bearer error="invalid_token", error_description="The access token has expired", ${scope}resource_metadata="https://api.example/.well-known/oauth-protected-resource"`,
    ]);
  });

  test('a request whose upstream cannot be connected to yet: 401 token_expired', async () => {
    const { exp, socket, seen } = await open('POST', '/connecting/a', COUNTED, PIECE, false);
    await seen('"reason":"token_expired"');
    expectPrompt(Date.now(), exp);
    socket.destroy();
  });

  test.each([
    ['an upload whose response has begun', 'POST', '/ends/answering/j', UPLOAD, CHUNK],
    ['the answer of a WebSocket that was refused', 'GET', '/ends/refusing/k', `${UPGRADE}\r\n`, ''],
  ])('%s: cut', async (_name, method, path, rest, drip) => {
    const { exp, closed, text, atUpstream } = await open(method, path, rest, drip);
    expectPrompt(await closed, exp);
    expectPrompt((await atUpstream).endedAt, exp);
    expect(text()).toContain('begun');
    expect(parseResponses(Buffer.from(text(), 'latin1'))).toMatchObject([{ complete: false }]);
  });

  test('an upload whose response is an event stream: the stream ends, by default', async () => {
    const { exp, closed, text, atUpstream } = await open('POST', '/default/events/l', UPLOAD, CHUNK);
    expectPrompt((await atUpstream).endedAt, exp);
    await closed;
    expect(parseResponses(Buffer.from(text(), 'latin1'))).toMatchObject([{ status: 200, complete: true }]);
  });

  test('a WebSocket whose upstream is in the middle of a frame: no more data of the client', async () => {
    const { exp, closed, atUpstream } = await open('GET', '/default/in-a-frame/m', `${UPGRADE}\r\n`, PIECE);
    await closed;
    expect((await atUpstream).lastByteAt).toBeLessThan(exp + 200);
  });
});

describe.concurrent('after exp', () => {
  test.each([
    ['an upload, by default', 'POST', '/default/n', UPLOAD, CHUNK],
    ['an upload of a route that stays', 'POST', '/stays/o', UPLOAD, CHUNK],
    ['an upload on report', 'POST', '/report/p', UPLOAD, CHUNK],
    ['an upload of a public route', 'POST', '/open/q', UPLOAD, CHUNK],
    ['a request whose upstream is silent, by default', 'GET', '/default/r', '\r\n', ''],
    ['the answer of a WebSocket that was refused, by default', 'GET', '/default/refusing/s', `${UPGRADE}\r\n`, ''],
    ['a WebSocket whose upstream is silent, on report', 'GET', '/report/t', `${UPGRADE}\r\n`, ''],
    ['a WebSocket whose upstream is silent, of a public route', 'GET', '/open/u', `${UPGRADE}\r\n`, ''],
  ])('%s: continues', async (_name, method, path, rest, drip) => {
    const { exp, socket, seen } = await open(method, path, rest, drip);
    await pauseUntil(exp + 300);
    expect(socket.destroyed).toBe(false);
    arrivals.emit(`finish ${path}`);
    await seen(path.startsWith('/default/refusing') || !rest.startsWith(UPGRADE) ? 'finished' : ' 101 ');
    socket.destroy();
  });
});

function expectPrompt(time: number, exp: number): void {
  expect(time).toBeGreaterThanOrEqual(exp - 20);
  expect(time).toBeLessThan(exp + PROMPT);
}

interface Theirs {
  readonly endedAt: number;
  readonly lastByteAt: number;
}

function arrive(req: IncomingMessage, socket: Socket): void {
  let lastByteAt = 0;
  const note = () => {
    lastByteAt = Date.now();
  };
  req.on('data', note);
  socket.on('data', note);
  const ended = new Promise<Theirs>(resolve => {
    socket.once('close', () => resolve({ endedAt: Date.now(), lastByteAt }));
  });
  arrivals.emit(req.url ?? '', ended);
}

/** Sends a request, then a piece of its body every 20 ms, and waits until it has arrived at the upstream. */
async function open(method: string, path: string, rest: string, drip: string, arrives = true) {
  const exp = Date.now() + LIFETIME * 1000;
  const token = await issuer.sign({ claims: { aud: RESOURCE, exp: exp / 1000, scope: 'shop:write' } });
  const atUpstream = arrives
    ? new Promise<Promise<Theirs>>(resolve => arrivals.once(path, ended => resolve(ended)))
    : Promise.resolve(Promise.resolve({ endedAt: 0, lastByteAt: 0 }));
  const arrived = new Promise<void>(resolve => (arrives ? arrivals.once(path, () => resolve()) : resolve()));
  const {
    socket,
    text,
    until: seen,
    closed,
  } = openConnection(
    gateway.port,
    `${method} ${path} HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer ${token}\r\n${rest}`,
  );
  const dripping = drip === '' ? undefined : setInterval(() => socket.write(drip), 20);
  socket.once('close', () => clearInterval(dripping));
  await arrived;
  if (Date.now() > exp) throw new Error('this machine was too busy to send it in time');
  return { exp, socket, closed, atUpstream, seen, text };
}
