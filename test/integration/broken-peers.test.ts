/** Peers that break off, stall, or speak something else: nobody is told a whole answer that was none, and the process lives. */

import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type LogLine, type RunningGateway, readFailures, startGateway } from '../support/gateway.ts';
import { destroyConnections, openConnected, type RawConnection } from '../support/raw-connection.ts';
import {
  bearer,
  type HeaderPair,
  headerValues,
  parseResponses,
  type RawResponse,
  request,
  sendRaw,
} from '../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../support/raw-upstream.ts';
import { reservePort } from '../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../support/upstream.ts';
import { eventually, withTimeout } from '../support/waiting.ts';

const RESOURCE = 'https://api.example.com/';
const RESET = 'bad_upstream_response/reset';
const MALFORMED = 'bad_upstream_response/malformed_response';
const TOO_LARGE = 'bad_upstream_response/response_headers_too_large';
const RESPONSE_TIMEOUT = 'upstream_timeout/response_timeout';
const IDLE_TIMEOUT = 'upstream_timeout/idle_timeout';

let issuer: TokenIssuer;
let upstream: Upstream;
let rude: RawUpstream;
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  [issuer, upstream, rude] = await Promise.all([startTokenIssuer(), startUpstream(), startRawUpstream()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
  /open: { public: true, upstream: "${upstream.origin}" }
  /rude: { public: true, upstream: "http://127.0.0.1:${rude.port}", timeouts: { connect: 1s, response: 2s, idle: 2s } }
  /brief: { public: true, upstream: "http://127.0.0.1:${rude.port}", timeouts: { connect: 200ms, response: 300ms, idle: 300ms } }
  /dead: { public: true, upstream: "http://127.0.0.1:${await reservePort()}" }
`);
  token = await issuer.sign({ claims: { aud: RESOURCE } });
});

afterEach(() => {
  destroyConnections();
  rude.reset();
  upstream.handle = answerWithWhatArrived;
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close(), rude.close()]);
});

describe('an upstream that never gives a head', () => {
  const filler = 'X-Filler: '.padEnd(1024, 'x');
  test.each([
    ['resets', RESET, (socket: Socket) => socket.resetAndDestroy()],
    ['closes', RESET, (socket: Socket) => socket.end()],
    ['sends half a head, then closes', RESET, 'HTTP/1.1 200 OK\r\nContent-Le'],
    [
      'sends half a head, then resets',
      RESET,
      (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\n', () => socket.resetAndDestroy()),
    ],
    ['sends a garbage status line', MALFORMED, 'HELLO WORLD\r\n\r\n'],
    ['speaks SSH', MALFORMED, 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    ['speaks TLS', MALFORMED, '\x15\x03\x01\x00\x02\x02\x46'],
    ['speaks HTTP/2', MALFORMED, '\x00\x00\x12\x04\x00\x00\x00\x00\x00'],
    ['answers HTTP/0.9', MALFORMED, '<html>hello</html>'],
    ['answers status 99', MALFORMED, 'HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\nok'],
    ['answers status 099', MALFORMED, 'HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok'],
    ['answers status 000', MALFORMED, 'HTTP/1.1 000 None\r\nContent-Length: 2\r\n\r\nok'],
    ['answers status 1000', MALFORMED, 'HTTP/1.1 1000 High\r\nContent-Length: 2\r\n\r\nok'],
    ['answers status -1', MALFORMED, 'HTTP/1.1 -1 Odd\r\nContent-Length: 2\r\n\r\nok'],
    ['has a control character in a field', MALFORMED, 'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 2\r\n\r\nok'],
    ['has a NUL in a field', MALFORMED, 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok'],
    ['has a bare CR in a field', MALFORMED, 'HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\nok'],
    ['has a space in a field name', MALFORMED, 'HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 2\r\n\r\nok'],
    ['has an empty field name', MALFORMED, 'HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 2\r\n\r\nok'],
    ['has 200 KB of fields', TOO_LARGE, `HTTP/1.1 200 OK\r\n${`${filler}\r\n`.repeat(200)}Content-Length: 2\r\n\r\nok`],
    [
      'has one field of 200 KB',
      TOO_LARGE,
      `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(200 * 1024)}\r\nContent-Length: 2\r\n\r\nok`,
    ],
    ['has two lengths', MALFORMED, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!'],
    ['has a length that is none', MALFORMED, 'HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok'],
    ['has a negative length', MALFORMED, 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok'],
    [
      'switches protocols on a plain request',
      MALFORMED,
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nraw',
    ],
    ['switches protocols without saying to which', MALFORMED, 'HTTP/1.1 101 Switching Protocols\r\n\r\nraw'],
    ['sends interim answers only', RESET, 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('%s: 502, counted once', async (_name, failure, answer) => {
    const delta = await countFailures();
    rude.respond = typeof answer === 'string' ? socket => socket.end(answer, 'latin1') : answer;
    const response = await request(gateway.port, { path: '/rude' });
    expect(response).toMatchObject({ status: 502, complete: true });
    expect(JSON.parse(String(response.body))).toMatchObject({ reason: failure.split('/')[0] });
    expect(await delta()).toEqual({ [failure]: 1 });
    await expectAlive();
  });

  test('refuses the connection: 502, counted once', async () => {
    const response = await request(gateway.port, { method: 'POST', path: '/dead', body: 'x' });
    expect(response).toMatchObject({ status: 502, complete: true });
    expect(JSON.parse(String(response.body))).toMatchObject({ reason: 'upstream_unreachable' });
    expect(readFailures(await gateway.scrape(), '/dead')).toEqual({ 'upstream_unreachable/refused': 1 });
    await expectAlive();
  });

  test("never answers: 504 after timeouts.response, and the upstream's connection ends", async () => {
    const delta = await countFailures('/brief');
    const startedAt = performance.now();
    const response = await request(gateway.port, { path: '/brief' });
    expect(response).toMatchObject({ status: 504, complete: true });
    expect(JSON.parse(String(response.body))).toMatchObject({ reason: 'upstream_timeout' });
    expect(performance.now() - startedAt).toBeGreaterThan(250);
    expect(performance.now() - startedAt).toBeLessThan(2500);
    await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
    expect(await delta()).toEqual({ [RESPONSE_TIMEOUT]: 1 });
    await expectAlive();
  });

  test('never answers a body either: 504', async () => {
    const response = await request(gateway.port, { method: 'POST', path: '/brief', body: 'x'.repeat(10_000) });
    expect(response.status).toBe(504);
  });
});

describe('an upstream that breaks off in the body', () => {
  const OK = 'HTTP/1.1 200 OK\r\n';
  const CLOSE = `${OK}Connection: close\r\n`;
  const LENGTH = 'Content-Length: 10\r\n\r\n';
  const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
  const close = (socket: Socket) => socket.end();
  const reset = (socket: Socket) => socket.resetAndDestroy();
  const cut: [string, string, (socket: Socket) => unknown][] = [
    ['closes before its Content-Length', `${OK}${LENGTH}hello`, close],
    ['closes before the first byte of it', `${OK}${LENGTH}`, close],
    ['resets before its Content-Length', `${OK}${LENGTH}hello`, reset],
    ['says Connection: close, and closes before its Content-Length', `${CLOSE}${LENGTH}hello`, close],
    ['says Connection: close, and resets before its Content-Length', `${CLOSE}${LENGTH}hello`, reset],
    ['closes between chunks', `${OK}${CHUNKED}`, close],
    ['closes in a chunk', `${OK}${CHUNKED}`, socket => socket.end('a\r\nhalf')],
    ['closes before the end of the last chunk', `${OK}${CHUNKED}`, socket => socket.end('0\r\n')],
    ['resets between chunks', `${OK}${CHUNKED}`, reset],
    ['says Connection: close, and closes between chunks', `${CLOSE}${CHUNKED}`, close],
    ['says Connection: close, and resets between chunks', `${CLOSE}${CHUNKED}`, reset],
    ['has a chunk size that is none', `${OK}${CHUNKED}`, socket => socket.end('zz\r\nhello\r\n0\r\n\r\n')],
    [
      'has a chunk longer than it says',
      `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nhel`,
      socket => socket.end('lo\r\n0\r\n\r\n'),
    ],
    // The end of the connection is all that ends such a body, so its kind of end is all that tells (RFC 9112 section 8).
    ['resets a body without a length', `${CLOSE}\r\nhello`, reset],
  ];

  test.each(cut)('%s, at once: the body is aborted', async (name, start, end) => {
    rude.respond = socket => socket.write(start, () => end(socket));
    const answered = await readToTheEnd('/rude', '1.1');
    // Data and reset in one go look like data and end to Node.js, the gateway included: no test can tell.
    if (!name.includes('without a length')) expect(looksWhole(answered), JSON.stringify(answered)).toBe(false);
    await expectAlive();
  });

  describe.each(['1.0', '1.1'] as const)('once it has reached an HTTP/%s client', version => {
    test.each(cut)('%s: the body is aborted, counted once', async (name, start, end) => {
      const delta = await countFailures();
      rude.respond = socket => socket.write(start);
      const wire = await ask('/rude', version);
      await wire.until(start.includes('hel') ? 'hel' : '\r\n\r\n');
      for (const socket of rude.sockets) end(socket);
      const answered = await endOf(wire);
      expect(looksWhole(answered), JSON.stringify(answered)).toBe(false);
      expect(await delta()).toEqual({
        [name.includes('a chunk size') || name.includes('longer than') ? MALFORMED : RESET]: 1,
      });
      await expectAlive();
    });
  });

  test.each(['1.0', '1.1'] as const)(
    "stalls for longer than timeouts.idle: an HTTP/%s client's body is aborted",
    async version => {
      const delta = await countFailures('/brief');
      rude.respond = socket => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      const answered = await readToTheEnd('/brief', version);
      expect(answered.text).toContain('hello');
      expect(looksWhole(answered)).toBe(false);
      await withTimeout(1000, rude.allClosed(), "the upstream's connection did not end");
      expect(await delta()).toEqual({ [IDLE_TIMEOUT]: 1 });
      await expectAlive();
    },
  );

  test('answers with both Content-Length and Transfer-Encoding: refused, or framed once', async () => {
    rude.respond = socket =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
    const [answer] = parseResponses(Buffer.from((await readToTheEnd('/rude', '1.1')).text, 'latin1'));
    const framing = ['content-length', 'transfer-encoding'].flatMap(name => headerValues(answer?.headers ?? [], name));
    expect(framing.length).toBe(1);
    if (answer?.status !== 502) expect(answer?.body.toString()).toBe('hello');
    await expectAlive();
  });
});

describe('an upstream that says more than it should', () => {
  test.each([
    ['extra bytes', 'EXTRA'],
    ['a second answer', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON'],
  ])('%s after the body: the client gets its answer, and the next client not the rest', async (_name, extra) => {
    rude.respond = socket => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${extra}`);
    for (let count = 0; count < 10; count += 1) {
      const answered = await readToTheEnd('/rude', '1.1');
      const responses = parseResponses(Buffer.from(answered.text, 'latin1'));
      expect(answered.text).not.toContain(extra);
      expect(responses).toMatchObject([{ status: 200, complete: true }]);
      expect(String(responses[0]?.body)).toBe('ok');
    }
    await expectAlive();
  });

  test('an answer on an idle connection, that nobody asked for, is given to nobody', async () => {
    rude.respond = socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect((await request(gateway.port, { path: '/rude' })).status).toBe(200);
    for (const socket of rude.sockets) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON');
    await withTimeout(1000, rude.allClosed(), 'the connection was kept');
    const next = await request(gateway.port, { path: '/rude' });
    expect(next.body.toString()).toBe('ok');
  });

  test.each([204, 304])('a body with a %i is given to nobody', async status => {
    rude.respond = socket =>
      socket.write(`HTTP/1.1 ${status} Fine\r\nETag: "a"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON`);
    const answered = await readToTheEnd('/rude', '1.1');
    expect(answered.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answered.text).not.toContain('POISON');
    await expectAlive();
  });

  test.each([
    ['a control character', 'HTTP/1.1 200 O\x01K'],
    ['a NUL', 'HTTP/1.1 200 O\0K'],
    ['a bare CR', 'HTTP/1.1 200 O\rX-Injected: 1'],
    ['8 KB', `HTTP/1.1 200 ${'O'.repeat(8192)}`],
    ['obs-text', 'HTTP/1.1 200 \xe9\xff'],
    ['nothing', 'HTTP/1.1 200'],
  ])('a reason phrase with %s ends nothing', async (_name, statusLine) => {
    rude.respond = socket => socket.end(`${statusLine}\r\nContent-Length: 2\r\n\r\nok`, 'latin1');
    const answer = await request(gateway.port, { path: '/rude' });
    expect([200, 502]).toContain(answer.status);
    expect(answer.complete).toBe(true);
    expect(headerValues(answer.headers, 'x-injected')).toEqual([]);
    await expectAlive();
  });

  test('an answer that is whole, then a reset: the client has it', async () => {
    rude.respond = socket =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', () => socket.resetAndDestroy());
    const delta = await countFailures();
    const answer = await request(gateway.port, { path: '/rude' });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(await delta()).toEqual({});
    await expectAlive();
  });

  test('the highest status there is passes', async () => {
    rude.respond = socket => socket.end('HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok');
    expect(await request(gateway.port, { path: '/rude' })).toMatchObject({ status: 999, complete: true });
  });
});

describe('a client that sends what no gateway could route', () => {
  test.each([
    ['a token of 64 KB', `Authorization: Bearer ${'a'.repeat(64 * 1024)}\r\n`],
    ['a token of a million dots', `Authorization: Bearer ${'.'.repeat(1_000_000)}\r\n`],
    ['a thousand fields', 'X-Filler: 123456789012345678901234567890\r\n'.repeat(1000)],
    ['a target of 64 KB', ''],
  ])('%s: 431, logged and counted as headers_too_large', async (name, fields) => {
    const series = 'audgate_denials_total{route="(none)",reason="headers_too_large",action="refused"}';
    const before = await gateway.sample(series);
    const lines = gateway.log.length;
    const target = name.startsWith('a target') ? `/api/${'a'.repeat(64 * 1024)}` : '/api/a';
    const [answer] = await converse(`GET ${target} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`);
    expect(answer).toMatchObject({ status: 431, complete: true });
    expect(JSON.parse(String(answer?.body))).toMatchObject({ reason: 'headers_too_large', status: 431 });
    expect(await line(lines, { reason: 'headers_too_large' })).toMatchObject({
      status: 431,
      outcome: 'denied',
      reason: 'headers_too_large',
      route: '(none)',
    });
    expect(await gateway.sample(series)).toBe(before + 1);
    await expectAlive();
  });

  test('a token of as many dots as the head holds is judged at once', async () => {
    const startedAt = performance.now();
    const headers: HeaderPair[] = [bearer('.'.repeat(15_000))];
    const answer = await request(gateway.port, { path: '/api/a', headers });
    expect(answer.status).toBe(401);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'malformed_token' });
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test('every byte, in the value of a field: what is no field content never arrives', async () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const character = String.fromCharCode(byte);
      upstream.received.length = 0;
      const [answer] = await converse(
        `GET /open/a HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nX-A: a${character}X-B: b\r\n\r\n`,
      );
      const allowed = byte === 9 || (byte >= 32 && byte !== 127);
      expect(answer?.status, `byte ${byte}`).toBe(allowed ? 200 : 400);
      const fields = upstream.received[0]?.rawHeaders ?? [];
      expect(headerValues(fields, 'x-b'), `byte ${byte}`).toEqual([]);
      expect(headerValues(fields, 'x-a'), `byte ${byte}`).toEqual(allowed ? [`a${character}X-B: b`] : []);
    }
    await expectAlive();
  });

  test('every byte, in the name of a field: what is no token never arrives', async () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const character = String.fromCharCode(byte);
      upstream.received.length = 0;
      const [answer] = await converse(
        `GET /open/a HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nX-${character}A: a\r\n\r\n`,
      );
      const allowed = /[!#$%&'*+\-.^_`|~0-9A-Za-z:]/.test(character);
      expect(answer?.status, `byte ${byte}`).toBe(allowed ? 200 : 400);
      expect(upstream.received.length, `byte ${byte}`).toBe(allowed ? 1 : 0);
    }
    await expectAlive();
  });

  test.each([
    'Authorization',
    'Host',
    'Cookie',
    'Content-Length',
    'Transfer-Encoding',
    'Expect',
    'Connection',
    'Upgrade',
    'Content-Type',
  ])('garbage bytes in %s: refused or carried, never a fault', async name => {
    const noise = Array.from({ length: 128 }, (_, index) => String.fromCharCode(0x80 + index)).join('');
    const host = name === 'Host' ? '' : 'Host: a.example\r\n';
    const [answer] = await converse(`POST /api/a HTTP/1.1\r\n${host}Connection: close\r\n${name}: ${noise}\r\n\r\n`);
    expect(answer?.status).toBeGreaterThanOrEqual(200);
    expect(answer?.status).toBeLessThan(500);
    expect(upstream.received).toEqual([]);
    await expectAlive();
  });

  test.each([
    'GARBAGE\r\n\r\n',
    '\r\n\r\n\r\nGARBAGE\r\n\r\n',
    'GET\r\n\r\n',
    'GET /open/a\r\n\r\n',
    'GET /open/a HTTP/1.1 extra\r\nHost: a\r\n\r\n',
    'GET /open/a HTTP/2.0\r\nHost: a\r\n\r\n',
    'GET /open/a HTTP/0.9\r\nHost: a\r\n\r\n',
    'GET /open/a HTTP/9.9\r\nHost: a\r\n\r\n',
    'GET /open/a XTTP/1.1\r\nHost: a\r\n\r\n',
    'FROB /open/a HTTP/1.1\r\nHost: a\r\n\r\n',
    'get /open/a HTTP/1.1\r\nHost: a\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET /open/a\x00b HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET open/a HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET * HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET //a/open HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
    '{"json":true}\r\n\r\n',
    '\0\0\0\0\r\n\r\n',
  ])('the request %j is refused, in full, and arrives nowhere', async bytes => {
    const lines = gateway.log.length;
    const [answer] = await converse(bytes);
    expect([400, 404]).toContain(answer?.status);
    expect(answer?.complete).toBe(true);
    expect(headerValues(answer?.headers ?? [], 'content-type')).toEqual(['application/problem+json']);
    expect(await line(lines, { outcome: 'denied' })).toMatchObject({ status: answer?.status });
    expect(upstream.received).toEqual([]);
    await expectAlive();
  });

  test.each([
    ['two Hosts', 'Host: a.example\r\nHost: b.example\r\n'],
    ['the same Host twice', 'Host: a.example\r\nHost: a.example\r\n'],
    ['an empty Host', 'Host:\r\n'],
    ['a Host of spaces', 'Host:    \r\n'],
    ['no Host', ''],
    ['a Host with a path', 'Host: a.example/open\r\n'],
    ['a Host with userinfo', 'Host: b@a.example\r\n'],
    ['a Host with a comma', 'Host: a.example, b.example\r\n'],
    ['two lengths', 'Host: a.example\r\nContent-Length: 0\r\nContent-Length: 0\r\n'],
    ['a length and chunks', 'Host: a.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['a signed length', 'Host: a.example\r\nContent-Length: +5\r\n'],
    ['an unknown coding', 'Host: a.example\r\nTransfer-Encoding: gzip, chunked\r\n'],
    ['a coding that is not chunked', 'Host: a.example\r\nTransfer-Encoding: gzip\r\n'],
    ['chunked, but not last', 'Host: a.example\r\nTransfer-Encoding: chunked, gzip\r\n'],
    ['chunked twice', 'Host: a.example\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
    ['a coding that hides', 'Host: a.example\r\nTransfer-Encoding: \x0bchunked\r\n'],
    ['a space before the colon', 'Host: a.example\r\nTransfer-Encoding : chunked\r\n'],
    ['a folded line', 'Host: a.example\r\nX-A: b\r\n Transfer-Encoding: chunked\r\n'],
  ])('%s: 400, malformed_request', async (_name, fields) => {
    const [answer] = await converse(`GET /open/a HTTP/1.1\r\n${fields}\r\n`);
    expect(answer?.status).toBe(400);
    expect(JSON.parse(String(answer?.body))).toMatchObject({ reason: 'malformed_request' });
    expect(upstream.received).toEqual([]);
    await expectAlive();
  });

  test('bytes that end the connection behind a good request: it is answered, or it is not sent on', async () => {
    for (let count = 0; count < 20; count += 1) {
      // A new token each time, so that its verification takes a while.
      const fresh = await issuer.sign({ claims: { aud: RESOURCE } });
      upstream.received.length = 0;
      const head = `GET /api/a HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer ${fresh}\r\n\r\n`;
      const answers = await converse(`${head}GARBAGE\r\n\r\n`);
      await expectAlive();
      const statuses = answers.map(({ status }) => status);
      const arrived = upstream.received.filter(({ url }) => url === '/api/a').length;
      expect({ arrived, answered: statuses.filter(status => status === 200).length }).toEqual({
        arrived,
        answered: arrived,
      });
      expect(statuses.filter(status => status !== 200 && status !== 400)).toEqual([]);
    }
  });

  test('bytes that end the connection behind a good request of a public route arrive nowhere', async () => {
    await converse('GET /open/a HTTP/1.1\r\nHost: a.example\r\n\r\nGARBAGE /secret\r\n\r\n');
    await expectAlive();
    expect(JSON.stringify(upstream.received)).not.toContain('GARBAGE');
  });

  test('a chunked body that breaks in the middle never looks whole to the upstream', async () => {
    const bodies: (string | undefined)[] = [];
    const failed = new Promise<void>(resolve => {
      upstream.handle = (req, res) => {
        req
          .on('error', () => resolve())
          .on('end', () => bodies.push('whole'))
          .resume();
        res.on('error', () => undefined);
      };
    });
    const wire = await openConnected(gateway.port);
    const head = `POST /api/a HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    wire.socket.write(`${head}5\r\nhello\r\n`);
    await eventually(() => upstream.received.length === 1);
    wire.socket.write('zz\r\n');
    await withTimeout(1000, failed, "the upstream's request did not end");
    expect(bodies).toEqual([]);
    await expectAlive();
  });
});

describe('a client that leaves', () => {
  test.each(leavings())(
    "before the head (%s): the upstream's request ends within 250 ms, status 499",
    async (name, leave) => {
      const lines = gateway.log.length;
      const delta = await countFailures();
      const wire = await openConnected(gateway.port);
      wire.socket.write(`GET /rude/before-${name} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
      await rude.until('GET /rude');
      leave(wire.socket);
      await withTimeout(250, rude.allClosed(), "the upstream's request did not end");
      expect(await line(lines, { path: `/rude/before-${name}` })).toMatchObject({
        status: 499,
        route: '/rude',
        outcome: 'forwarded',
      });
      expect(await delta()).toEqual({});
      await expectAlive();
    },
  );

  test.each(leavings())(
    "in its upload (%s): the upstream's request ends within 250 ms, status 499",
    async (name, leave) => {
      const lines = gateway.log.length;
      const wire = await openConnected(gateway.port);
      wire.socket.write(`POST /rude/during-${name} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\nhello`);
      await rude.until('hello');
      leave(wire.socket);
      await withTimeout(250, rude.allClosed(), "the upstream's request did not end");
      expect(await line(lines, { path: `/rude/during-${name}` })).toMatchObject({ status: 499, route: '/rude' });
      await expectAlive();
    },
  );

  test.each(leavings())("in its download (%s): the upstream's response ends within 250 ms", async (name, leave) => {
    const lines = gateway.log.length;
    const delta = await countFailures();
    rude.respond = socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello');
    const wire = await openConnected(gateway.port);
    wire.socket.write(`GET /rude/after-${name} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
    await wire.until('hello');
    leave(wire.socket);
    await withTimeout(250, rude.allClosed(), "the upstream's response did not end");
    expect(await line(lines, { path: `/rude/after-${name}` })).toMatchObject({ status: 200, route: '/rude' });
    expect(await delta()).toEqual({});
    await expectAlive();
  });

  test('in the middle of its own head: nothing arrives, nothing breaks', async () => {
    const wire = await openConnected(gateway.port);
    wire.socket.write('GET /open/a HTTP/1.1\r\nHost: a.exa');
    await gateway.scrape();
    wire.socket.resetAndDestroy();
    await expectAlive();
    expect(upstream.received.map(({ url }) => url)).toEqual(['/open/alive']);
  });
});

describe('a client that stalls', () => {
  let own: RunningGateway;

  beforeAll(async () => {
    own = await startGateway(`
timeouts: { headers: 400ms, body: 400ms }
routes:
  /rude: { public: true, upstream: "http://127.0.0.1:${rude.port}" }
`);
  });

  afterAll(() => own.close());

  test('in its head: ended, told so', async () => {
    const wire = await openConnected(own.port);
    wire.socket.write('GET /rude HTTP/1.1\r\nHost: a.exa');
    await withTimeout(4000, wire.closed, 'the connection did not end');
    expect(wire.text()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('in its upload: both connections end', async () => {
    const wire = await openConnected(own.port);
    wire.socket.write('POST /rude HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\nhello');
    await rude.until('hello');
    await withTimeout(4000, Promise.all([wire.closed, rude.allClosed()]), 'the connections did not end');
    expect(wire.text()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('before the first byte of its upload: its connection ends', async () => {
    const wire = await openConnected(own.port);
    wire.socket.write('POST /rude HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\n');
    await withTimeout(4000, Promise.all([wire.closed, rude.allClosed()]), 'the connections did not end');
  });

  test('in its download: both connections end', async () => {
    rude.respond = socket => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
      socket.write(Buffer.alloc(50_000_000));
    };
    const wire = await openConnected(own.port);
    wire.socket.pause();
    wire.socket.write('GET /rude HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await rude.until('GET /rude');
    await withTimeout(4000, rude.allClosed(), 'the connection of the upstream did not end');
  });
});

function leavings(): [string, (socket: Socket) => unknown][] {
  return [
    ['reset', socket => socket.resetAndDestroy()],
    ['closed', socket => socket.destroy()],
  ];
}

/** @returns by what the failures of the route's upstream have grown, by `reason/cause`. */
async function countFailures(route = '/rude') {
  const before = readFailures(await gateway.scrape(), route);
  return async () => {
    const after = Object.entries(readFailures(await gateway.scrape(), route));
    const grown = after.map(([each, count]) => [each, count - (before[each] ?? 0)] as const);
    return Object.fromEntries(grown.filter(([, count]) => count > 0));
  };
}

async function expectAlive(): Promise<void> {
  upstream.handle = answerWithWhatArrived;
  expect(await request(gateway.port, { path: '/open/alive' })).toMatchObject({ status: 200, complete: true });
}

/** The line of the log from position `from` that says so, once it is there: lines of earlier tests may still come. */
async function line(from: number, said: Readonly<Record<string, unknown>>) {
  const isIt = (entry: LogLine) => Object.entries(said).every(([key, value]) => entry[key] === value);
  await eventually(() => gateway.log.slice(from).some(isIt));
  return gateway.log.slice(from).find(isIt);
}

/** Sends these bytes, and reads until the gateway closes the connection. */
async function converse(bytes: string): Promise<RawResponse[]> {
  return parseResponses(await sendRaw(gateway.port, bytes));
}

interface Answered {
  /** Latin-1. */
  readonly text: string;
  /** Whether the connection ended without an error. */
  readonly isCleanEnd: boolean;
}

async function readToTheEnd(path: string, version: '1.0' | '1.1'): Promise<Answered> {
  return endOf(await ask(path, version));
}

async function ask(path: string, version: '1.0' | '1.1'): Promise<RawConnection> {
  const wire = await openConnected(gateway.port);
  wire.socket.write(`GET ${path} HTTP/${version}\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
  return wire;
}

async function endOf(wire: RawConnection): Promise<Answered> {
  await withTimeout(4000, wire.closed, 'the connection did not end');
  return { text: wire.text(), isCleanEnd: !wire.socket.errored };
}

/** An answer without framing is whole where its connection ends well (RFC 9112 section 6.3). */
function looksWhole({ text, isCleanEnd }: Answered): boolean {
  const [answer] = parseResponses(Buffer.from(text, 'latin1'));
  if (answer === undefined || answer.status === 0) return false;
  const isFramed = ['content-length', 'transfer-encoding'].some(name => headerValues(answer.headers, name).length > 0);
  return answer.complete && (isFramed || isCleanEnd);
}
