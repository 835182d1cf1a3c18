/**
 * A stream ends with the token that opened it: a WebSocket gets close code 1008 at `exp`, an event stream ends, another stream
 * is cut where its route says so. In the enforcement mode that refuses nothing, nothing ends.
 *
 * Seen in: mercure#679, caddy-authorize#92.
 */

import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { openConnection, type RawConnection } from '../support/raw-connection.ts';
import { parseResponses } from '../support/raw-http.ts';
import { HANDSHAKE_FIELDS, SWITCHING } from '../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { pause, pauseUntil } from '../support/waiting.ts';

const RESOURCE = 'https://api.example/';
/** Seconds for which the tokens are valid: enough to open all streams at once. */
const LIFETIMES = [2, 5, 10];
/** Milliseconds after `exp` within which everything must have ended. */
const PROMPT = 1000;
const POLICY_VIOLATION = '\x88\x02\x03\xf0';
/** A frame of 100 bytes, in two parts. */
const FRAME = `\x82\x64${'x'.repeat(100)}`;

type Kind = 'event stream' | 'stream' | 'stream of a length' | 'WebSocket' | 'WebSocket in a frame';
type End = 'ends' | 'is cut' | 'closes with 1008';

const ending: readonly (readonly [Kind, route: string, End])[] = [
  ['WebSocket', '/default', 'closes with 1008'],
  ['WebSocket in a frame', '/default', 'closes with 1008'],
  ['WebSocket', '/verify', 'closes with 1008'],
  ['WebSocket', '/ends', 'closes with 1008'],
  ['WebSocket', '/stays', 'closes with 1008'],
  ['event stream', '/default', 'ends'],
  ['event stream', '/verify', 'ends'],
  ['event stream', '/ends', 'ends'],
  ['stream', '/ends', 'is cut'],
  ['stream of a length', '/ends', 'is cut'],
];
const staying: readonly (readonly [Kind, route: string])[] = [
  ['event stream', '/stays'],
  ['event stream', '/report'],
  ['event stream', '/open'],
  ['stream', '/default'],
  ['stream', '/stays'],
  ['stream', '/verify'],
  ['stream', '/report'],
  ['stream of a length', '/default'],
  ['WebSocket', '/report'],
  ['WebSocket', '/open'],
];

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let expiresAt: number;
const streams = new Map<string, Stream>();

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /open: { public: true, upstream: "${upstream.origin}" }
  /default: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
  /ends: { resource: "${RESOURCE}", upstream: "${upstream.origin}", end_at_expiry: true }
  /stays: { resource: "${RESOURCE}", upstream: "${upstream.origin}", end_at_expiry: false }
  /verify: { resource: "${RESOURCE}", upstream: "${upstream.origin}", enforcement: verify }
  /report: { resource: "${RESOURCE}", upstream: "${upstream.origin}", enforcement: report }
`);
  // Tried again with more time, where this machine was too busy to open them all before `exp`.
  for (const lifetime of LIFETIMES) {
    const token = await startClock(lifetime);
    const opening = Promise.all(
      [...ending, ...staying].map(async ([kind, route]) => {
        streams.set(`${kind} ${route}`, await openStream(kind, route, token));
      }),
    ).then(() => true);
    if (await Promise.race([opening, pauseUntil(expiresAt - 200).then(() => false)])) return;
  }
  throw new Error('the streams could not be opened in time');
});

afterAll(async () => {
  for (const { socket } of streams.values()) socket.destroy();
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

describe('at exp and not before', () => {
  test.each(ending)('a %s of %s: %s, as does its request at the upstream', async (kind, route, end) => {
    const stream = streams.get(`${kind} ${route}`);
    if (!stream) throw new Error('it was not opened');
    if (kind === 'WebSocket in a frame') {
      await pauseUntil(expiresAt + 100);
      expect(stream.text()).not.toContain(POLICY_VIOLATION);
      stream.atUpstream.write(Buffer.from(FRAME.slice(50), 'latin1'));
    }
    const endedAt = await stream.endedAt;
    await stream.upstreamClosed;
    expect(endedAt).toBeGreaterThanOrEqual(expiresAt - 20);
    expect(endedAt).toBeLessThan(expiresAt + PROMPT);
    const [response] = parseResponses(Buffer.from(stream.text(), 'latin1'));
    if (end === 'ends') expect(response).toMatchObject({ status: 200, complete: true });
    if (end === 'is cut') expect(response).toMatchObject({ status: 200, complete: false });
    if (end === 'closes with 1008') {
      const frames = kind === 'WebSocket' ? '' : FRAME;
      expect(
        stream
          .text()
          .replace(SWITCHING, '')
          .replace(/^.*\r\n\r\n/s, ''),
      ).toBe(frames + POLICY_VIOLATION);
    }
  });

  test('each ended stream: counted', async () => {
    const series = 'audgate_connections_ended_total{cause="token_expired"}';
    await vi.waitFor(async () => expect(await gateway.sample(series)).toBeGreaterThanOrEqual(ending.length), {
      timeout: 3000,
    });
  });
});

describe('after exp', () => {
  test.each(staying)('a %s of %s: continues', async (kind, route) => {
    const stream = streams.get(`${kind} ${route}`);
    if (!stream) throw new Error('it was not opened');
    await pauseUntil(expiresAt + 300);
    stream.atUpstream.write('still here');
    await stream.until('still here');
    expect(stream.socket.destroyed).toBe(false);
  });

  test('the next request on a connection whose stream continued: refused', async () => {
    const token = await startClock(0.8);
    const bearer = `Authorization: Bearer ${token}\r\n`;
    const { socket, until: seen, text } = openConnection(gateway.port);
    upstream.handle = (_req, res) => res.writeHead(200, { 'content-length': 4 }).end('good');
    socket.write(`GET /default/x HTTP/1.1\r\nHost: a.example\r\n${bearer}\r\n`);
    await seen('good');
    await pauseUntil(expiresAt);
    socket.write(`GET /default/x HTTP/1.1\r\nHost: a.example\r\n${bearer}Connection: close\r\n\r\n`);
    await new Promise(resolve => socket.once('close', resolve));
    const responses = parseResponses(Buffer.from(text(), 'latin1'));
    expect(responses.map(({ status }) => status)).toEqual([200, 401]);
    expect(JSON.parse(responses[1]?.body.toString() ?? '').reason).toBe('token_expired');
  });
});

describe('an exp later than a timer can wait for: does not end the stream at once', () => {
  test.each([
    ['in 25 days', Date.now() / 1000 + 25 * 86_400],
    // RFC 7519 section 4.1.4 sets no bound; more than 100 years ahead is a malformed token here.
    ['in 99 years', Date.now() / 1000 + 99 * 365 * 86_400],
  ])('%s', async (_name, exp) => {
    const token = await issuer.sign({ claims: { aud: RESOURCE, exp } });
    const opened = await Promise.all(
      (['WebSocket', 'event stream', 'stream'] as const).map(kind => openStream(kind, '/ends', token)),
    );
    await pause(50);
    for (const { atUpstream, until: seen, socket } of opened) {
      atUpstream.write('still here');
      await seen('still here');
      socket.destroy();
    }
  });
});

/** @returns a token that expires in `seconds`. */
async function startClock(seconds: number): Promise<string> {
  const exp = Date.now() / 1000 + seconds;
  expiresAt = exp * 1000;
  return issuer.sign({ claims: { aud: RESOURCE, exp } });
}

interface Stream extends RawConnection {
  readonly atUpstream: Duplex | ServerResponse;
  readonly upstreamClosed: Promise<unknown>;
  /** When the client saw the end, in milliseconds since 1970. */
  readonly endedAt: Promise<number>;
}

/** What the upstream has opened, by target. */
const opened = new EventEmitter();
let count = 0;

async function openStream(kind: Kind, route: string, token: string): Promise<Stream> {
  const target = `${route}/${count++}/${kind.replaceAll(' ', '-')}`;
  upstream.handle = (req, res) => opened.emit(req.url ?? '', begin(res, req.url ?? ''));
  upstream.handleUpgrade = (req, socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end()).resume();
    const first = req.url?.endsWith('in-a-frame') ? FRAME.slice(0, 50) : '';
    socket.write(SWITCHING + first, 'latin1');
    opened.emit(req.url ?? '', socket);
  };
  const atUpstream = new Promise<Duplex | ServerResponse>(resolve => opened.once(target, resolve));
  const upgrade = kind.startsWith('WebSocket') ? HANDSHAKE_FIELDS : '';
  const head = `GET ${target} HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer ${token}\r\n${upgrade}\r\n`;
  const client = openConnection(gateway.port, head);
  const end = await atUpstream;
  const upstreamClosed = new Promise(resolve => end.once('close', resolve));
  await client.until('\r\n\r\n');
  // The last chunk ends an event stream; its connection stays open.
  const endsAt = kind === 'event stream' ? client.until('\r\n0\r\n\r\n').then(() => Date.now()) : client.closed;
  endsAt.catch(() => undefined);
  return { ...client, atUpstream: end, upstreamClosed, endedAt: endsAt };
}

function begin(res: ServerResponse, target: string): ServerResponse {
  res.on('error', () => undefined);
  if (target.endsWith('event-stream')) res.setHeader('content-type', 'text/event-stream; charset=utf-8');
  if (target.endsWith('length')) res.setHeader('content-length', '1000');
  res.flushHeaders();
  res.write('data: hello\n\n');
  return res;
}
