/**
 * What one client, or all of them, may use: bytes of a head, bytes of a body, requests under way, connections. Each limit
 * applies where it says, is counted, and releases what it took.
 *
 * Seen in: http-proxy #1559 and every proxy without them; CVE-2024-27983 and similar ones (unbounded heads); in-flight counters
 * that leak with each client that disconnects.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { destroyConnections, openConnection, type RawConnection } from '../support/raw-connection.ts';
import {
  bearer,
  type HeaderPair,
  headerValues,
  parseResponses,
  type RawRequest,
  request,
  sendRaw,
} from '../support/raw-http.ts';
import { HANDSHAKE_FIELDS } from '../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { answerWithWhatArrived, readBody, startUpstream, type Upstream } from '../support/upstream.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let authorization: HeaderPair;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
limits: { headers: 4KiB }
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /open: { public: true, upstream: "${upstream.origin}" }
  /small: { public: true, upstream: "${upstream.origin}", limits: { body: 10B } }
  /few: { resource: "https://few.example/", upstream: "${upstream.origin}", limits: { in_flight: 2 } }
  /report: { resource: "https://report.example/", upstream: "${upstream.origin}", enforcement: report, limits: { body: 10B } }
`);
  authorization = bearer(await issuer.sign({ claims: { aud: 'https://few.example/' } }));
});

afterEach(() => {
  destroyConnections();
  upstream.handle = answerWithWhatArrived;
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

describe('bytes of a head', () => {
  test.each([
    ['one long field', 'GET /open/x', `X-A: ${'x'.repeat(5000)}\r\n`],
    ['one long name', 'GET /open/x', `${'X'.repeat(5000)}: a\r\n`],
    ['many fields', 'GET /open/x', 'X-A: b\r\n'.repeat(700)],
    ['many empty fields', 'GET /open/x', 'a:\r\n'.repeat(2000)],
    ['a long target', `GET /open/${'x'.repeat(5000)}`, ''],
    ['a long query', `GET /open/x?${'x'.repeat(5000)}`, ''],
    ['a long token', 'GET /few/x', `Authorization: Bearer ${'x'.repeat(5000)}\r\n`],
    ['an upgrade', 'GET /open/x', `${HANDSHAKE_FIELDS}X-A: ${'x'.repeat(5000)}\r\n`],
    ['a head that never ends', 'GET /open/x', 'X-A: b\r\n'.repeat(20_000).slice(0, -2)],
  ])('%s: 431, counted', async (_name, line, fields) => {
    const series = 'audgate_denials_total{route="(none)",reason="headers_too_large",action="refused"}';
    const before = await gateway.sample(series);
    const bytes = `${line} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`;
    const [response] = parseResponses(await sendRaw(gateway.port, bytes, { responses: 1 }));
    expect(response).toMatchObject({ status: 431, complete: true });
    expect(JSON.parse(response?.body.toString() ?? '').reason).toBe('headers_too_large');
    expect(upstream.received).toEqual([]);
    expect(await gateway.sample(series)).toBe(before + 1);
  });

  test('below the limit: forwarded', async () => {
    const headers: HeaderPair[] = [['X-A', 'x'.repeat(3500)]];
    expect((await request(gateway.port, { path: '/open/x', headers })).status).toBe(200);
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'x-a')).toEqual(['x'.repeat(3500)]);
  });
});

const CHUNKED: HeaderPair = ['Transfer-Encoding', 'chunked'];

describe('bytes of a body', () => {
  const tooLarge: readonly (readonly [string, RawRequest])[] = [
    ['a length one too many', { method: 'POST', path: '/small/x', body: 'x'.repeat(11) }],
    [
      'a length of 10^15 - 1, of which nothing comes',
      { method: 'POST', path: '/small/x', headers: [['Content-Length', '9'.repeat(15)]] },
    ],
    ['a GET', { path: '/small/x', body: 'x'.repeat(11) }],
    ['a DELETE', { method: 'DELETE', path: '/small/x', body: 'x'.repeat(11) }],
    [
      'one chunk',
      { method: 'POST', path: '/small/x', headers: [CHUNKED], body: `b\r\n${'x'.repeat(11)}\r\n0\r\n\r\n` },
    ],
    [
      'eleven chunks',
      { method: 'PUT', path: '/small/x', headers: [CHUNKED], body: `${'1\r\nx\r\n'.repeat(11)}0\r\n\r\n` },
    ],
    [
      'chunks that never end',
      { method: 'POST', path: '/small/x', headers: [CHUNKED], body: '5\r\nhello\r\n'.repeat(3) },
    ],
    [
      'a chunk of 2^40 bytes',
      { method: 'POST', path: '/small/x', headers: [CHUNKED], body: `10000000000\r\n${'x'.repeat(11)}` },
    ],
    ['a chunked GET', { path: '/small/x', headers: [CHUNKED], body: `b\r\n${'x'.repeat(11)}\r\n0\r\n\r\n` }],
    [
      'a chunked OPTIONS',
      { method: 'OPTIONS', path: '/small/x', headers: [CHUNKED], body: `b\r\n${'x'.repeat(11)}\r\n0\r\n\r\n` },
    ],
    [
      'an expected one',
      {
        method: 'POST',
        path: '/small/x',
        headers: [
          ['Expect', '100-continue'],
          ['Content-Length', '11'],
        ],
      },
    ],
    ['in the mode that refuses no token', { method: 'POST', path: '/report/x', body: 'x'.repeat(11) }],
    ['4 MiB', { method: 'POST', path: '/small/x', body: 'x'.repeat(4 * 1024 * 1024) }],
  ];
  test.each(tooLarge)('%s: 413, counted, never whole at the upstream', async (_name, raw) => {
    const wholes: string[] = [];
    upstream.handle = async (req, res, received) => {
      try {
        await readBody(req, received);
        wholes.push(received.url);
        res.end();
      } catch {
        res.destroy();
      }
    };
    const route = raw.path.slice(0, raw.path.lastIndexOf('/'));
    const series = `audgate_denials_total{route="${route}",reason="body_too_large",action="refused"}`;
    const before = await gateway.sample(series);
    const response = await request(gateway.port, raw);
    expect(response).toMatchObject({ status: 413, complete: true });
    expect(JSON.parse(response.body.toString()).reason).toBe('body_too_large');
    expect(wholes).toEqual([]);
    // It is counted when its response has been sent, or when the client disconnects.
    await vi.waitFor(async () => expect(await gateway.sample(series)).toBe(before + 1), { timeout: 3000 });
  });

  test.each<readonly [string, RawRequest]>([
    ['a length at the limit', { method: 'POST', path: '/small/x', body: 'x'.repeat(10) }],
    [
      'chunks at the limit',
      { method: 'POST', path: '/small/x', headers: [CHUNKED], body: `${'1\r\nx\r\n'.repeat(10)}0\r\n\r\n` },
    ],
    [
      'chunks at the limit, their frames far above it',
      {
        method: 'POST',
        path: '/small/x',
        headers: [CHUNKED],
        body: `000000a;${'e'.repeat(500)}\r\n${'x'.repeat(10)}\r\n0\r\n\r\n`,
      },
    ],
    ['no body', { method: 'POST', path: '/small/x' }],
    ['more, where there is no limit', { method: 'POST', path: '/open/x', body: 'x'.repeat(100_000) }],
  ])('%s: forwarded', async (_name, raw) => {
    expect(await request(gateway.port, raw)).toMatchObject({ status: 200, complete: true });
  });
});

describe('requests under way', () => {
  const OVERLOADED = 'audgate_denials_total{route="/few",reason="overloaded",action="refused"}';
  const ask = (path = '/few/x', headers: HeaderPair[] = [authorization]) => request(gateway.port, { path, headers });

  /** Two requests that wait at the upstream: as many as the limit allows. */
  async function fill(): Promise<readonly RawConnection[]> {
    upstream.handle = (_req, res) => res.on('error', () => undefined).flushHeaders();
    const two = [0, 1].map(() =>
      openConnection(gateway.port, `GET /few/x HTTP/1.1\r\nHost: a.example\r\n${authorization.join(': ')}\r\n\r\n`),
    );
    for (const client of two) await client.until('200 OK');
    return two;
  }

  test('one too many: 503 with Retry-After, counted; other routes and refusals are unaffected', async () => {
    await fill();
    const before = await gateway.sample(OVERLOADED);
    const response = await ask();
    expect(response).toMatchObject({ status: 503, complete: true });
    expect(headerValues(response.headers, 'retry-after')).toEqual(['1']);
    expect(JSON.parse(response.body.toString()).reason).toBe('overloaded');
    await vi.waitFor(async () => expect(await gateway.sample(OVERLOADED)).toBe(before + 1), { timeout: 3000 });
    upstream.handle = answerWithWhatArrived;
    expect((await ask('/open/x')).status).toBe(200);
    expect((await ask('/few/x', [])).status).toBe(401);
    expect((await ask('/few/../x')).status).toBe(400);
  });

  test('one too many, while its body is being sent: 503, and the response arrives', async () => {
    await fill();
    const raw = { method: 'POST', path: '/few/x', headers: [authorization], body: 'x'.repeat(100_000) };
    expect(await request(gateway.port, raw)).toMatchObject({ status: 503, complete: true });
  });

  test('one too many, as a WebSocket: 503', async () => {
    await fill();
    const bytes = `GET /few/x HTTP/1.1\r\nHost: a.example\r\n${authorization.join(': ')}\r\n${HANDSHAKE_FIELDS}\r\n`;
    const [response] = parseResponses(await sendRaw(gateway.port, bytes, { responses: 1 }));
    expect(response?.status).toBe(503);
  });

  test.each<readonly [string, (client: RawConnection) => unknown]>([
    ['the client that resets', ({ socket }) => socket.resetAndDestroy()],
    ['the client that closes', ({ socket }) => socket.destroy()],
    ['the upstream that resets', () => upstream.server.closeAllConnections()],
  ])('%s: its place is released', async (_name, leave) => {
    for (let round = 0; round < 3; round += 1) {
      for (const client of await fill()) leave(client);
      upstream.handle = answerWithWhatArrived;
      await vi.waitFor(async () => expect((await ask()).status).toBe(200), { timeout: 3000 });
    }
  });

  test('responses, refusals, failures and tunnels: their places are released', async () => {
    upstream.handle = (_req, res) => res.destroy();
    for (let count = 0; count < 5; count += 1) expect((await ask()).status).toBe(502);
    upstream.handle = answerWithWhatArrived;
    for (let count = 0; count < 5; count += 1) {
      expect((await ask('/few/x', [])).status).toBe(401);
      const tunnel = openConnection(
        gateway.port,
        `GET /few/x HTTP/1.1\r\nHost: a.example\r\n${authorization.join(': ')}\r\n${HANDSHAKE_FIELDS}\r\n`,
      );
      await tunnel.until('101');
      tunnel.socket.resetAndDestroy();
    }
    await vi.waitFor(
      async () => expect((await Promise.all([ask(), ask()])).map(({ status }) => status)).toEqual([200, 200]),
      {
        timeout: 3000,
      },
    );
  });
});

describe('connections', () => {
  test('one too many: closed without a response and counted; a connection that closes makes room', async () => {
    const narrow = await startGateway(`
limits: { connections: 3 }
routes:
  /open: { public: true, upstream: "${upstream.origin}" }
`);
    const ENDED = 'audgate_connections_ended_total{cause="connection_limit"}';
    const held = [0, 1, 2].map(() => openConnection(narrow.port, 'GET /open/x HTTP/1.1\r\nHost: a.example\r\n\r\n'));
    for (const client of held) await client.until('200 OK');
    const refused = [0, 1].map(() => openConnection(narrow.port, 'GET /open/y HTTP/1.1\r\nHost: a.example\r\n\r\n'));
    await Promise.all(refused.map(({ closed }) => closed));
    expect(refused.map(client => client.text())).toEqual(['', '']);
    expect(upstream.received.map(({ url }) => url)).toEqual(['/open/x', '/open/x', '/open/x']);
    expect(await narrow.sample(ENDED)).toBe(2);
    held[0]?.socket.destroy();
    await vi.waitFor(async () => expect((await request(narrow.port, { path: '/open/x' })).status).toBe(200), {
      timeout: 3000,
    });
    destroyConnections();
    await narrow.close();
  });
});
