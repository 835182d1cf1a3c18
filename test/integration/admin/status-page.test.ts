/** The status page: authentication, methods, and protection against other sites. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, type HeaderPair, headerValues, request } from '../../support/raw-http.ts';

const TOKEN = 'b4ttery-h0rse-st4ple';
const ROUTES = 'routes: { /a: { public: true, upstream: "http://127.0.0.1:9" } }\n';
const authorization = bearer(TOKEN);
const basic: HeaderPair = ['Authorization', `Basic ${Buffer.from(`anyone:${TOKEN}`).toString('base64')}`];

let open: RunningGateway;
let closed: RunningGateway;

beforeAll(async () => {
  [open, closed] = await Promise.all([
    startGateway(ROUTES),
    startGateway(`admin_token: \${ADMIN_TOKEN}\n${ROUTES}`, { ADMIN_TOKEN: TOKEN }),
  ]);
});

afterAll(async () => {
  await Promise.all([open?.close(), closed?.close()]);
});

const ask = (gateway: RunningGateway, path = '/', headers: readonly HeaderPair[] = [], method = 'GET') =>
  request(gateway.adminPort, { path, headers, method });

describe('with an admin token', () => {
  test.each([
    ['a Bearer token', authorization],
    ['the password of any user', basic],
  ])('%s: 200', async (_, header) => {
    const { status, body } = await ask(closed, '/', [header]);
    expect(status).toBe(200);
    expect(body.toString()).toContain('<h1 id="state" class="ready">Ready</h1>');
    expect(body.toString()).not.toContain(TOKEN);
  });

  test.each([
    ['no token', []],
    ['another token', [['Authorization', `Bearer ${TOKEN}x`]]],
    ['the token in the query', [], `/?token=${TOKEN}`],
  ] as [string, HeaderPair[], string?][])(
    '%s: 401 with both challenges, nothing of the page',
    async (_, headers, path) => {
      const { status, headers: answered, body } = await ask(closed, path, headers);
      expect(status).toBe(401);
      expect(headerValues(answered, 'WWW-Authenticate')).toEqual([
        'Basic realm="audgate", charset="UTF-8"',
        'Bearer realm="audgate"',
      ]);
      expect(JSON.parse(body.toString())).toEqual({ error: 'the admin token is needed' });
    },
  );

  test('/metrics and health: served without the token', async () => {
    for (const path of ['/metrics', '/healthz', '/readyz']) expect((await ask(closed, path)).status).toBe(200);
  });

  test('a good token under a foreign Host: 403 (DNS rebinding)', async () => {
    expect((await ask(closed, '/', [['Host', 'audgate.example'], authorization])).status).toBe(403);
  });

  test('the log: without the token', () => {
    expect(JSON.stringify(closed.log)).not.toContain(TOKEN);
  });
});

describe('without an admin token', () => {
  test('a foreign Host: 403, nothing of the page (DNS rebinding)', async () => {
    const rebound: HeaderPair = ['Host', 'rebound.example:9090'];
    const { status, body } = await ask(open, '/', [rebound]);
    expect(status).toBe(403);
    expect(body.toString()).not.toContain('<html');
    expect((await ask(open, '/')).status).toBe(200);
  });
});

describe('/status.json and /denials: the rules of the page', () => {
  test.each([
    ['/status.json', 'application/json'],
    ['/denials?route=/a', 'text/html; charset=utf-8'],
  ])('%s', async (path, contentType) => {
    const { status, headers, body } = await ask(closed, path);
    expect({ status, body: body.toString() }).toEqual({ status: 401, body: '{"error":"the admin token is needed"}' });
    expect(headerValues(headers, 'WWW-Authenticate')).toHaveLength(2);
    expect((await ask(closed, path, [['Authorization', `Bearer ${TOKEN}x`]])).status).toBe(401);
    for (const header of [authorization, basic]) {
      const shown = await ask(closed, path, [header]);
      expect({ status: shown.status, type: headerValues(shown.headers, 'Content-Type') }).toEqual({
        status: 200,
        type: [contentType],
      });
      expect(headerValues(shown.headers, 'Cache-Control')).toEqual(['no-store']);
      expect(headerValues(shown.headers, 'Content-Security-Policy')).toHaveLength(1);
      expect(shown.body.toString()).not.toContain(TOKEN);
    }
    expect((await ask(open, path, [['Host', 'rebound.example:9090']])).status).toBe(403);
    const embedded: HeaderPair[] = [['Sec-Fetch-Site', 'cross-site'], ['Sec-Fetch-Mode', 'no-cors'], authorization];
    expect((await ask(closed, path, embedded)).status).toBe(403);
    expect((await ask(open, path, [], 'POST')).status).toBe(405);
  });
});

test('a request of another site: 403, nothing of the page', async () => {
  const foreign: HeaderPair[] = [
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Mode', 'no-cors'],
    ['Sec-Fetch-Dest', 'empty'],
  ];
  for (const gateway of [open, closed]) {
    const { status, body } = await ask(gateway, '/', [...foreign, authorization]);
    expect(status).toBe(403);
    expect(JSON.parse(body.toString())).toEqual({ error: 'another site asked for the page' });
  }
});

test('HEAD: the fields of GET, without a body (status page)', async () => {
  const [get, head] = [await ask(open), await ask(open, '/', [], 'HEAD')];
  expect(head.status).toBe(200);
  expect(head.body).toHaveLength(0);
  const names = (response: typeof get) => response.headers.map(([name]) => name);
  expect(names(head)).toEqual(names(get));
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])('%s gets 405 with Allow', async method => {
  for (const gateway of [open, closed]) {
    const { status, headers } = await ask(gateway, '/', [], method);
    expect(status).toBe(405);
    expect(headerValues(headers, 'Allow')).toEqual(['GET, HEAD']);
  }
});

test('response fields: not cached, framed, embedded or read by other sites; links send no referrer', async () => {
  const { headers } = await ask(open);
  const one = (name: string) => headerValues(headers, name);
  expect(one('Content-Type')).toEqual(['text/html; charset=utf-8']);
  expect(one('Cache-Control')).toEqual(['no-store']);
  expect(one('X-Content-Type-Options')).toEqual(['nosniff']);
  expect(one('Cross-Origin-Resource-Policy')).toEqual(['same-origin']);
  expect(one('Cross-Origin-Opener-Policy')).toEqual(['same-origin']);
  expect(one('Referrer-Policy')).toEqual(['no-referrer']);
  expect(one('Access-Control-Allow-Origin')).toEqual([]);
  expect(one('Content-Security-Policy')).toHaveLength(1);
  expect(one('Content-Security-Policy')[0]).toMatch(
    /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; /,
  );
});

test('the data listener: 404', async () => {
  expect((await request(open.port, { path: '/' })).status).toBe(404);
});
