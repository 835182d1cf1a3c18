/** Requests as frameworks hand them over: every duplicate counts, what cannot be read in one way is refused, and nobody changes a token. */

import { once } from 'node:events';
import { connect, createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Allowed, Authorizer, FetchRequest, NodeRequest, Refused } from '../../src/library.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { ConfigurationError, createAuthorizer } from './service.ts';

let issuer: TokenIssuer;
let authorizer: Authorizer;
let token: string;
let warnings: [string, object][];

beforeAll(async () => {
  issuer = await startTokenIssuer();
  warnings = [];
  authorizer = await createAuthorizer({
    config: {
      issuers: { [issuer.issuer]: { jwks_uri: issuer.jwksUri } },
      routes: {
        '/a': {
          resource: 'https://a.example.com/',
          scopes: { GET: ['a:read'], '*': ['a:write'], 'GET /admin': ['a:admin'] },
        },
        '/mcp': {
          resource: 'https://a.example.com/mcp',
          mcp: { tools: { delete_user: ['users:admin'] } },
          scopes: ['mcp:use'],
        },
        '/cors': { resource: 'https://a.example.com/cors', cors: { origins: ['https://app.example.com'] } },
      },
    },
    onWarning: (...warning) => warnings.push(warning),
  });
  token = await issuer.sign({
    claims: { aud: ['https://a.example.com/', 'https://a.example.com/mcp'], scope: 'a:read mcp:use' },
  });
});
afterAll(async () => {
  authorizer.close();
  await issuer.close();
});

const node = (fields: readonly string[], rest: Partial<NodeRequest> = {}): NodeRequest => ({
  method: 'GET',
  url: '/a/x',
  rawHeaders: ['Host', 'localhost', ...fields],
  ...rest,
});
const summary = (decision: Allowed | Refused) => (decision.allowed ? 'allowed' : decision.reason);
const decide = async (request: NodeRequest | FetchRequest, body?: Uint8Array | string) =>
  summary(await authorizer.authorize(request, body));

describe('node:http', () => {
  test('one Authorization field: allowed; a second one: refused, although `headers` would hide it', async () => {
    expect(await decide(node(['Authorization', `Bearer ${token}`]))).toBe('allowed');
    expect(await decide(node(['Authorization', `Bearer ${token}`, 'authorization', 'Bearer other']))).toBe(
      'malformed_credentials',
    );
  });

  test('no Host, two of them, one with a path: refused', async () => {
    for (const rawHeaders of [[], ['Host', 'a', 'Host', 'b'], ['Host', 'a', 'Host', 'a'], ['Host', 'a/b']])
      expect(await decide({ method: 'GET', url: '/a/x', rawHeaders })).toBe('malformed_request');
  });

  test('a URL that Express has cut at its mount point: the original one counts', async () => {
    const request = node(['Authorization', `Bearer ${token}`], { url: '/x', originalUrl: '/a/x' });
    expect(await decide(request)).toBe('allowed');
    expect(await decide({ ...request, originalUrl: '/elsewhere/x' })).toBe('no_route');
  });

  test.each([
    ['/a/x/../admin', 'ambiguous_path'],
    ['/a%2Fadmin', 'ambiguous_path'],
    ['/a/x;y', 'ambiguous_path'],
    ['/a/adm%69n', 'ambiguous_path'],
    ['//a/x', 'ambiguous_path'],
    ['/a/x#y', 'ambiguous_path'],
    ['a/x', 'malformed_request'],
    ['*', 'malformed_request'],
    ['', 'malformed_request'],
  ])('the target %s: %s', async (url, reason) => {
    expect(await decide(node(['Authorization', `Bearer ${token}`], { url }))).toBe(reason);
  });
});

test.each([
  ['Upgrade', 'websocket', 'Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Upgrade', 'websocket', 'Sec-WebSocket-Version', '8', 'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Upgrade', 'h2c', 'Upgrade', 'WebSocket'],
])('a WebSocket to an MCP server with rules, whose messages nobody would judge (%#): refused', async (...handshake) => {
  const sent = [...['Authorization', `Bearer ${token}`, 'Connection', 'Upgrade'], ...handshake];
  expect(await decide(node(sent, { url: '/mcp' }))).toBe('malformed_request');
  expect(await decide(node(sent, { url: '/a/x' }))).toBe('allowed');
});

describe('node:http2', () => {
  test('its :authority is the Host, and a Host that says something else is refused', async () => {
    const decisions: Promise<string>[] = [];
    const server = createHttp2((request, response) => {
      const decision = decide(request);
      decisions.push(decision);
      decision.then(() => response.end());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    for (const host of [undefined, 'a.example.com', 'b.example.com']) {
      const fields = { ':path': '/a/x', ':authority': 'a.example.com', authorization: `Bearer ${token}` };
      const stream = client.request({ ...fields, ...(host && { host }) });
      await once(stream.resume(), 'close');
    }
    expect(await Promise.all(decisions)).toEqual(['allowed', 'allowed', 'malformed_request']);
    client.close();
    server.close();
  });
});

describe('Fetch', () => {
  const fetched = (url: string, headers: Record<string, string> = {}) => new Request(url, { headers });

  test('a Request: allowed by its URL, or by its Host, which must agree', async () => {
    const authorization = `Bearer ${token}`;
    expect(await decide(fetched('http://localhost/a/x?y', { authorization }))).toBe('allowed');
    const other = { method: 'GET', url: 'http://localhost/a/x', headers: new Map([['host', 'evil.example.com']]) };
    expect(await decide(other)).toBe('malformed_request');
  });

  test('two Authorization fields, which Headers joins: refused', async () => {
    const headers = new Headers([
      ['authorization', `Bearer ${token}`],
      ['authorization', 'Bearer other'],
    ]);
    expect(await decide(new Request('http://localhost/a/x', { headers }))).toBe('malformed_credentials');
  });

  test('a reply to HEAD, or with 204: body null, as Response needs it', async () => {
    const decision = await authorizer.authorize(new Request('http://localhost/a/x', { method: 'HEAD' }));
    if (decision.allowed) throw new Error('allowed');
    expect(new Response(decision.reply.body, decision.reply).status).toBe(401);
    const preflight = authorizer.metadata(
      new Request('http://a.example.com/.well-known/oauth-protected-resource', { method: 'OPTIONS' }),
    );
    expect(preflight && new Response(preflight.body, preflight).status).toBe(204);
  });
});

describe('a body that decides', () => {
  const call = (name: string) => JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } });
  const post = (rest: readonly string[] = []) =>
    node(['Authorization', `Bearer ${token}`, 'Content-Type', 'application/json', ...rest], {
      method: 'POST',
      url: '/mcp',
    });

  test('given, as bytes or as text: it decides', async () => {
    expect(await decide(post(), call('add'))).toBe('allowed');
    expect(await decide(post(), Buffer.from(call('add')))).toBe('allowed');
    expect(await decide(post(), call('delete_user'))).toBe('insufficient_scope');
  });

  test('not given, empty, or larger than max_body: refused', async () => {
    expect(await decide(post())).toBe('body_too_large');
    expect(await decide(post(['Content-Length', '50']))).toBe('body_too_large');
    expect(await decide(post(), '')).toBe('malformed_request');
    expect(await decide(post(), ' '.repeat(4 * 1024 * 1024) + call('add'))).toBe('body_too_large');
  });

  test('more bytes one after the other than all bodies may have together: none holds its memory afterwards', async () => {
    const large = ' '.repeat(2 ** 20) + call('add');
    for (let round = 0; round < 3; round++) {
      const decided = await Promise.all(Array.from({ length: 100 }, () => decide(post(), large)));
      expect(new Set(decided)).toEqual(new Set(['allowed']));
    }
  });
});

test('a CORS preflight: allowed without a token, and other requests are not', async () => {
  const preflight = ['Origin', 'https://app.example.com', 'Access-Control-Request-Method', 'GET'];
  expect(await authorizer.authorize(node(preflight, { method: 'OPTIONS', url: '/cors' }))).toEqual({
    allowed: true,
    route: '/cors',
    token: undefined,
    reported: undefined,
  });
  expect(await decide(node([], { method: 'OPTIONS', url: '/cors' }))).toBe('missing_token');
});

test('a token: frozen, so that nothing a service does to it is there at the next request', async () => {
  const decision = await authorizer.authorize(node(['Authorization', `Bearer ${token}`]));
  const claims = (decision as Allowed).token?.claims as Record<string, unknown>;
  expect(() => {
    claims['scope'] = 'a:read a:admin';
  }).toThrow(TypeError);
  expect(() => (claims['aud'] as string[]).push('https://b.example.com/')).toThrow(TypeError);
  expect(await decide(node(['Authorization', `Bearer ${token}`], { url: '/a/admin' }))).toBe('insufficient_scope');
});

describe('what is no request', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
    ["Fastify's own request", { method: 'GET', url: '/a', headers: {} }],
    ['text for headers', { method: 'GET', url: '/a', rawHeaders: 'Host' }],
  ])('%s: a TypeError', async (_name, request) => {
    await expect(authorizer.authorize(request as NodeRequest)).rejects.toThrow(TypeError);
    expect(() => authorizer.metadata(request as NodeRequest)).toThrow(TypeError);
  });

  test('a parsed body: a TypeError', async () => {
    await expect(authorizer.authorize(node([]), { id: 1 } as unknown as string)).rejects.toThrow(TypeError);
  });
});

describe('configuration', () => {
  test('errors: rejected with the problems of checkConfig', async () => {
    const failed = createAuthorizer({ config: { routes: { '/b': { resource: 'b' } } } });
    await expect(failed).rejects.toThrow(ConfigurationError);
    await expect(failed).rejects.toMatchObject({
      problems: expect.arrayContaining([expect.objectContaining({ path: 'routes./b.resource' })]),
    });
  });

  test('a file that is not there: rejected', async () => {
    await expect(createAuthorizer({ file: '/nowhere/audgate.yaml' })).rejects.toThrow(ConfigurationError);
  });

  test('an issuer out of reach: created all the same, told, and its tokens are refused with 503', async () => {
    const told: string[] = [];
    const other = await createAuthorizer({
      config: {
        issuers: { 'http://127.0.0.1:1': { jwks_uri: 'http://127.0.0.1:1/jwks' } },
        routes: { '/a': { resource: 'https://a.example.com/' } },
      },
      onWarning: message => told.push(message),
    });
    const foreign = await issuer.sign({ claims: { iss: 'http://127.0.0.1:1' } });
    expect(summary(await other.authorize(node(['Authorization', `Bearer ${foreign}`])))).toBe('keys_unavailable');
    expect(told).toContain('keys could not be fetched');
    other.close();
  });
});
