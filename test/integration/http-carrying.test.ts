/** What a request and its answer keep, lose and gain on their way through (RFC 9110, RFC 9112), seen on the wire at both ends. */

import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { Gateway } from '../../src/gateway.ts';
import { Server } from '../../src/server/server.ts';
import { createLog } from '../../src/telemetry/log/log.ts';
import { Metrics } from '../../src/telemetry/metrics/metrics.ts';
import { createTelemetry } from '../../src/telemetry/telemetry.ts';
import { type RunningGateway, readFailures, startGateway } from '../support/gateway.ts';
import { destroyConnections, openConnected, type RawConnection } from '../support/raw-connection.ts';
import {
  bearer,
  formatChunks,
  formatRequest,
  type HeaderPair,
  headerValues,
  parseResponses,
  type RawRequest,
  type RawResponse,
  request,
  sendRaw,
} from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import {
  answerWithWhatArrived,
  type ReceivedRequest,
  readBody,
  startUpstream,
  type Upstream,
} from '../support/upstream.ts';
import { eventually, withTimeout } from '../support/waiting.ts';

const RESOURCE = 'https://api.example.com/';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(configure());
  token = await issuer.sign({ claims: { aud: RESOURCE, sub: 'alice', client_id: 'shop', groups: ['red', 'blue'] } });
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

describe('bodies', () => {
  test('HEAD: the fields of the answer arrive, no body does, and the connection serves the next request', async () => {
    upstream.handle = (_req, res) => res.writeHead(200, { 'content-length': '12', etag: '"v1"' }).end();
    const [first, second] = await pipeline([
      { method: 'HEAD', path: '/api/a' },
      { path: '/api/b', method: 'HEAD' },
    ]);
    expect(first?.status).toBe(200);
    expect(headerValues(first?.headers ?? [], 'content-length')).toEqual(['12']);
    expect(headerValues(first?.headers ?? [], 'etag')).toEqual(['"v1"']);
    expect(second?.status).toBe(200);
    expect(upstream.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['HEAD /api/a', 'HEAD /api/b']);
  });

  test.each([204, 304])('%i: no body and no framing, and the connection serves the next request', async status => {
    upstream.handle = (req, res) => {
      if (req.url === '/api/empty') res.writeHead(status, { etag: '"v1"' }).end();
      else res.end('next');
    };
    const [empty, next] = await pipeline([{ path: '/api/empty' }, { path: '/api/next' }]);
    expect(empty?.status).toBe(status);
    expect(headerValues(empty?.headers ?? [], 'etag')).toEqual(['"v1"']);
    expect(headerValues(empty?.headers ?? [], 'transfer-encoding')).toEqual([]);
    expect(next).toMatchObject({ status: 200, complete: true });
    expect(next?.body.toString()).toBe('next');
  });

  test('304 may tell the length that a 200 would have had, and the connection serves the next request', async () => {
    upstream.handle = (req, res) => {
      if (req.url === '/api/same') res.socket?.write('HTTP/1.1 304 Not Modified\r\nContent-Length: 40\r\n\r\n');
      else res.end('next');
    };
    const [same, next] = await pipeline([{ path: '/api/same' }, { path: '/api/next' }]);
    expect(same?.status).toBe(304);
    expect(headerValues(same?.headers ?? [], 'content-length')).toEqual(['40']);
    expect(next?.body.toString()).toBe('next');
    expect(readFailures(await gateway.scrape(), '/api')).toEqual({});
  });

  test('204 with a length that no 204 may have: whole, and no failure', async () => {
    upstream.handle = (req, res) => {
      if (req.url === '/api/none') res.socket?.write('HTTP/1.1 204 No Content\r\nContent-Length: 40\r\n\r\n');
      else res.end('next');
    };
    const [none, next] = await pipeline([{ path: '/api/none' }, { path: '/api/next' }]);
    expect(none).toMatchObject({ status: 204, complete: true });
    expect(headerValues(none?.headers ?? [], 'content-length')).toEqual([]);
    expect(next?.body.toString()).toBe('next');
    expect(readFailures(await gateway.scrape(), '/api')).toEqual({});
  });

  test('chunked both ways: the same bytes, chunked again at each hop', async () => {
    upstream.handle = async (req, res, received) => {
      const body = await readBody(req, received);
      res.write(body.subarray(0, 3));
      res.end(body.subarray(3));
    };
    const answer = await call({
      method: 'POST',
      path: '/api/a',
      headers: [CHUNKED],
      body: formatChunks('hello', ' world'),
    });
    expect(answer.body.toString()).toBe('hello world');
    expect(headerValues(answer.headers, 'transfer-encoding')).toEqual(['chunked']);
    expect(answer.complete).toBe(true);
    const received = onlyRequest();
    expect(received.body?.text).toBe('hello world');
    // Where the whole body is there already, its length may be told instead; never both.
    const framing = [
      ...headerValues(received.rawHeaders, 'transfer-encoding'),
      ...headerValues(received.rawHeaders, 'content-length'),
    ];
    expect(['chunked', '11']).toContain(framing.join());
  });

  test('Content-Length both ways: the same length, and no chunks', async () => {
    upstream.handle = async (req, res, received) => {
      const body = await readBody(req, received);
      res.writeHead(200, { 'content-length': String(body.length) }).end(body);
    };
    const answer = await call({ method: 'PUT', path: '/api/a', body: 'hello world' });
    expect(answer.body.toString()).toBe('hello world');
    expect(headerValues(answer.headers, 'content-length')).toEqual(['11']);
    expect(headerValues(answer.headers, 'transfer-encoding')).toEqual([]);
    const received = onlyRequest();
    expect(headerValues(received.rawHeaders, 'content-length')).toEqual(['11']);
    expect(headerValues(received.rawHeaders, 'transfer-encoding')).toEqual([]);
  });

  test('POST with Content-Length: 0 arrives as one request without a body, framed as such', async () => {
    const answer = await call({ method: 'POST', path: '/api/a', headers: [['Content-Length', '0']] });
    expect(answer.status).toBe(200);
    expect(onlyRequest()).toMatchObject({ method: 'POST', body: { length: 0 } });
    expect(headerValues(onlyRequest().rawHeaders, 'transfer-encoding')).toEqual([]);
  });

  const smuggled = 'GET /api/smuggled HTTP/1.1\r\nHost: internal\r\nX-User: admin\r\n\r\n';
  const bodied = ['GET', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'];
  test.each(bodied)(
    'CVE-2026-29057: a chunked %s whose body reads like a request arrives as ONE request',
    async method => {
      const answer = await call({ method, path: '/api/a', headers: [CHUNKED], body: formatChunks(smuggled) });
      expect(answer.status).toBe(200);
      await expectOneRequest(method, smuggled);
    },
  );

  test.each(bodied)('a %s with Content-Length whose body reads like a request arrives as ONE request', async method => {
    const answer = await call({ method, path: '/api/a', body: smuggled });
    expect(answer.status).toBe(200);
    await expectOneRequest(method, smuggled);
  });

  test('a trailer section of the client reaches nobody, and the request behind it is read as the second', async () => {
    const first = formatRequest(gateway.port, {
      method: 'POST',
      path: '/api/a',
      headers: [bearer(token), CHUNKED, ['Trailer', 'X-User'], ['Connection', 'keep-alive']],
      body: '5\r\nhello\r\n0\r\nX-User: admin\r\n\r\n',
    });
    const second = formatRequest(gateway.port, { path: '/api/b', headers: [bearer(token)] });
    const answers = parseResponses(await sendRaw(gateway.port, Buffer.concat([first, second]), { responses: 2 }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(upstream.received.map(({ url }) => url)).toEqual(['/api/a', '/api/b']);
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'trailer')).toEqual([]);
    expect(JSON.stringify(upstream.received)).not.toContain('admin');
  });

  test('an early answer of the upstream reaches the client that is still uploading', async () => {
    upstream.handle = (_req, res) => res.writeHead(413, { connection: 'close' }).end('too large');
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('POST /api/a', [bearer(token), ['Content-Length', String(64 * 1024 * 1024)]]));
    wire.socket.write(Buffer.alloc(64 * 1024));
    await wire.until('too large');
    const [answer] = parseResponses(Buffer.from(wire.text(), 'latin1'), { open: true });
    expect(answer?.status).toBe(413);
    expect(answer?.body.toString()).toBe('too large');
    expect((await call({ path: '/api/next' })).status).toBe(413);
  });

  describe('after an early answer of an upstream that keeps its connection', () => {
    let own: RunningGateway;
    let wire: RawConnection;
    const rest = Buffer.alloc(256 * 1024);

    beforeEach(async () => {
      own = await startGateway(configure());
      upstream.handle = (_req, res) => res.writeHead(403).end('no need');
      wire = await openConnected(own.port);
      wire.socket.write(head('POST /api/a', [bearer(token), ['Content-Length', String(rest.length + 1)]]));
      wire.socket.write('a');
      await wire.until('no need');
      upstream.handle = (_req, res) => res.end('the next one');
    });

    afterEach(async () => {
      wire.socket.destroy();
      await withTimeout(5000, own.close(), 'the gateway did not drain');
    });

    test('the rest of the body is read away, and the connection serves the next request or ends', async () => {
      wire.socket.write(rest);
      wire.socket.write(head('GET /api/next', [bearer(token)]));
      const served = wire.until('the next one').catch(() => undefined);
      await withTimeout(3000, Promise.race([served, wire.closed]), 'neither');
    });

    test('the client that leaves takes its connection with it', async () => {
      wire.socket.destroy();
      await eventually(async () => (await own.sample('audgate_open_connections{kind="http"}')) === 0);
    });
  });

  test('a piece of a chunked body reaches the upstream before the next is sent', async () => {
    const first = new Promise<string>(resolve => {
      upstream.handle = async (req, res) => {
        req.once('data', piece => resolve(String(piece)));
        await once(req, 'end');
        res.end('done');
      };
    });
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('DELETE /api/a', [bearer(token), CHUNKED, ['Connection', 'close']]));
    wire.socket.write('5\r\nhello\r\n');
    expect(await withTimeout(3000, first, 'the piece did not arrive')).toBe('hello');
    expect(headerValues(onlyRequest().rawHeaders, 'transfer-encoding')).toEqual(['chunked']);
    wire.socket.write('0\r\n\r\n');
    await wire.until('done');
  });
});

describe('Expect: 100-continue', () => {
  const expecting = (...more: HeaderPair[]): HeaderPair[] => [
    ...more,
    ['Expect', '100-continue'],
    ['Content-Length', '5'],
  ];

  test('the interim answer invites the body of an authorised request; the upstream never sees the field', async () => {
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('POST /api/a', expecting(bearer(token), ['Connection', 'close'])));
    await wire.until('HTTP/1.1 100 Continue\r\n\r\n');
    expect(wire.text()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    wire.socket.write('hello');
    await wire.closed;
    const answers = parseResponses(Buffer.from(wire.text(), 'latin1'));
    expect(answers.map(({ status }) => status)).toEqual([100, 200]);
    expect(onlyRequest()).toMatchObject({ body: { text: 'hello' } });
    expect(headerValues(onlyRequest().rawHeaders, 'expect')).toEqual([]);
  });

  test.each([
    ['without a token', [], 401, 'missing_token'],
    ['with an empty token', [['Authorization', 'Bearer']], 400, 'malformed_credentials'],
  ] as const)(
    'a request %s is refused at once, uninvited, and its connection ends',
    async (_name, fields, status, reason) => {
      const wire = await openConnected(gateway.port);
      wire.socket.write(head('POST /api/a', expecting(...fields)));
      await wire.closed;
      const answers = parseResponses(Buffer.from(wire.text(), 'latin1'));
      expect(answers.map(answer => answer.status)).toEqual([status]);
      expect(JSON.parse(String(answers[0]?.body))).toMatchObject({ reason });
      expect(upstream.received).toEqual([]);
    },
  );

  test('a token for another resource is refused uninvited', async () => {
    const foreign = await issuer.sign({ claims: { aud: 'https://other.example.com/' } });
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('POST /api/a', expecting(bearer(foreign))));
    await wire.closed;
    expect(wire.text()).toMatch(/^HTTP\/1\.1 401 /);
    expect(wire.text()).not.toContain('100 Continue');
    expect(upstream.received).toEqual([]);
  });

  test('another expectation is refused and never forwarded', async () => {
    const answer = await call({ method: 'POST', path: '/api/a', headers: [['Expect', '200-maybe']], body: 'x' });
    expect([400, 417]).toContain(answer.status);
    expect(upstream.received).toEqual([]);
  });

  test('an HTTP/1.0 client gets no interim answer (RFC 9110 section 10.1.1)', async () => {
    const fields = expecting(bearer(token));
    const bytes = head('POST /api/a', fields).replace('HTTP/1.1', 'HTTP/1.0');
    const answer = (await sendRaw(gateway.port, `${bytes}hello`)).toString('latin1');
    expect(answer).toContain('200 OK');
    expect(answer).not.toContain('100 Continue');
  });

  test('the body of a public route is invited too', async () => {
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('POST /open/a', expecting(['Connection', 'close'])));
    await wire.until('HTTP/1.1 100 Continue\r\n\r\n');
    wire.socket.write('hello');
    await wire.closed;
    expect(onlyRequest()).toMatchObject({ body: { text: 'hello' } });
  });
});

describe('fields of the request', () => {
  test('duplicates are kept, in order and apart', async () => {
    await call({
      path: '/api/a',
      headers: [
        ['X-Tag', 'a'],
        ['Cookie', 'p=1'],
        ['x-tag', 'b'],
        ['X-Tag', 'a'],
      ],
    });
    expect(headerValues(onlyRequest().rawHeaders, 'x-tag')).toEqual(['a', 'b', 'a']);
    expect(headerValues(onlyRequest().rawHeaders, 'cookie')).toEqual(['p=1']);
  });

  test('what belongs to the connection ends here', async () => {
    const hop: HeaderPair[] = [
      ['Keep-Alive', 'timeout=5'],
      ['Proxy-Connection', 'keep-alive'],
      ['Proxy-Authorization', 'Basic secret'],
      ['Proxy-Authenticate', 'Basic'],
      ['TE', 'trailers'],
      ['Trailer', 'X-Later'],
      ['Upgrade', 'h2c'],
      ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ];
    expect((await call({ path: '/api/a', headers: [...hop, ['X-Kept', '1']] })).status).toBe(200);
    const { rawHeaders } = onlyRequest();
    for (const [name] of hop) expect(headerValues(rawHeaders, name), name).toEqual([]);
    expect(headerValues(rawHeaders, 'x-kept')).toEqual(['1']);
  });

  test('what Connection lists is removed, except what it has no say in', async () => {
    const listed = 'close, X-Private,X-User , X-Forwarded-For, Forwarded, Via, Host, Authorization';
    const headers: HeaderPair[] = [
      ['Connection', listed],
      ['X-Private', 'p'],
      ['X-Public', 'q'],
      ['X-User', 'admin'],
    ];
    expect((await call({ path: '/forwarding/a', headers })).status).toBe(200);
    const { rawHeaders } = onlyRequest();
    expect(headerValues(rawHeaders, 'x-private')).toEqual([]);
    expect(headerValues(rawHeaders, 'x-public')).toEqual(['q']);
    expect(headerValues(rawHeaders, 'x-user')).toEqual(['alice']);
    expect(headerValues(rawHeaders, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(headerValues(rawHeaders, 'via')).toEqual(['1.1 audgate']);
    expect(headerValues(rawHeaders, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
    expect(headerValues(rawHeaders, 'authorization')).toEqual([`Bearer ${token}`]);
  });

  test('Connection that lists Content-Length or Transfer-Encoding does not unframe the body', async () => {
    const body = 'GET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    await call({ method: 'POST', path: '/api/a', headers: [['Connection', 'close, Content-Length']], body });
    await expectOneRequest('POST', body);
    upstream.received.length = 0;
    const connection: HeaderPair = ['Connection', 'close, Transfer-Encoding'];
    await call({ method: 'DELETE', path: '/api/a', headers: [connection, CHUNKED], body: formatChunks(body) });
    await expectOneRequest('DELETE', body);
  });

  test("Host is the upstream's; X-Forwarded-*, Forwarded and Via tell of the client's hop", async () => {
    await call({ path: '/api/a', headers: [['Host', 'shop.example:8443']] });
    const { rawHeaders } = onlyRequest();
    expect(headerValues(rawHeaders, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
    expect(headerValues(rawHeaders, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(headerValues(rawHeaders, 'x-forwarded-host')).toEqual(['shop.example:8443']);
    expect(headerValues(rawHeaders, 'x-forwarded-proto')).toEqual(['http']);
    expect(headerValues(rawHeaders, 'forwarded')).toEqual(['for=127.0.0.1;host="shop.example:8443";proto=http']);
    expect(headerValues(rawHeaders, 'via')).toEqual(['1.1 audgate']);
  });

  test.each([
    'X-Forwarded-For',
    'x-forwarded-for',
    'X_Forwarded_For',
    'x-FORWARDED_for',
    'X-Forwarded-Host',
    'X_FORWARDED_HOST',
    'X-Forwarded-Proto',
    'X_Forwarded-Proto',
    'X-Forwarded-Port',
    'X_Forwarded_Port',
    'X-Forwarded-Prefix',
    'X-Forwarded-User',
    'X_Forwarded_User',
    'X-Forwarded-Uri',
    'Forwarded',
    'FORWARDED',
    'X-User',
    'x-user',
    'X_User',
    'x_USER',
    'X-Client',
    'X_CLIENT',
    'X-Groups',
    'X-Absent',
    'x_absent',
  ])('a forged %s never arrives', async name => {
    await call({
      path: '/api/a',
      headers: [
        [name, 'f0rged'],
        ['X-Other', 'kept'],
      ],
    });
    const { rawHeaders } = onlyRequest();
    expect(rawHeaders.flat().join('\n')).not.toContain('f0rged');
    expect(headerValues(rawHeaders, 'x-other')).toEqual(['kept']);
  });

  test('identity fields are set from claims, once; a claim that is absent sets none', async () => {
    await call({ path: '/api/a' });
    const { rawHeaders } = onlyRequest();
    expect(headerValues(rawHeaders, 'x-user')).toEqual(['alice']);
    expect(headerValues(rawHeaders, 'x-client')).toEqual(['shop']);
    expect(headerValues(rawHeaders, 'x-groups')).toEqual(['red blue']);
    expect(headerValues(rawHeaders, 'x-absent')).toEqual([]);
  });

  test.each(['a\r\nX-Admin: 1', 'a\nb', 'a\u0000b', ' padded', ''])(
    'a claim that no field can carry whole (%j) sets none',
    async sub => {
      const odd = await issuer.sign({ claims: { aud: RESOURCE, sub } });
      const headers: HeaderPair[] = [bearer(odd), ['X-User', 'forged']];
      expect((await request(gateway.port, { path: '/api/a', headers })).status).toBe(200);
      expect(headerValues(onlyRequest().rawHeaders, 'x-user')).toEqual([]);
      expect(headerValues(onlyRequest().rawHeaders, 'x-admin')).toEqual([]);
    },
  );

  test('Authorization is removed, on a public route too; forward_token keeps it', async () => {
    for (const path of ['/api/a', '/open/a', '/forwarding/a']) await call({ path });
    const arrived = upstream.received.map(({ rawHeaders }) => headerValues(rawHeaders, 'authorization'));
    expect(arrived).toEqual([[], [], [`Bearer ${token}`]]);
  });

  test('a public route with forward_token keeps whatever Authorization there is', async () => {
    await request(gateway.port, { path: '/open-forwarding/a', headers: [['Authorization', 'Basic YTpi']] });
    expect(headerValues(onlyRequest().rawHeaders, 'authorization')).toEqual(['Basic YTpi']);
  });

  test('a public route strips forged identity of the routes beside it', async () => {
    await request(gateway.port, {
      path: '/open/a',
      headers: [
        ['X-Forwarded-For', '6.6.6.6'],
        ['Forwarded', 'for=6.6.6.6'],
      ],
    });
    expect(JSON.stringify(onlyRequest().rawHeaders)).not.toContain('6.6.6.6');
  });

  test('obs-text passes as the bytes it is', async () => {
    await call({ path: '/api/a', headers: [['X-Bytes', 'caf\xe9 \xff\x80']] });
    expect(headerValues(onlyRequest().rawHeaders, 'x-bytes')).toEqual(['caf\xe9 \xff\x80']);
  });

  test.each(['::1', '::'])('X-Forwarded-For of a gateway that listens on [%s]', async host => {
    const listening = await startOn(host);
    try {
      const client = host === '::1' ? '::1' : '127.0.0.1';
      const fields: HeaderPair[] = [
        ['Host', 'shop.example'],
        ['Connection', 'close'],
      ];
      await sendRaw(listening.port, head('GET /open/a', fields), { host: client });
      const { rawHeaders } = onlyRequest();
      expect(headerValues(rawHeaders, 'x-forwarded-for')).toEqual([client]);
      const node = host === '::1' ? '"[::1]"' : '127.0.0.1';
      expect(headerValues(rawHeaders, 'forwarded')).toEqual([`for=${node};host="shop.example";proto=http`]);
    } finally {
      await listening.close();
    }
  });
});

describe('target', () => {
  test.each([
    ['/api/a', '/api/a'],
    ['/based/a', '/v1/based/a'],
    ['/stripped/a/b', '/v1/a/b'],
    ['/stripped', '/v1'],
    ['/stripped/', '/v1/'],
    ['/stripped-to-root/a', '/a'],
    ['/stripped-to-root', '/'],
    ['/stripped-to-root?q=1', '/?q=1'],
    ['/stripped?q=1', '/v1?q=1'],
  ])('%s arrives as %s', async (path, url) => {
    expect((await call({ path })).status).toBe(200);
    expect(onlyRequest().url).toBe(url);
  });

  test.each([
    '?',
    '??',
    '?a=1&a=2',
    '?q=%2e%2E%2f..%2F&x=%',
    '?a=b%zz',
    '?//../..//',
    '?a[]={}|\\^`"\'<>',
    '?next=http://x/y?z',
    '?plus=a+b;c=d',
    '?%00%0d%0a',
  ])('the query %j arrives byte for byte', async query => {
    const answer = await call({ path: `/api/a${query}` });
    expect(answer.status).toBe(200);
    expect(onlyRequest().url).toBe(`/api/a${query}`);
  });

  test('a query with bytes that no URI has is refused, never rewritten', async () => {
    expect((await call({ path: '/api/a?\xe9\xff' })).status).toBe(400);
    expect(upstream.received).toEqual([]);
  });

  test.each([
    ['/api/%7euser', '/api/~user'],
    ['/api/%7Euser', '/api/~user'],
    ['/api/caf%c3%a9', '/api/caf%C3%A9'],
    ['/api/a%20b', '/api/a%20b'],
    ['/%61pi/x', '/api/x'],
    ['/stripp%65d/%40me', '/v1/%40me'],
    ["/api/!$&'()*+,=:@", "/api/!$&'()*+,=:@"],
  ])('the path %s is forwarded as it was matched: %s', async (path, url) => {
    expect((await call({ path })).status).toBe(200);
    expect(onlyRequest().url).toBe(url);
  });

  test('absolute-form of the same authority arrives in origin-form', async () => {
    const path = `http://127.0.0.1:${gateway.port}/api/a?q=%zz`;
    expect((await call({ path })).status).toBe(200);
    expect(onlyRequest().url).toBe('/api/a?q=%zz');
  });
});

describe('the answer', () => {
  test('every Set-Cookie stays apart, in order', async () => {
    const cookies = ['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'a=1; Path=/'];
    upstream.handle = (_req, res) => res.writeHead(200, { 'set-cookie': cookies }).end();
    expect(headerValues((await call({ path: '/api/a' })).headers, 'set-cookie')).toEqual(cookies);
  });

  test("what belonged to the upstream's connection does not reach the client, nor what its Connection lists", async () => {
    answerRaw(
      'HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nX-Hop: secret\r\nKeep-Alive: timeout=77\r\nProxy-Authenticate: Basic\r\n' +
        'Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nTrailer: X-Later\r\nTE: gzip\r\nX-End: kept\r\nContent-Length: 2\r\n\r\nok',
    );
    const { headers, body } = await call({ path: '/api/a', headers: [['Connection', 'close']] });
    for (const name of ['x-hop', 'proxy-authenticate', 'proxy-connection', 'upgrade', 'trailer', 'te']) {
      expect(headerValues(headers, name), name).toEqual([]);
    }
    expect(headerValues(headers, 'keep-alive').join()).not.toContain('77');
    expect(headerValues(headers, 'x-end')).toEqual(['kept']);
    expect(body.toString()).toBe('ok');
  });

  test('Connection of the upstream that lists Content-Length does not unframe the answer', async () => {
    answerRaw('HTTP/1.1 200 OK\r\nConnection: close, Content-Length\r\nContent-Length: 2\r\n\r\nok');
    const answer = await call({ path: '/api/a' });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.body.toString()).toBe('ok');
  });

  test("a reason phrase of the upstream's own is kept", async () => {
    upstream.handle = (_req, res) => res.writeHead(299, 'Quite All Right').end();
    expect(await call({ path: '/api/a' })).toMatchObject({ status: 299, reason: 'Quite All Right' });
  });

  test("the upstream's own 401 passes with its challenge, unjudged", async () => {
    const challenge = 'Bearer realm="inner", error="invalid_token"';
    upstream.handle = (_req, res) => res.writeHead(401, { 'www-authenticate': challenge }).end('inner');
    const answer = await call({ path: '/api/a' });
    expect(answer.status).toBe(401);
    expect(headerValues(answer.headers, 'www-authenticate')).toEqual([challenge]);
    expect(answer.body.toString()).toBe('inner');
    const line = gateway.log.findLast(({ msg }) => msg === 'request');
    expect(line).toMatchObject({ status: 401, outcome: 'forwarded' });
  });

  test('obs-text passes as the bytes it is', async () => {
    answerRaw('HTTP/1.1 200 OK\r\nX-Bytes: caf\xe9 \xff\x80\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    const answer = await call({ path: '/api/a' });
    expect(headerValues(answer.headers, 'x-bytes')).toEqual(['caf\xe9 \xff\x80']);
  });

  test.each([
    ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103 Early Hints, twice', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(2)],
    ['an unregistered 199', 'HTTP/1.1 199 Whatever\r\nX-A: b\r\n\r\n'],
  ])('%s before the answer does not break it', async (_name, interim) => {
    answerRaw(`${interim}HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok`);
    const answer = await call({ path: '/api/a' });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.body.toString()).toBe('ok');
  });

  test('a client of HTTP/1.0 is sent the answer only (RFC 9110 section 15.2)', async () => {
    answerRaw('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const received = await sendRaw(
      gateway.port,
      `GET /api/a HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    expect(received.toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  // RFC 9110 section 15.2 would have it read; undici takes it for a broken peer. Never half an answer.
  test('100 Continue that nobody asked for is an upstream failure', async () => {
    answerRaw('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    expect(await call({ path: '/api/a' })).toMatchObject({ status: 502, complete: true });
  });

  test("an answer that the close of the upstream's connection ends arrives whole", async () => {
    answerRaw('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end');
    const answer = await call({ path: '/api/a' });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.body.toString()).toBe('until the end');
  });
});

describe('connections', () => {
  test("pipelined requests are answered in their order, whatever the upstream's", async () => {
    // The first is answered last of all that arrive at once, and after a while where nothing else does.
    const others = new EventEmitter();
    upstream.handle = async (req, res) => {
      if (req.url === '/api/1')
        await Promise.race([once(others, 'answered'), new Promise(resolve => setTimeout(resolve, 100))]);
      res.end(req.url);
      if (req.url !== '/api/1') others.emit('answered');
    };
    const answers = await pipeline([{ path: '/api/1' }, { path: '/api/2' }, { path: '/api/3' }]);
    expect(answers.map(({ body }) => body.toString())).toEqual(['/api/1', '/api/2', '/api/3']);
  });

  test('a refusal among pipelined requests stands in its place', async () => {
    upstream.handle = (req, res) => res.end(req.url);
    const requests = [
      formatRequest(gateway.port, { path: '/api/1', headers: [bearer(token), KEEP_ALIVE] }),
      formatRequest(gateway.port, { path: '/api/2', headers: [KEEP_ALIVE] }),
      formatRequest(gateway.port, { path: '/api/3', headers: [bearer(token)] }),
    ];
    const answers = parseResponses(await sendRaw(gateway.port, Buffer.concat(requests), { responses: 3 }));
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200]);
    expect(upstream.received.map(({ url }) => url).sort()).toEqual(['/api/1', '/api/3']);
  });

  test("the upstream's connections are used again", async () => {
    const before = upstream.sockets.total;
    for (let count = 0; count < 60; count += 1) {
      const raw: RawRequest = count % 2 ? { path: '/api/a' } : { method: 'POST', path: '/api/a', body: 'x' };
      expect((await call(raw)).status).toBe(200);
    }
    expect(upstream.sockets.total - before).toBeLessThanOrEqual(3);
  });

  test('a kept connection that the upstream has closed meanwhile fails no request', async () => {
    expect((await call({ path: '/api/a' })).status).toBe(200);
    for (let count = 0; count < 5; count += 1) {
      const closed = upstream.server.closeIdleConnections.bind(upstream.server);
      closed();
      while (upstream.sockets.open > 0) await new Promise(resolve => setImmediate(resolve));
      // The gateway's side of those sockets has had its turn once it has answered on its admin listener.
      await gateway.scrape();
      expect((await call({ path: '/api/a' })).status).toBe(200);
    }
  });
});

const CHUNKED: HeaderPair = ['Transfer-Encoding', 'chunked'];
const KEEP_ALIVE: HeaderPair = ['Connection', 'keep-alive'];

function configure(): string {
  return `
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api:
    resource: ${RESOURCE}
    upstream: ${upstream.origin}
    claims_to_headers: { X-User: sub, X-Client: client_id, X-Groups: groups, X-Absent: absent }
  /forwarding: { resource: "${RESOURCE}", upstream: "${upstream.origin}", forward_token: true, claims_to_headers: { X-User: sub } }
  /based: { resource: "${RESOURCE}", upstream: "${upstream.origin}/v1" }
  /stripped: { resource: "${RESOURCE}", upstream: "${upstream.origin}/v1/", strip_prefix: true }
  /stripped-to-root: { resource: "${RESOURCE}", upstream: "${upstream.origin}", strip_prefix: true }
  /open: { public: true, upstream: "${upstream.origin}" }
  /open-forwarding: { public: true, forward_token: true, upstream: "${upstream.origin}" }
`;
}

/** One request with the good token, on a connection of its own. */
function call(raw: RawRequest): Promise<RawResponse> {
  return request(gateway.port, { ...raw, headers: [bearer(token), ...(raw.headers ?? [])] });
}

/** Requests with the good token in one write on one connection. */
async function pipeline(requests: readonly RawRequest[]): Promise<RawResponse[]> {
  const bytes = requests.map(raw => formatRequest(gateway.port, { ...raw, headers: [bearer(token), KEEP_ALIVE] }));
  const methods = requests.map(({ method = 'GET' }) => method);
  const options = { responses: requests.length, methods };
  return parseResponses(await sendRaw(gateway.port, Buffer.concat(bytes), options), { methods });
}

function onlyRequest(): ReceivedRequest {
  const [received] = upstream.received;
  expect(upstream.received).toHaveLength(1);
  if (received === undefined) throw new Error('nothing arrived');
  return received;
}

/** Another request on the same upstream connection would bring to light what the first left behind in it. */
async function expectOneRequest(method: string, text: string): Promise<void> {
  expect(onlyRequest()).toMatchObject({ method, url: '/api/a', body: { text } });
  expect((await call({ path: '/api/next' })).status).toBe(200);
  expect(upstream.received.map(({ url }) => url)).toEqual(['/api/a', '/api/next']);
}

/** Answers with these bytes, whatever they are, then ends the connection. */
function answerRaw(bytes: string): void {
  upstream.handle = (req: IncomingMessage) => req.socket.end(bytes, 'latin1');
}

function head(line: string, fields: readonly HeaderPair[]): string {
  const given = headerValues(fields, 'host').length > 0 ? fields : [['Host', 'gateway.example'] as const, ...fields];
  return `${line} HTTP/1.1\r\n${given.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** As `startGateway`, on an address of choice. */
async function startOn(host: string): Promise<{ readonly port: number; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, `listen: "[${host}]:0"\nadmin: 127.0.0.1:0\ndrain: { delay: 1ms }\n${configure()}`);
  const loaded = loadConfig(file, {});
  rmSync(folder, { recursive: true });
  if (!loaded.ok) throw new Error('the configuration has problems');
  const metrics = new Metrics({ keySets: () => [] });
  const log = createLog({ write: () => true, close: async () => undefined });
  const telemetry = createTelemetry(metrics, log);
  const server = new Server(new Gateway(loaded.config, telemetry), telemetry, { version: '0.0.0', warnings: [] });
  const { listen } = await server.listen();
  return { port: listen.port, close: () => server.drain() };
}
