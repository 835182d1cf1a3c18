/**
 * A 101 that RFC 6455 section 4.1 does not accept opens no tunnel: an upstream that did not understand the handshake continues to
 * parse HTTP, and what the client sent behind it would be a request that was not authorised.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, readFailures, startGateway } from '../support/gateway.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { parseResponses, sendRaw } from '../support/raw-http.ts';
import { SAMPLE_ACCEPT, SAMPLE_KEY } from '../support/switching.ts';

const FIELDS = ['Host: a.example', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const KEY = `Sec-WebSocket-Key: ${SAMPLE_KEY}`;
const OFFER = ['Sec-WebSocket-Protocol: v1.chat, v2.chat', 'Sec-WebSocket-Extensions: permessage-deflate; x=1, x-own'];
const HIDDEN = 'GET /protected HTTP/1.1\r\nHost: a.example\r\n\r\n';

const ACCEPT = `Sec-WebSocket-Accept: ${SAMPLE_ACCEPT}`;
const SWITCH = ['Upgrade: websocket', 'Connection: Upgrade'];
const head = (...lines: readonly string[]) => [...lines, '', ''].join('\r\n');
const switching = (...fields: readonly string[]) => head('HTTP/1.1 101 Switching Protocols', ...fields);

let server: Server;
let port: number;
let gateway: RunningGateway;
let bytes: string;
let received: string;
let upstreamClosed: Promise<unknown>;

beforeAll(async () => {
  server = createServer(socket => accept(socket));
  port = await listenOnLoopback(server);
  gateway = await startGateway(`routes:\n  /x: { public: true, upstream: "http://127.0.0.1:${port}" }\n`);
});

afterEach(() => {
  received = '';
});

afterAll(async () => {
  await gateway.close();
  server.close();
});

describe('an invalid 101: no tunnel, 502, and nothing behind the handshake reaches the upstream', () => {
  test.each<readonly [string, string]>([
    ['no accept value', switching(...SWITCH)],
    ['an empty accept value', switching(...SWITCH, 'Sec-WebSocket-Accept:')],
    ['another accept value', switching(...SWITCH, 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=')],
    ['the key for an accept value', switching(...SWITCH, `Sec-WebSocket-Accept: ${SAMPLE_KEY}`)],
    ['the accept value in another letter case', switching(...SWITCH, ACCEPT.toLowerCase())],
    ['the accept value without its padding', switching(...SWITCH, ACCEPT.slice(0, -1))],
    ['the accept value in quotes', switching(...SWITCH, `Sec-WebSocket-Accept: "${SAMPLE_ACCEPT}"`)],
    ['the accept value twice', switching(...SWITCH, ACCEPT, ACCEPT)],
    ['the accept value twice in one field', switching(...SWITCH, `${ACCEPT}, ${SAMPLE_ACCEPT}`)],
    ['a wrong accept value, then the right one', switching(...SWITCH, 'Sec-WebSocket-Accept: x', ACCEPT)],
    ['the accept value in a field with _ for -', switching(...SWITCH, ACCEPT.replaceAll('-', '_'))],
    ['Upgrade to something else', switching('Upgrade: teleport', 'Connection: Upgrade', ACCEPT)],
    ['Upgrade to h2c', switching('Upgrade: h2c', 'Connection: Upgrade', ACCEPT)],
    ['Upgrade to a list', switching('Upgrade: websocket, h2c', 'Connection: Upgrade', ACCEPT)],
    ['Upgrade to a version', switching('Upgrade: websocket/13', 'Connection: Upgrade', ACCEPT)],
    ['Upgrade twice', switching('Upgrade: websocket', 'Upgrade: h2c', 'Connection: Upgrade', ACCEPT)],
    ['no Upgrade', switching('Connection: Upgrade', ACCEPT)],
    ['no Connection', switching('Upgrade: websocket', ACCEPT)],
    ['Connection without upgrade', switching('Upgrade: websocket', 'Connection: keep-alive', ACCEPT)],
    ['Connection with a word that contains upgrade', switching('Upgrade: websocket', 'Connection: upgraded', ACCEPT)],
    ['HTTP/1.0', head('HTTP/1.0 101 Switching Protocols', ...SWITCH, ACCEPT)],
    ['a subprotocol that was not offered', switching(...SWITCH, ACCEPT, 'Sec-WebSocket-Protocol: v3.chat')],
    ['a subprotocol in another letter case', switching(...SWITCH, ACCEPT, 'Sec-WebSocket-Protocol: V1.chat')],
    ['both subprotocols', switching(...SWITCH, ACCEPT, 'Sec-WebSocket-Protocol: v1.chat, v2.chat')],
    ['an extension that was not offered', switching(...SWITCH, ACCEPT, 'Sec-WebSocket-Extensions: x-other')],
    ['an extension beside an offered one', switching(...SWITCH, ACCEPT, 'Sec-WebSocket-Extensions: x-own, x-other')],
  ])('%s', async (_name, text) => {
    bytes = text;
    await expectNoTunnel([KEY, ...OFFER]);
  });

  test('a subprotocol or an extension where none was offered', async () => {
    for (const field of ['Sec-WebSocket-Protocol: v1.chat', 'Sec-WebSocket-Extensions: permessage-deflate']) {
      bytes = switching(...SWITCH, ACCEPT, field);
      await expectNoTunnel([KEY]);
    }
  });

  test('a subprotocol that the client keeps from the upstream by Connection', async () => {
    bytes = switching(...SWITCH, ACCEPT, 'Sec-WebSocket-Protocol: v1.chat');
    await expectNoTunnel([KEY, ...OFFER, 'Connection: Sec-WebSocket-Protocol']);
  });

  test('an accept value for a key that the client keeps from the upstream by Connection', async () => {
    for (const value of [ACCEPT, 'Sec-WebSocket-Accept: Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=']) {
      bytes = switching(...SWITCH, value);
      await expectNoTunnel([KEY, 'Connection: Sec-WebSocket-Key']);
    }
  });

  test('other statuses with all fields of a 101: responses, not tunnels', async () => {
    bytes = `${head('HTTP/1.1 200 OK', ...SWITCH, ACCEPT, 'Content-Length: 2')}ok`;
    const { status } = await handshake([KEY]);
    expect(status).toBe(200);
    expect(received.split('\r\n\r\n')[1]).toBe('');
  });
});

describe('a valid 101: a tunnel, then what the client sent behind its handshake', () => {
  test.each<readonly [string, string]>([
    ['the usual fields', switching(...SWITCH, ACCEPT)],
    ['any letter case of names and words', switching('UPGRADE: WebSocket', 'connection: UPGRADE', ACCEPT)],
    ['Connection with further words', switching('Upgrade: websocket', 'Connection: keep-alive ,Upgrade', ACCEPT)],
    ['blanks around the accept value', switching(...SWITCH, `Sec-WebSocket-Accept: \t ${SAMPLE_ACCEPT} \t`)],
    ['one of the subprotocols', switching(...SWITCH, ACCEPT, 'Sec-WebSocket-Protocol: v2.chat')],
    [
      'the extensions, with parameters of their own',
      switching(
        ...SWITCH,
        ACCEPT,
        'Sec-WebSocket-Extensions: x-own',
        'Sec-WebSocket-Extensions: permessage-deflate; y=2',
      ),
    ],
  ])('%s', async (_name, text) => {
    bytes = text;
    expect((await handshake([KEY, ...OFFER])).status).toBe(101);
    await upstreamClosed;
    expect(received.split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(HIDDEN);
  });

  test.each(['Content-Length: 5', 'Transfer-Encoding: chunked'])(
    '%s in a 101: removed (RFC 9110 section 8.6, RFC 9112 section 6.1)',
    async field => {
      bytes = switching(...SWITCH, ACCEPT, field, 'X-Kept: a', 'X-Kept: b', '__proto__: c', 'constructor: d');
      const { headers } = await handshake([KEY]);
      const received = headers.filter(([name]) => name !== 'X-Request-Id');
      expect(headers.length - received.length).toBe(1);
      expect(received.map(([name, value]) => `${name}: ${value}`).sort()).toEqual([
        'Connection: Upgrade',
        ACCEPT,
        'Upgrade: websocket',
        'X-Kept: a',
        'X-Kept: b',
        '__proto__: c',
        'constructor: d',
      ]);
    },
  );
});

async function expectNoTunnel(fields: readonly string[]): Promise<void> {
  const cause = 'bad_upstream_response/malformed_response';
  const before = readFailures(await gateway.scrape(), '/x')[cause] ?? 0;
  const response = await handshake(fields);
  expect(response.status).toBe(502);
  expect(JSON.parse(String(response.body))).toMatchObject({ reason: 'bad_upstream_response' });
  await upstreamClosed;
  expect(received).toMatch(/^GET \/x HTTP\/1\.1\r\n/);
  expect(received.split('\r\n\r\n')).toEqual([expect.any(String), '']);
  expect(readFailures(await gateway.scrape(), '/x')).toEqual({ [cause]: before + 1 });
  received = '';
}

/** Sends a handshake directly followed by a request, and reads until the end or the 101. */
async function handshake(fields: readonly string[]) {
  const text = head('GET /x HTTP/1.1', ...FIELDS, ...fields) + HIDDEN;
  const all = await sendRaw(gateway.port, text, { until: seen => seen.includes(' 101 ') && received.endsWith(HIDDEN) });
  const [response] = parseResponses(all);
  if (!response) throw new Error('no response');
  return response;
}

function accept(socket: Socket): void {
  received = '';
  upstreamClosed = new Promise(resolve => socket.once('close', resolve));
  socket.on('error', () => socket.destroy());
  socket.on('data', piece => {
    const isFirst = received === '';
    received += piece.toString('latin1');
    if (isFirst) socket.write(bytes);
    // Leaves time for data behind the handshake to arrive before this side ends.
    if (received.endsWith(HIDDEN)) socket.write('.');
  });
}
