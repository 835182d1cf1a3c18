/** Web pages that are clients of MCP servers, in Chromium: what they send and read through the gateway, and which of them are let in. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasChromium, launchChromium, WITHOUT_CHROMIUM } from '../support/browser.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { type SessionServer, startSessionServer } from '../support/mcp/session-servers.ts';
import { reservePort } from '../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { type Fetched, fetchInPage } from './cross-origin-world.ts';

/** For a browser that starts on a busy machine. */
const PATIENCE = 90_000;
const BLOCKED = { error: 'TypeError' };

/** Pages at a name of their own: what Chromium is told to find on loopback, whoever asks. */
const RULES = '--host-resolver-rules=MAP *.example 127.0.0.1';

const INITIALIZE = {
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'page', version: '1' } },
};
const COUNT = { method: 'tools/call', params: { name: 'count', arguments: {} } };

describe.skipIf(!hasChromium)(hasChromium ? 'in Chromium' : WITHOUT_CHROMIUM, { timeout: PATIENCE }, () => {
  let browser: Browser;
  let issuer: TokenIssuer;
  let upstream: Upstream;
  const servers: SessionServer[] = [];
  let gateway: RunningGateway;
  const pages = { own: '', listed: '', other: '' };
  const opened: { own?: Page; listed?: Page; other?: Page } = {};
  const closePages: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    [issuer, upstream, browser] = await Promise.all([startTokenIssuer(), startUpstream(), launchChromium([RULES])]);
    for (const version of [1, 2] as const) servers.push(await startSessionServer(version));
    for (const name of ['own', 'listed', 'other'] as const) {
      const server = createServer((_request, response) => {
        response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>page</title>');
      });
      pages[name] = `http://${name}.example:${await listenOnLoopback(server)}`;
      closePages.push(async () => {
        server.closeAllConnections();
        await once(server.close(), 'close');
      });
    }
    const closed = await reservePort();
    // The resource is at the origin of the page "own": as a page that the same host serves beside its MCP server.
    const route = (name: string, origin: string, more: string) =>
      `  /${name}: { resource: "${pages.own}/${name}", audiences: [${name}], upstream: "${origin}", scopes: [mcp:use], ${more} }`;
    const cors = `cors: { origins: ["${pages.listed}"] }`;
    gateway = await startGateway(`
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
${servers.map(({ origin }, index) => route(`sdk${index + 1}`, origin, `mcp: { tools: { "*": [] } }, ${cors}`)).join('\n')}
${route('own', servers[0]?.origin ?? '', 'mcp: true')}
${route('echo', upstream.origin, `mcp: true, ${cors}`)}
${route('admin', upstream.origin, `mcp: { tools: { "*": [mcp:admin] } }, ${cors}`)}
  /page: { public: true, upstream: "${upstream.origin}" }
${route('down', `http://127.0.0.1:${closed}`, `mcp: true, ${cors}`)}
`);
    for (const name of ['own', 'listed', 'other'] as const) {
      const page = await (await browser.newContext()).newPage();
      await page.goto(`${pages[name]}/`);
      opened[name] = page;
    }
  }, PATIENCE);

  beforeEach(() => {
    upstream.received.length = 0;
    upstream.handle = (_req, res) => res.setHeader('Content-Type', 'application/json').end('{}');
  });

  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
    await Promise.all([issuer, upstream, ...servers].map(peer => peer?.close()));
    await Promise.all(closePages.map(close => close()));
  });

  const sign = (scope = 'mcp:use', sub = 'alice') =>
    issuer.sign({ claims: { aud: ['sdk1', 'sdk2', 'own', 'echo', 'admin', 'down'], scope, sub } });

  interface Asked {
    readonly token?: string | undefined;
    readonly fields?: Readonly<Record<string, string>>;
    readonly method?: string;
    readonly message?: object;
  }

  async function ask(
    from: keyof typeof pages,
    path: string,
    { token, fields, method = 'POST', message = COUNT }: Asked,
  ) {
    const page = opened[from];
    if (!page) throw new Error('the page is not open');
    const headers = {
      ...{ 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      ...{ 'MCP-Protocol-Version': '2025-11-25', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'count' },
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...fields,
    };
    const body = method === 'POST' ? JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }) : undefined;
    return fetchInPage(page, gateway.origin + path, { method, headers, body });
  }
  const begin = (from: keyof typeof pages, path: string, token: string) =>
    ask(from, path, { token, message: INITIALIZE, fields: { 'Mcp-Method': 'initialize' } });
  const reasonOf = ({ body = '' }: Fetched) => (JSON.parse(body) as { reason?: string }).reason;

  test.each([
    ['listed', '/sdk1'],
    ['listed', '/sdk2'],
    ['own', '/own'],
  ] as const)('a page %s at %s: begins a session, reads its id, goes on with it, and ends it', async (from, path) => {
    const token = await sign();
    const begun = await begin(from, path, token);
    const session = begun.fields?.['mcp-session-id'] ?? '';
    expect([begun.status, session]).toEqual([200, expect.stringMatching(/^[\x21-\x7e]{40,}$/)]);
    const fields = { 'Mcp-Session-Id': session, 'Last-Event-ID': '1', 'Mcp-Param-Region': 'eu', 'Mcp-Param-a.b': 'c' };
    const called = await ask(from, path, { token, fields });
    expect(called).toMatchObject({ status: 200, fields: { 'mcp-session-id': session } });
    expect(called.body).toContain('call 1 of this session');
    const another = await ask(from, path, { token: await sign('mcp:use', 'bob'), fields });
    expect([another.status, reasonOf(another)]).toEqual([404, 'session_not_found']);
    expect((await ask(from, path, { token, fields: { 'Mcp-Session-Id': session }, method: 'DELETE' })).status).toBe(
      200,
    );
  });

  test("a page of the resource's own origin, where `cors` lists others only: blocked by the browser, as the gateway says nothing of it", async () => {
    expect(await begin('own', '/sdk1', await sign())).toEqual(BLOCKED);
  });

  test('401: the page reads the challenge', async () => {
    const found = await ask('listed', '/echo', {});
    expect([found.status, reasonOf(found)]).toEqual([401, 'missing_token']);
    const url = `${pages.own}/.well-known/oauth-protected-resource/echo`;
    expect(found.fields?.['www-authenticate']).toContain(`resource_metadata="${url}"`);
  });

  test('403: the page reads which scopes route and tool need', async () => {
    const found = await ask('listed', '/admin', { token: await sign() });
    expect([found.status, reasonOf(found)]).toEqual([403, 'insufficient_scope']);
    expect(found.fields?.['www-authenticate']).toContain('scope="mcp:use mcp:admin"');
  });

  test.each([500, 502, 503])('%d of the server: the page reads status, session and body', async status => {
    upstream.handle = (_req, res) => res.writeHead(status, { 'Mcp-Session-Id': 's1' }).end('not today');
    const found = await ask('listed', '/echo', { token: await sign() });
    expect(found).toMatchObject({ status, body: 'not today', fields: { 'mcp-session-id': expect.any(String) } });
  });

  test('502 of the gateway, 400 and 415: the page reads the reason', async () => {
    const token = await sign();
    const down = await ask('listed', '/down', { token });
    expect([down.status, reasonOf(down)]).toEqual([502, 'upstream_unreachable']);
    const typed = await ask('listed', '/admin', { token, fields: { 'Content-Type': 'text/plain' } });
    expect([typed.status, reasonOf(typed)]).toEqual([415, 'unsupported_media_type']);
    const unknown = await ask('listed', '/echo', { token, fields: { 'MCP-Protocol-Version': '1999-01-01' } });
    expect([unknown.status, reasonOf(unknown)]).toEqual([400, 'malformed_request']);
  });

  test('a page of another origin: nothing of it arrives', async () => {
    const token = await sign();
    expect(await ask('other', '/echo', { token })).toEqual(BLOCKED);
    // Without a preflight: what a form could send.
    const simple = `fetch(${JSON.stringify(`${gateway.origin}/echo`)}, { method: 'POST', mode: 'no-cors', body: '{}' }).then(() => 'sent')`;
    const lines = gateway.log.length;
    expect(await opened.other?.evaluate(simple)).toBe('sent');
    const line = (await gateway.requestLines(1)).at(-1);
    expect(gateway.log.length).toBeGreaterThan(lines);
    expect(line).toMatchObject({ status: 403, reason: 'origin_not_allowed' });
    expect(upstream.received).toEqual([]);
  });

  test('DNS rebinding: a page that came from the very host and port of the gateway, by a name of its own, is refused', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const rebound = `http://rebound.example:${gateway.port}`;
    upstream.handle = (_req, res) => res.setHeader('Content-Type', 'text/html').end('<!doctype html>');
    await page.goto(`${rebound}/page`);
    upstream.received.length = 0;
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${await sign()}` };
    const found = await fetchInPage(page, `${rebound}/echo`, { method: 'POST', headers, body: '{}' });
    expect([found.status, reasonOf(found)]).toEqual([403, 'origin_not_allowed']);
    expect(upstream.received).toEqual([]);
    await context.close();
  });
});
