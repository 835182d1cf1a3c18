/** Preflights on real sockets: what the browser is told, and that nothing else happens. */

import { describe, expect, test } from 'vitest';
import { type HeaderPair, headerValues, type RawRequest, request } from '../../support/raw-http.ts';
import { APP, corsOf, gateway, ORIGIN, upstream, useCorsFixture } from './fixture.ts';

useCorsFixture();

const asking = (path: string, method = 'GET', ...further: HeaderPair[]): RawRequest => ({
  method: 'OPTIONS',
  path,
  headers: [ORIGIN, ['Access-Control-Request-Method', method], ...further],
});
const send = (raw: RawRequest) => request(gateway.port, raw);

const LISTED = { 'access-control-allow-origin': APP, vary: 'Origin' };

describe('a preflight', () => {
  test('of a listed origin: 204 without a token, and the upstream sees nothing', async () => {
    const answer = await send(asking('/api/items', 'POST', ['Access-Control-Request-Headers', 'authorization']));
    expect(answer).toMatchObject({ status: 204, complete: true });
    expect(headerValues(answer.headers, 'content-length')).toEqual([]);
    expect(headerValues(answer.headers, 'x-request-id')).toHaveLength(1);
    expect(corsOf(answer)).toEqual({
      ...LISTED,
      'access-control-allow-headers': 'Authorization, Content-Type, X-Custom',
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-expose-headers': 'WWW-Authenticate, X-Request-Id, ETag',
      'access-control-max-age': '90',
    });
    expect(upstream.received).toEqual([]);
  });

  test('for a method that the route refuses: 204, and the list without it', async () => {
    const answer = await send(asking('/api/items', 'DELETE'));
    expect(answer.status).toBe(204);
    expect(corsOf(answer)['access-control-allow-methods']).toBe('GET, HEAD, POST');
  });

  test.each(['/cookies/a', '/everybody/a', '/reported/a', '/down/a', '/odd/a'])(
    '%s, on every kind of route: 204, and the upstream sees nothing',
    async path => {
      const answer = await send(asking(path, 'PUT'));
      expect(answer.status).toBe(204);
      expect(corsOf(answer)['access-control-allow-methods']).toBe('GET, HEAD, POST, PUT, PATCH, DELETE');
      expect(upstream.received).toEqual([]);
    },
  );

  test('with credentials: the origin by its name, and the permission', async () => {
    expect(corsOf(await send(asking('/cookies/a')))).toMatchObject({
      ...LISTED,
      'access-control-allow-credentials': 'true',
    });
  });

  test.each<[string, readonly HeaderPair[]]>([
    ['another origin', [['Origin', 'https://evil.example']]],
    ['null', [['Origin', 'null']]],
    ['a listed origin in another case', [['Origin', 'https://APP.example']]],
    ['two origins', [ORIGIN, ORIGIN]],
    ['an origin of 10 KB', [['Origin', `https://${'a'.repeat(10_000)}.example`]]],
    ['an empty origin', [['Origin', '']]],
  ])('of %s: 204 without a CORS field, and the upstream sees nothing', async (_name, origins) => {
    const headers: HeaderPair[] = [...origins, ['Access-Control-Request-Method', 'GET']];
    const answer = await send({ method: 'OPTIONS', path: '/api/items', headers });
    expect(answer.status).toBe(204);
    expect(corsOf(answer)).toEqual({ vary: 'Origin' });
    expect(upstream.received).toEqual([]);
  });

  test.each([
    ['to a path without a route', '/nowhere', 404, 'no_route'],
    ['to an ambiguous path', '/api/%2e%2e/x', 400, 'ambiguous_path'],
  ])('%s: what anything else gets there', async (_name, path, status, reason) => {
    const answer = await send(asking(path));
    expect(answer.status).toBe(status);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason });
    expect(corsOf(answer)).toEqual({});
  });

  test('on a route without cors: as before, 401', async () => {
    const answer = await send(asking('/without/a'));
    expect(answer.status).toBe(401);
    expect(corsOf(answer)).toEqual({});
  });

  test('with a malformed head: 400', async () => {
    const answer = await send(asking('/api', 'GET', ['Host', 'a'], ['Host', 'b']));
    expect(answer.status).toBe(400);
  });

  test('with a body: 204, and the connection closes', async () => {
    const answer = await send({ ...asking('/api/items'), body: 'x'.repeat(2_000) });
    expect(answer.status).toBe(204);
    expect(headerValues(answer.headers, 'connection')).toEqual(['close']);
  });
});

describe('a preflight to an MCP server', () => {
  const MCP = 'MCP-Protocol-Version, Mcp-Session-Id, Last-Event-ID, Mcp-Method, Mcp-Name';
  const wanted: HeaderPair = ['Access-Control-Request-Headers', 'authorization,mcp-method,mcp-param-region'];

  test('with cors: the fields of MCP, each Mcp-Param-* that is asked for, and Mcp-Session-Id to read', async () => {
    const answer = await send(asking('/mcp', 'DELETE', wanted));
    expect(answer.status).toBe(204);
    expect(corsOf(answer)).toMatchObject({
      ...LISTED,
      'access-control-allow-headers': `Authorization, Content-Type, ${MCP}, mcp-param-region`,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-expose-headers': 'WWW-Authenticate, X-Request-Id, Mcp-Session-Id, ETag',
    });
  });

  test('without cors: for pages of the origin of its resource, in whatever spelling that is', async () => {
    const own = await send({
      ...asking('/own', 'POST', wanted),
      headers: [
        ['Origin', 'https://tools.example.com'],
        ['Access-Control-Request-Method', 'POST'],
      ],
    });
    expect([own.status, corsOf(own)['access-control-allow-origin']]).toEqual([204, 'https://tools.example.com']);
    const other = await send(asking('/own', 'POST'));
    expect([other.status, corsOf(other)]).toEqual([204, { vary: 'Origin' }]);
  });

  test('of a public route without cors: 403, since no origin is allowed there', async () => {
    expect((await send(asking('/public-mcp', 'POST'))).status).toBe(403);
    expect(upstream.received).toEqual([]);
  });
});

describe('OPTIONS that is no preflight: judged like any other method', () => {
  test.each<[string, readonly HeaderPair[]]>([
    ['without a requested method', [ORIGIN]],
    ['without an origin', [['Access-Control-Request-Method', 'GET']]],
  ])('%s, on a protected route: 405', async (_name, headers) => {
    const answer = await send({ method: 'OPTIONS', path: '/api/items', headers });
    expect(answer.status).toBe(405);
  });

  test('on a public route: forwarded, with the fields of a response', async () => {
    const answer = await send({ method: 'OPTIONS', path: '/cookies/a', headers: [ORIGIN] });
    expect(answer.status).toBe(200);
    expect(corsOf(answer)).toMatchObject(LISTED);
    expect(upstream.received.map(({ method }) => method)).toEqual(['OPTIONS']);
  });
});

test('log and metrics: forwarded on its route, without a time of the upstream', async () => {
  const series = 'audgate_requests_total{route="/api",method="OPTIONS",status="204"}';
  const before = [await gateway.sample(series), (await gateway.requestLines(0)).length] as const;
  await send(asking('/api/items', 'POST'));
  const lines = await gateway.requestLines(before[1] + 1);
  const line = lines.at(-1);
  expect(line).toMatchObject({
    ...{ level: 'info', route: '/api', method: 'OPTIONS', path: '/api/items', status: 204, outcome: 'forwarded' },
  });
  for (const absent of ['reason', 'upstream_ms', 'iss']) expect(line).not.toHaveProperty(absent);
  expect(await gateway.sample(series)).toBe(before[0] + 1);
});
