/** X-Request-Id: one id in the log, at the upstream and in every response; traceparent, tracestate and baggage pass unchanged. */

import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import {
  formatRequest,
  type HeaderPair,
  headerValues,
  parseResponses,
  type RawRequest,
  type RawResponse,
} from '../../support/raw-http.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** All of 127.0.0.0/8 is this machine. */
const PROXY = '127.0.0.7';
const STRANGER = '127.0.0.1';

let upstream: Upstream;
let gateway: RunningGateway;
let answers: Upstream['handle'];

beforeAll(async () => {
  upstream = await startUpstream();
  answers = upstream.handle;
  const dead = await reservePort();
  gateway = await startGateway(`
trusted_proxies: [127.0.0.4/30]
timeouts: { headers: 300ms }
limits: { headers: 8KiB }
issuers: { "https://login.example": { jwks_uri: "http://127.0.0.1:${dead}/" } }
routes:
  /: { public: true, upstream: "${upstream.origin}" }
  /dead: { public: true, upstream: "http://127.0.0.1:${dead}" }
  /small: { public: true, upstream: "${upstream.origin}", limits: { body: 2B } }
  /api: { resource: "https://api.example/", upstream: "${upstream.origin}" }
  /reported: { resource: "https://reported.example/", upstream: "${upstream.origin}", enforcement: report, would_deny_header: true }
`);
});

/** Lines of requests that were looked at. */
let seen = 0;
beforeEach(() => {
  upstream.received.length = 0;
});

afterEach(() => {
  upstream.handle = answers;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe('the id of a request that is forwarded', () => {
  test('a new UUID at the client, at the upstream and in the log, another for each request', async () => {
    const ids = new Set<string>();
    for (const path of ['/a', '/b']) {
      const { id } = await expectOneId({ path });
      expect(id).toMatch(UUID);
      ids.add(id);
    }
    expect(ids.size).toBe(2);
  });

  test('the upstream’s own: replaced in a response of any form', async () => {
    upstream.handle = (_, response) => {
      response.writeHead(304, ['X-Request-Id', 'theirs', 'x-request-id', 'theirs', 'ETag', '"a"']).end();
    };
    const { response } = await expectOneId({ path: '/a', headers: [['If-None-Match', '"a"']] });
    expect(response.status).toBe(304);
    expect(JSON.stringify(response.headers)).not.toContain('theirs');
  });

  test('the client’s own in any spelling: removed, and not in the log', async () => {
    const names = ['X-Request-Id', 'x-request-id', 'X_Request_Id', 'X.Request.Id'];
    await expectOneId({ path: '/a', headers: names.map(name => [name, 'theirs'] as const) });
    expect(JSON.stringify(gateway.log)).not.toContain('theirs');
  });

  test('Connection lists it: sent all the same', async () => {
    await expectOneId({ path: '/a', headers: [['Connection', 'close, X-Request-Id']] });
  });

  test('beside it, on report: the reason for which enforce would refuse', async () => {
    const { response } = await expectOneId({ path: '/reported' });
    expect(headerValues(response.headers, 'audgate-would-deny')).toEqual(['missing_token']);
  });
});

describe('of a trusted proxy', () => {
  test.each(['a', '0', '._-', 'Az09._-', '7c0a4b1e-5f5c-4e8e-9f0a-6f5b8d1f2a3c', 'x'.repeat(128)])(
    '%s: kept',
    async id => {
      expect((await expectOneId({ path: '/a', headers: [['x-request-id', id]] }, PROXY)).id).toBe(id);
    },
  );

  test.each(['', 'x'.repeat(129), 'a b', 'a,b', 'a/b', 'a"b', 'a\\b', 'a{b', 'a=b', 'a:b', 'caf\xe9', 'a\tb', '%41'])(
    '%j: a new one',
    async id => {
      expect((await expectOneId({ path: '/a', headers: [['X-Request-Id', id]] }, PROXY)).id).toMatch(UUID);
    },
  );

  test.each([
    ['a', 'b'],
    ['a', 'a'],
    ['', 'a'],
  ])('two fields, %j and %j: a new one', async (...ids) => {
    const headers = ids.map(id => ['X-Request-Id', id] as const);
    expect((await expectOneId({ path: '/a', headers }, PROXY)).id).toMatch(UUID);
  });

  test('a refusal: its id', async () => {
    const { id, response } = await expectOneId({ path: '/api', headers: [['X-Request-Id', 'of-proxy']] }, PROXY);
    expect([id, response.status]).toEqual(['of-proxy', 401]);
    expect(JSON.parse(response.body.toString())).toMatchObject({ request_id: 'of-proxy' });
  });
});

describe('a reply of the gateway', () => {
  test.each<[string, number, RawRequest]>([
    ['a refusal', 401, { path: '/api' }],
    ['no route', 404, { method: 'OPTIONS', path: '*' }],
    ['an ambiguous path', 400, { path: '/%2e' }],
    ['a refused expectation', 417, { path: '/', headers: [['Expect', 'x']] }],
    ['a refused handshake', 426, { path: '/', headers: [...handshake('12')] }],
    ['an upstream that is not there', 502, { path: '/dead' }],
    ['a body that is too large', 413, { method: 'POST', path: '/small', body: 'abc' }],
    ['metadata', 200, { path: '/.well-known/oauth-protected-resource', headers: [['Host', 'api.example']] }],
    [
      'a method that metadata do not have',
      405,
      { method: 'PUT', path: '/.well-known/oauth-protected-resource', headers: [['Host', 'api.example']] },
    ],
  ])('%s: the id of the log', async (_, status, sent) => {
    const { response } = await expectOneId(sent);
    expect(response.status).toBe(status);
  });

  test.each([
    ['a head that cannot be parsed', 400, 'GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n'],
    ['another version', 505, 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'],
    ['a head that is too large', 431, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`],
    ['a head that does not come', 408, 'GET / HTTP/1.1\r\nHost: a\r\n'],
    ['HTTP/1.0', 200, 'GET / HTTP/1.0\r\n\r\n'],
    ['a HEAD', 200, 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
  ])('%s: the id of the log', async (_, status, bytes) => {
    const response = await exchange(bytes, STRANGER);
    expect(response.status).toBe(status);
    await expectSameId(response);
  });
});

describe('a WebSocket', () => {
  test('101: the id at the client, in place of the upstream’s, at the upstream and in the log', async () => {
    const { response, id } = await expectOneId(
      { path: '/live', headers: [['X-Request-Id', 'of-proxy'], ...handshake()] },
      PROXY,
    );
    expect([response.status, id]).toEqual([101, 'of-proxy']);
  });

  test('refused by the upstream: likewise', async () => {
    const { handleUpgrade } = upstream;
    upstream.handleUpgrade = (_, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nX-Request-Id: theirs\r\nContent-Length: 0\r\n\r\n');
    };
    const { response } = await expectOneId({ path: '/live', headers: handshake() });
    upstream.handleUpgrade = handleUpgrade;
    expect(response.status).toBe(403);
    expect(headerValues(response.headers, 'x-request-id')).not.toContain('theirs');
  });
});

describe('traceparent, tracestate, baggage', () => {
  const sent: readonly HeaderPair[] = [
    ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['tracestate', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
    ['tracestate', ''],
    ['baggage', 'userId=alice;p=1, x=%20'],
    ['baggage', '"'],
  ];

  test.each([
    [STRANGER, '/a', []],
    [PROXY, '/a', []],
    [STRANGER, '/live', handshake()],
  ])('from %s to %s: unchanged, several fields and odd values included', async (from, path, further) => {
    await exchange(formatRequest(gateway.port, { path, headers: [...sent, ...further] }).toString('latin1'), from);
    await nextLine();
    const names = new Set(['traceparent', 'tracestate', 'baggage']);
    const received = (upstream.received[0]?.rawHeaders ?? []).map(
      ([name, value]) => [name.toLowerCase(), value] as const,
    );
    expect(received.filter(([name]) => names.has(name))).toEqual(sent);
  });
});

function handshake(version = '13'): readonly HeaderPair[] {
  return [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', version],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ];
}

/** Sends a request. @returns its id, once it stands in the response, in the log, and at the upstream where it was forwarded. */
async function expectOneId(sent: RawRequest, from = STRANGER) {
  const response = await exchange(formatRequest(gateway.port, sent).toString('latin1'), from);
  return { id: await expectSameId(response), response };
}

async function expectSameId({ headers }: RawResponse): Promise<string> {
  const line = await nextLine();
  const id = String(line?.['request_id']);
  expect(headerValues(headers, 'x-request-id')).toEqual([id]);
  for (const { rawHeaders } of upstream.received.splice(0)) {
    const twins = rawHeaders.filter(([name]) => name.toLowerCase().replace(/[^a-z]/g, '-') === 'x-request-id');
    expect(twins).toEqual([['X-Request-Id', id]]);
  }
  return id;
}

async function nextLine() {
  seen += 1;
  return (await gateway.requestLines(seen))[seen - 1];
}

/** Sends `bytes` from one of the addresses of this machine, and ends its side once a response is there. */
async function exchange(bytes: string, localAddress: string): Promise<RawResponse> {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
  const methods = [bytes.slice(0, bytes.indexOf(' '))];
  let received = Buffer.alloc(0);
  socket.on('data', piece => {
    received = Buffer.concat([received, piece]);
    if (received.includes('\r\n\r\n')) socket.end();
  });
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  await new Promise(resolve => socket.once('end', resolve).once('close', resolve));
  socket.destroy();
  const [response] = parseResponses(received, { methods });
  if (response === undefined) throw new Error('no response');
  return response;
}
