/** Web pages of another origin, in Chromium: what the browser lets them send and read through the gateway. */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasChromium, launchChromium, WITHOUT_CHROMIUM } from '../support/browser.ts';
import { answerWithWhatArrived } from '../support/upstream.ts';
import {
  type CrossOriginWorld,
  type Fetched,
  fetchInPage,
  RESOURCE,
  startCrossOriginWorld,
} from './cross-origin-world.ts';

/** For a browser that starts on a busy machine. */
const PATIENCE = 90_000;
const BLOCKED = { error: 'TypeError' };

describe.skipIf(!hasChromium)(hasChromium ? 'in Chromium' : WITHOUT_CHROMIUM, { timeout: PATIENCE }, () => {
  let world: CrossOriginWorld;
  let browser: Browser;
  let listed: Page;
  let other: Page;
  let seen = 0;

  const open = async (origin: string) => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${origin}/`);
    return page;
  };
  const urlOf = (path: string) => world.gateway.origin + path;
  const fetchFrom = (page: Page, path: string, options: object = {}) => fetchInPage(page, urlOf(path), options);
  const withToken = (token: string, options: object = {}) => ({
    ...options,
    headers: { Authorization: `Bearer ${token}` },
  });
  const since = (count: number) => world.requests(seen, count);
  const problemOf = ({ body = '' }: Fetched) => JSON.parse(body) as { reason: string; request_id: string };

  beforeAll(async () => {
    [world, browser] = await Promise.all([startCrossOriginWorld(), launchChromium()]);
  }, PATIENCE);

  beforeEach(async () => {
    await Promise.all(browser.contexts().map(context => context.close()));
    [listed, other] = await Promise.all([open(world.listed), open(world.other)]);
    world.upstream.handle = answerWithWhatArrived;
    world.upstream.received.length = 0;
    seen = (await world.gateway.requestLines(0)).length;
  }, PATIENCE);

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  test('a fetch with a token: preflight, response, and the fields that are exposed', async () => {
    world.upstream.handle = (_req, res) => res.setHeader('ETag', '"1"').setHeader('X-Internal', 'a').end('items');
    const found = await fetchFrom(listed, '/api/items', withToken(await world.sign('read')));
    expect([found.status, found.body]).toEqual([200, 'items']);
    expect(found.fields).toMatchObject({ etag: '"1"', 'x-request-id': expect.any(String) });
    expect(found.fields).not.toHaveProperty('x-internal');
    expect(await since(2)).toEqual(['OPTIONS 204', 'GET 200']);
  });

  test('JSON by POST, with a field of its own: the upstream gets it', async () => {
    const headers = { Authorization: `Bearer ${await world.sign('write')}`, 'X-Custom': 'a' };
    const options = { method: 'POST', body: '{"a":1}', headers: { ...headers, 'Content-Type': 'application/json' } };
    expect(await fetchFrom(listed, '/api/items', options)).toMatchObject({ status: 200 });
    const [received] = world.upstream.received;
    expect(received?.body?.text).toBe('{"a":1}');
    expect(received?.rawHeaders.map(([name]) => name.toLowerCase())).toContain('x-custom');
  });

  test('the second fetch: no preflight within max_age; with max_age 0s each has one', async () => {
    const options = withToken(await world.sign('read'));
    for (const path of ['/api/items', '/api/items', '/uncached', '/uncached']) {
      expect(await fetchFrom(listed, path, options)).toMatchObject({ status: 200 });
    }
    expect(await since(7)).toEqual([
      ...['OPTIONS 204', 'GET 200', 'GET 200'],
      ...['OPTIONS 204', 'GET 200', 'OPTIONS 204', 'GET 200'],
    ]);
  });

  test('401: the page reads the challenge, follows it to the metadata, and learns where to get a token', async () => {
    const found = await fetchFrom(listed, '/api/items');
    expect(found.status).toBe(401);
    const challenge = found.fields?.['www-authenticate'] ?? '';
    expect(challenge).toMatch(/^Bearer scope="read", resource_metadata="https:/);
    expect(problemOf(found)).toMatchObject({ reason: 'missing_token', request_id: found.fields?.['x-request-id'] });

    const [, address = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    const headers = { 'MCP-Protocol-Version': '2025-11-25', Authorization: 'Bearer x', 'X-Anything': 'a' };
    const document = await fetchFrom(listed, new URL(address).pathname, { headers });
    expect(document.status).toBe(200);
    expect(JSON.parse(document.body ?? '')).toMatchObject({
      resource: RESOURCE,
      authorization_servers: [world.issuer.issuer],
      scopes_supported: ['read', 'write', 'admin'],
    });
    expect(await since(3)).toEqual(['GET 401', 'OPTIONS 204', 'GET 200']);
  });

  test('401 for a token of another API: the page reads why', async () => {
    const found = await fetchFrom(listed, '/api/items', withToken(await world.sign('read', 'https://other.example/')));
    expect(found.fields?.['www-authenticate']).toContain('error="invalid_token"');
    expect(problemOf(found).reason).toBe('wrong_audience');
  });

  test('403: the page reads which scope it lacks', async () => {
    const found = await fetchFrom(listed, '/api/items', withToken(await world.sign('write')));
    expect(found.status).toBe(403);
    expect(found.fields?.['www-authenticate']).toMatch(/error="insufficient_scope".*scope="read"/);
    expect(problemOf(found).reason).toBe('insufficient_scope');
  });

  test.each([
    [405, 'method_not_allowed', '/api/items', { method: 'DELETE' }],
    [413, 'body_too_large', '/api/items', { method: 'POST', body: 'x'.repeat(2_000) }],
    [502, 'upstream_unreachable', '/down/a', {}],
  ])('%d: the page reads the reason %s', async (status, reason, path, options) => {
    const found = await fetchFrom(listed, path, withToken(await world.sign('read write'), options));
    expect([found.status, problemOf(found).reason]).toEqual([status, reason]);
  });

  test('a method that is not listed: the browser sends the preflight alone', async () => {
    expect(await fetchFrom(listed, '/api/items', { method: 'PUT' })).toEqual(BLOCKED);
    expect(await since(1)).toEqual(['OPTIONS 204']);
  });

  test('a field that is not listed: the browser sends the preflight alone', async () => {
    expect(await fetchFrom(listed, '/api/items', { headers: { 'X-Other': 'a' } })).toEqual(BLOCKED);
    expect(await since(1)).toEqual(['OPTIONS 204']);
  });

  test('cookies: kept and sent where the route has credentials, blocked where not', async () => {
    world.upstream.handle = (req, res) =>
      res.setHeader('Set-Cookie', 'session=1; Path=/').end(req.headers.cookie ?? '');
    const include = { credentials: 'include' };
    expect(await fetchFrom(listed, '/cookies/a', include)).toMatchObject({ status: 200, body: '' });
    expect(await fetchFrom(listed, '/cookies/a', include)).toMatchObject({ status: 200, body: 'session=1' });
    expect(await fetchFrom(listed, '/cookies/a')).toMatchObject({ status: 200, body: '' });
    expect(await fetchFrom(listed, '/everybody/a', include)).toEqual(BLOCKED);
  });

  test('another origin, with a token: blocked after the preflight, nothing is forwarded', async () => {
    expect(await fetchFrom(other, '/api/items', withToken(await world.sign('read')))).toEqual(BLOCKED);
    expect(await since(1)).toEqual(['OPTIONS 204']);
    expect(world.upstream.received).toEqual([]);
  });

  test('another origin, without a preflight: served, and kept from the page whatever the upstream says', async () => {
    world.upstream.handle = (_req, res) => res.setHeader('Access-Control-Allow-Origin', '*').end('secret');
    expect(await fetchFrom(other, '/cookies/a')).toEqual(BLOCKED);
    expect(world.upstream.received).toHaveLength(1);
    expect(await fetchFrom(listed, '/cookies/a')).toMatchObject({ status: 200, body: 'secret' });
  });

  test('another origin, a refusal: kept from the page', async () => {
    expect(await fetchFrom(other, '/api/items')).toEqual(BLOCKED);
    expect(await since(1)).toEqual(['GET 401']);
  });

  test('every origin: each page reads it, also one of no origin', async () => {
    expect(await fetchFrom(other, '/everybody/a')).toMatchObject({ status: 200 });
    await listed.setContent('<iframe sandbox="allow-scripts" srcdoc="<p>"></iframe>');
    const [, frame] = listed.frames();
    const fetched = (path: string) =>
      frame?.evaluate(`fetch(${JSON.stringify(urlOf(path))}).then(({ status }) => status, error => error.name)`);
    expect(await fetched('/everybody/a')).toBe(200);
    expect(await fetched('/cookies/a')).toBe('TypeError');
  });

  test('an MCP client in a page: sends the fields of MCP, and reads its session and the challenge', async () => {
    world.upstream.handle = (_req, res) => res.setHeader('Mcp-Session-Id', 'session-1').end('{}');
    const fields = {
      'MCP-Protocol-Version': '2025-11-25',
      'Content-Type': 'application/json',
      Accept: 'text/event-stream',
    };
    const mcp = { 'Mcp-Method': 'tools/list', 'Mcp-Name': 'a', 'Mcp-Param-Region': 'eu', 'Last-Event-ID': '1' };
    const call = (headers: object) =>
      fetchFrom(listed, '/mcp', { method: 'POST', body: '{}', headers: { ...fields, ...mcp, ...headers } });
    const authorized = { Authorization: `Bearer ${await world.sign('read')}` };
    const session = (await call(authorized)).fields?.['mcp-session-id'] ?? '';
    expect(session).toMatch(/^[\x21-\x7e]+$/);
    const found = await call({ ...authorized, 'Mcp-Session-Id': session });
    expect([found.status, found.fields?.['mcp-session-id']]).toEqual([200, session]);
    const { rawHeaders = [] } = world.upstream.received[1] ?? {};
    expect(rawHeaders).toContainEqual(['Mcp-Session-Id', 'session-1']);
    expect(rawHeaders).toContainEqual(['Mcp-Param-Region', 'eu']);
    const refused = await call({});
    expect(refused.status).toBe(401);
    expect(refused.fields?.['www-authenticate']).toContain('resource_metadata=');
  });

  test('a WebSocket: opens from every origin, without CORS', async () => {
    const opened = `new Promise(resolve => {
      const socket = new WebSocket(${JSON.stringify(urlOf('/cookies/live').replace('http', 'ws'))});
      socket.onopen = () => { resolve('open'); socket.close(); };
      socket.onerror = () => resolve('error');
    })`;
    expect([await listed.evaluate(opened), await other.evaluate(opened)]).toEqual(['open', 'open']);
  });
});
