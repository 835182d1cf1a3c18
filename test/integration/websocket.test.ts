/** WebSockets through the gateway (RFC 6455): authorised like any request, carried as bytes, and ended on both sides. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type RunningGateway, readFailures, readSample, startGateway } from '../support/gateway.ts';
import { destroyConnections, openConnected } from '../support/raw-connection.ts';
import {
  bearer,
  type HeaderPair,
  headerValues,
  parseResponses,
  type RawRequest,
  type RawResponse,
  request,
} from '../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../support/raw-upstream.ts';
import { reservePort } from '../support/reserved-port.ts';
import { SWITCHING } from '../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { eventually, withTimeout } from '../support/waiting.ts';

const RESOURCE = 'https://live.example.com/';
const OTHER = 'https://other.example.com/';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

let issuer: TokenIssuer;
let upstream: Upstream;
let rude: RawUpstream;
let gateway: RunningGateway;
let token: string;
let echo: Upstream['handleUpgrade'];

let deadPort: number;

beforeAll(async () => {
  [issuer, upstream, rude] = await Promise.all([
    startTokenIssuer(),
    startUpstream(),
    startRawUpstream({ respondsOnce: true }),
  ]);
  deadPort = await reservePort();
  echo = upstream.handleUpgrade;
  token = await issuer.sign({ claims: { aud: RESOURCE, sub: 'alice' } });
});

// A gateway for each test: a connection that one leaves behind is told by that one.
beforeEach(async () => {
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /live:
    resource: ${RESOURCE}
    upstream: ${upstream.origin}/base
    claims_to_headers: { X-User: sub }
  /forwarding: { resource: "${RESOURCE}", upstream: "${upstream.origin}", forward_token: true }
  /open: { public: true, upstream: "${upstream.origin}" }
  /other: { resource: "${OTHER}", upstream: "${upstream.origin}", scopes: [other:read] }
  /dead: { public: true, upstream: "http://127.0.0.1:${deadPort}" }
  /rude: { public: true, upstream: "http://127.0.0.1:${rude.port}" }
  /mute: { public: true, upstream: "http://127.0.0.1:${rude.port}", timeouts: { connect: 100ms, response: 300ms } }
`);
});

afterEach(async () => {
  destroyConnections();
  try {
    await expectNoConnections();
  } finally {
    upstream.handleUpgrade = echo;
    upstream.received.length = 0;
    rude.reset();
    await withTimeout(3000, gateway.close(), 'the gateway did not drain');
  }
});

afterAll(() => Promise.all([issuer.close(), upstream.close(), rude.close()]));

describe('a tunnel', () => {
  test('carries text and a binary message of 1 MiB, both ways', async () => {
    const client = await open('/live/a');
    const binary = Buffer.alloc(1024 * 1024, 'binary');
    for (const message of ['hello', 'grüße ☂', binary]) {
      const echoed = once(client, 'message');
      client.send(message);
      const [data, isBinary] = await echoed;
      expect(isBinary).toBe(message === binary);
      expect(Buffer.from(message).equals(data)).toBe(true);
    }
    client.close();
    await once(client, 'close');
  });

  test('carries what the upstream sends in the same piece as its 101', async () => {
    rude.respond = socket => socket.write(Buffer.concat([Buffer.from(SWITCHING), textFrame('first')]));
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('first');
  });

  test('carries what the client sends in the same piece as its handshake', async () => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(`${handshake('/rude')}early bird`);
    await rude.until('early bird');
  });

  test('a subprotocol is offered to the upstream, and its choice to the client', async () => {
    upstream.handleUpgrade = accept({ handleProtocols: offered => [...offered].at(-1) ?? false });
    const client = await open('/live/a', ['v1.chat', 'v2.chat']);
    expect(client.protocol).toBe('v2.chat');
    client.terminate();
  });

  test("the client's close code and reason reach the upstream", async () => {
    const closed = new Promise<[number, string]>(resolve => {
      upstream.handleUpgrade = accept({}, server => server.on('close', (code, why) => resolve([code, String(why)])));
    });
    const client = await open('/live/a');
    client.close(4001, 'going home');
    expect(await closed).toEqual([4001, 'going home']);
    const [code] = await once(client, 'close');
    expect(code).toBe(4001);
  });

  test("the upstream's close code and reason reach the client", async () => {
    upstream.handleUpgrade = accept({}, server => server.close(4002, 'no more'));
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/live/a`, { headers: authorization() });
    const [code, why] = await once(client, 'close');
    expect([code, String(why)]).toEqual([4002, 'no more']);
  });

  test('is logged and counted when it ends, with status 101', async () => {
    const before = readSample(await gateway.scrape(), COUNTED_101);
    const lines = gateway.log.length;
    const client = await open('/live/a?secret=s3cret');
    expect(await gateway.sample('audgate_open_connections{kind="upgraded"}')).toBe(1);
    expect(await gateway.sample('audgate_open_connections{kind="http"}')).toBe(0);
    expect(gateway.log.length).toBe(lines);
    client.close();
    await once(client, 'close');
    const line = await nextLine(lines);
    expect(line).toMatchObject({
      status: 101,
      outcome: 'forwarded',
      route: '/live',
      path: '/live/a',
      sub: 'alice',
      method: 'GET',
    });
    expect(JSON.stringify(line)).not.toContain('s3cret');
    expect(await gateway.sample(COUNTED_101)).toBe(before + 1);
  });

  test('twenty at once: the gauge counts each, and returns to 0', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => open('/live/a')));
    expect(await gateway.sample('audgate_open_connections{kind="upgraded"}')).toBe(20);
    for (const client of clients) client.close();
    await expectNoConnections();
  });
});

const COUNTED_101 = 'audgate_requests_total{route="/live",method="GET",status="101"}';

describe('fields of the handshake', () => {
  test('the upstream gets its own Host, the base path, identity, and no token', async () => {
    const client = await open('/live/a?q=%2e', [], {
      'X-User': 'forged',
      X_User: 'forged',
      'X-Forwarded-For': '6.6.6.6',
      'X-Kept': '1',
    });
    client.terminate();
    const [received] = upstream.received;
    const fields = received?.rawHeaders ?? [];
    expect(received?.url).toBe('/base/live/a?q=%2e');
    expect(headerValues(fields, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
    expect(headerValues(fields, 'x-user')).toEqual(['alice']);
    expect(headerValues(fields, 'x_user')).toEqual([]);
    expect(headerValues(fields, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(headerValues(fields, 'x-forwarded-host')).toEqual([`127.0.0.1:${gateway.port}`]);
    expect(headerValues(fields, 'via')).toEqual(['1.1 audgate']);
    expect(headerValues(fields, 'x-kept')).toEqual(['1']);
    expect(headerValues(fields, 'authorization')).toEqual([]);
    expect(headerValues(fields, 'connection')).toEqual(['Upgrade']);
    expect(headerValues(fields, 'upgrade')).toEqual(['websocket']);
  });

  test('forward_token keeps the token', async () => {
    (await open('/forwarding/a')).terminate();
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'authorization')).toEqual([`Bearer ${token}`]);
  });

  test('a public route removes the token', async () => {
    (await open('/open/a')).terminate();
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'authorization')).toEqual([]);
  });
});

describe('a refused handshake', () => {
  test('without a token: the whole answer, the challenge, and the end of the connection', async () => {
    const answer = await refused({ path: '/live/a', headers: [...HANDSHAKE] });
    expect(answer.status).toBe(401);
    expect(headerValues(answer.headers, 'www-authenticate')).toEqual([
      'Bearer resource_metadata="https://live.example.com/.well-known/oauth-protected-resource"',
    ]);
    expect(JSON.parse(String(answer.body))).toMatchObject({ status: 401, reason: 'missing_token' });
  });

  test('with a token for another resource: 401, the challenge, and the confused-deputy counter', async () => {
    const series = `audgate_confused_deputy_rejections_total{route="/other",resource="${OTHER}",presented="${RESOURCE}",issuer="${issuer.issuer}",action="refused"}`;
    const before = await gateway.sample(series);
    const answer = await refused({ path: '/other/a', headers: [...HANDSHAKE, bearer(token)] });
    expect(answer.status).toBe(401);
    expect(headerValues(answer.headers, 'www-authenticate').join()).toContain('error="invalid_token"');
    expect(headerValues(answer.headers, 'content-type')).toEqual(['application/problem+json']);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'wrong_audience' });
    expect(await gateway.sample(series)).toBe(before + 1);
  });

  test('a real client sees the 401 as such', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/live/a`);
    client.on('error', () => undefined);
    const [, answer] = await once(client, 'unexpected-response');
    expect(answer.statusCode).toBe(401);
    client.terminate();
  });

  const without = (...names: string[]) => HANDSHAKE.filter(([name]) => !names.includes(name));
  const malformed: [string, RawRequest][] = [
    [
      'to h2c',
      { path: '/live/a', headers: [...without('Upgrade'), ['Upgrade', 'h2c'], ['HTTP2-Settings', 'AAMAAABk']] },
    ],
    ['to a protocol nobody knows', { path: '/live/a', headers: [...without('Upgrade'), ['Upgrade', 'teleport/1']] }],
    ['to a list of protocols', { path: '/live/a', headers: [...without('Upgrade'), ['Upgrade', 'websocket, h2c']] }],
    ['twice', { path: '/live/a', headers: [...HANDSHAKE, ['Upgrade', 'h2c']] }],
    ['without a Sec-WebSocket-Key', { path: '/live/a', headers: without('Sec-WebSocket-Key') }],
    [
      'with a bad Sec-WebSocket-Key',
      { path: '/live/a', headers: [...without('Sec-WebSocket-Key'), ['Sec-WebSocket-Key', 'short']] },
    ],
    ['with two Sec-WebSocket-Key', { path: '/live/a', headers: [...HANDSHAKE, ['Sec-WebSocket-Key', KEY]] }],
    [
      'of another version',
      { path: '/live/a', headers: [...without('Sec-WebSocket-Version'), ['Sec-WebSocket-Version', '8']] },
    ],
    ['by POST', { method: 'POST', path: '/live/a', headers: HANDSHAKE }],
    ['by OPTIONS', { method: 'OPTIONS', path: '/live/a', headers: HANDSHAKE }],
    ['with a body', { path: '/live/a', headers: [...HANDSHAKE, ['Content-Length', '2']], body: 'hi' }],
    [
      'with a chunked body',
      { path: '/live/a', headers: [...HANDSHAKE, ['Transfer-Encoding', 'chunked']], body: '0\r\n\r\n' },
    ],
  ];
  test.each(malformed)('%s is malformed, whatever token it has', async (_name, raw) => {
    const answer = await refused({ ...raw, headers: [...(raw.headers ?? []), bearer(token)] });
    expect(answer.status).toBe(400);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'malformed_request' });
  });

  test('by CONNECT is malformed', async () => {
    const answer = await refused({ method: 'CONNECT', path: 'internal:22', headers: [bearer(token)] });
    expect(answer.status).toBe(400);
  });

  test('Upgrade that Connection does not list is no handshake: the request is forwarded without it', async () => {
    const headers: HeaderPair[] = [...without('Connection'), ['Connection', 'close'], bearer(token)];
    const answer = await request(gateway.port, { path: '/live/a', headers });
    expect(answer.status).toBe(200);
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'upgrade')).toEqual([]);
  });

  async function refused(raw: RawRequest): Promise<RawResponse> {
    const answer = await untilClosed(raw);
    expect(upstream.received).toEqual([]);
    return answer;
  }
});

describe('an upstream that does not switch', () => {
  test.each([
    [
      '403 in chunks',
      'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nX-Why: role\r\n\r\n3\r\nnot\r\n4\r\n you\r\n0\r\n\r\n',
      403,
    ],
    [
      '200 in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Why: role\r\n\r\n7\r\nnot you\r\n0\r\n\r\n',
      200,
    ],
    ['200 with a length', 'HTTP/1.1 200 OK\r\nX-Why: role\r\nContent-Length: 7\r\n\r\nnot you', 200],
    [
      '426 until the end',
      'HTTP/1.1 426 Upgrade Required\r\nX-Why: role\r\nUpgrade: h2c\r\nConnection: close, Upgrade\r\n\r\nnot you',
      426,
    ],
  ])('%s is passed on, framed once', async (_name, bytes, status) => {
    rude.respond = socket => socket.end(bytes);
    const answer = await untilClosed({ path: '/rude', headers: [...HANDSHAKE] });
    expect(answer).toMatchObject({ status, complete: true });
    expect(answer.body.toString()).toBe('not you');
    expect(headerValues(answer.headers, 'x-why')).toEqual(['role']);
    expect(headerValues(answer.headers, 'upgrade')).toEqual([]);
    const framing = ['content-length', 'transfer-encoding'].flatMap(name => headerValues(answer.headers, name));
    expect(framing.length).toBeLessThanOrEqual(1);
  });

  test('a refusal that stops in the middle of its body never looks whole', async () => {
    rude.respond = socket => socket.end('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnot\r\n');
    const answer = await untilClosed({ path: '/rude', headers: [...HANDSHAKE] });
    expect(answer.complete).toBe(false);
  });

  test('refuses the connection: 502', async () => {
    const answer = await untilClosed({ path: '/dead', headers: [...HANDSHAKE] });
    expect(answer.status).toBe(502);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'upstream_unreachable' });
    expect(readFailures(await gateway.scrape(), '/dead')).toEqual({ 'upstream_unreachable/refused': 1 });
  });

  test.each([
    ['resets', 'reset', (socket: Socket) => socket.resetAndDestroy()],
    ['closes', 'reset', (socket: Socket) => socket.end()],
    ['answers garbage', 'malformed_response', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
    ['answers half a head', 'reset', (socket: Socket) => socket.end('HTTP/1.1 101 Switching Proto')],
    [
      'answers 20 KB of fields',
      'response_headers_too_large',
      (socket: Socket) => socket.end(`HTTP/1.1 101 Switching Protocols\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`),
    ],
  ])('%s: 502, counted', async (_name, cause, answerRudely) => {
    rude.respond = answerRudely;
    const answer = await untilClosed({ path: '/rude', headers: [...HANDSHAKE] });
    expect(answer.status).toBe(502);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'bad_upstream_response' });
    expect(readFailures(await gateway.scrape(), '/rude')).toEqual({ [`bad_upstream_response/${cause}`]: 1 });
  });

  test('never answers: 504 within the time-outs', async () => {
    const startedAt = performance.now();
    const answer = await untilClosed({ path: '/mute', headers: [...HANDSHAKE] });
    expect(answer.status).toBe(504);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'upstream_timeout' });
    expect(performance.now() - startedAt).toBeGreaterThan(250);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    await rude.allClosed();
  });

  test('101 for another protocol is no WebSocket, and no tunnel is made of it', async () => {
    rude.respond = socket =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: teleport\r\nConnection: Upgrade\r\n\r\n');
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('HTTP/1.1 ');
    expect(wire.text()).toMatch(/^HTTP\/1\.1 502 /);
  });
});

describe('whoever goes, at whatever moment, the other side ends and the gateway lives', () => {
  const leave: [string, (socket: Socket) => unknown][] = [
    ['resets', socket => socket.resetAndDestroy()],
    ['closes', socket => socket.destroy()],
  ];

  test.each(leave)(
    "the client %s before the upstream has answered: the upstream's connection ends, status 499",
    async (_name, go) => {
      const lines = gateway.log.length;
      const wire = await openConnected(gateway.port);
      wire.send(handshake('/rude'));
      await rude.until(KEY);
      go(wire.socket);
      await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
      expect(await nextLine(lines)).toMatchObject({ status: 499, outcome: 'forwarded' });
    },
  );

  test.each(leave)('the client %s right after 101', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    go(wire.socket);
    await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
  });

  test.each(leave)('the client %s in the middle of a message', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    wire.send(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4, 5, 6]).toString('latin1'));
    await rude.until('\u0005\u0006');
    go(wire.socket);
    await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
  });

  test.each(leave)('the upstream %s with its 101', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING, () => go(socket));
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await withTimeout(1000, wire.closed, "the client's connection did not end");
  });

  test.each(leave)('the upstream %s in the middle of a message', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    const [server] = rude.sockets;
    server?.write(textFrame('half a message').subarray(0, 7));
    await wire.until('half');
    if (server) go(server);
    await withTimeout(1000, wire.closed, "the client's connection did not end");
  });

  test.each(leave)('the client %s together with its handshake, a hundred times', async (_name, go) => {
    rude.respond = socket => socket.write(SWITCHING);
    for (let count = 0; count < 100; count += 1) {
      const wire = await openConnected(gateway.port);
      wire.socket.write(handshake('/rude'), () => go(wire.socket));
      await wire.closed;
    }
    await expectNoConnections();
    await withTimeout(1000, rude.allClosed(), 'connections of the upstream did not end');
  });

  test.each(leave)(
    'the client %s, and the upstream never ends its side: the tunnel is over all the same',
    async (_name, go) => {
      rude.respond = socket => {
        socket.allowHalfOpen = true;
        socket.write(SWITCHING);
      };
      const wire = await openConnected(gateway.port);
      wire.send(handshake('/rude'));
      await wire.until('101');
      go(wire.socket);
      await expectNoConnections();
    },
  );

  test.each(leave)(
    'the upstream %s, and the client never ends its side: the tunnel is over all the same',
    async (_name, go) => {
      rude.respond = socket => socket.write(SWITCHING);
      const wire = await openConnected(gateway.port);
      wire.socket.allowHalfOpen = true;
      wire.send(handshake('/rude'));
      await wire.until('101');
      for (const socket of rude.sockets) go(socket);
      await expectNoConnections();
    },
  );

  test('both reset at once', async () => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    for (const server of rude.sockets) server.resetAndDestroy();
    wire.socket.resetAndDestroy();
    await expectNoConnections();
  });

  test('what the upstream sent before it closed arrives before the end', async () => {
    const frame = textFrame('x'.repeat(100));
    rude.respond = socket =>
      socket.end(Buffer.concat([Buffer.from(SWITCHING), ...Array.from({ length: 2000 }, () => frame)]));
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await withTimeout(3000, wire.closed, "the client's connection did not end");
    expect(wire.text().split('\r\n\r\n')[1]?.length).toBe(2000 * frame.length);
  });

  test('what the client sent before it closed arrives before the end', async () => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('101');
    wire.socket.end(Buffer.alloc(500_000, '~'));
    await withTimeout(3000, rude.allClosed(), "the upstream's connection did not end");
    expect(rude.text().split('~').length - 1).toBe(500_000);
  });
});

function authorization() {
  return { Authorization: `Bearer ${token}` };
}

const HANDSHAKE: readonly HeaderPair[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', KEY],
];

/** The bytes of a good handshake. */
function handshake(path: string): string {
  const fields = [['Host', 'gateway.example'], ...HANDSHAKE].map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${fields.join('')}\r\n`;
}

async function open(path: string, protocols: string[] = [], headers: Record<string, string> = {}): Promise<WebSocket> {
  const options = { headers: { ...authorization(), ...headers } };
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, protocols, options);
  client.on('error', () => undefined);
  await once(client, 'open');
  return client;
}

function accept(
  options: ConstructorParameters<typeof WebSocketServer>[0],
  onOpen: (server: WebSocket) => unknown = () => undefined,
): Upstream['handleUpgrade'] {
  const server = new WebSocketServer({ ...options, noServer: true });
  return (req, socket, head) => server.handleUpgrade(req, socket, head, onOpen);
}

/** Unmasked, under 126 bytes. */
function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
}

/** Sends one request and reads until the gateway closes the connection, as it must after it has refused an upgrade. */
async function untilClosed({ method = 'GET', path, headers = [], body = '' }: RawRequest): Promise<RawResponse> {
  const fields = [['Host', `127.0.0.1:${gateway.port}`], ...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  const wire = await openConnected(gateway.port);
  wire.send(`${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n${body}`);
  await withTimeout(3000, wire.closed, 'the connection did not end');
  const [answer] = parseResponses(Buffer.from(wire.text(), 'latin1'));
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

/** The first line of the log from position `from`. */
async function nextLine(from: number) {
  await eventually(async () => gateway.log.length > from);
  return gateway.log[from];
}

async function expectNoConnections(): Promise<void> {
  await eventually(async () => {
    const text = await gateway.scrape();
    const open = ['http', 'upgraded'].map(kind => readSample(text, `audgate_open_connections{kind="${kind}"}`));
    return open.every(count => count === 0);
  });
}
