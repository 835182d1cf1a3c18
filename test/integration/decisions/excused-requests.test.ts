/** What is done with a request that an exception excuses, and what is still judged: exchange, MCP, introspection. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ExchangeServer, startExchangeServer } from '../../support/exchange-server.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type IntrospectionServer, startIntrospectionServer } from '../../support/introspection-server.ts';
import { bearer, type HeaderPair, headerValues, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const RESOURCE = 'https://api.example.com/';
const TOOLS = 'https://tools.example.com/mcp';
const UNTIL = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);

let issuer: TokenIssuer;
let asked: TokenIssuer;
let introspection: IntrospectionServer;
let endpoint: ExchangeServer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, asked, upstream, introspection] = await Promise.all([
    startTokenIssuer(),
    startTokenIssuer(),
    startUpstream(),
    startIntrospectionServer(),
  ]);
  endpoint = await startExchangeServer(issuer);
  const exception = (...reasons: readonly string[]) => [
    { client_id: 'batch', reasons, until: UNTIL, owner: 'team-batch' },
  ];
  const api = {
    ...{ resource: RESOURCE, upstream: upstream.origin, issuers: [issuer.issuer] },
    exceptions: exception('wrong_audience'),
  };
  const exchange = {
    ...{ token_endpoint: endpoint.endpoint, client_id: 'gateway', client_secret: 'a secret' },
    resource: 'https://inner.example.com/',
  };
  const mcp = {
    ...{ resource: TOOLS, upstream: upstream.origin, issuers: [issuer.issuer] },
    ...{ scopes: ['mcp:use'], mcp: { tools: { delete_user: ['users:admin'] } } },
  };
  const routes = {
    '/strip': api,
    '/forward': { ...api, upstream_token: 'forward' },
    '/exchange': { ...api, upstream_token: 'exchange', exchange },
    '/tools': { ...mcp, exceptions: exception('insufficient_scope') },
    '/sibling-tools': { ...mcp, exceptions: exception('wrong_audience') },
    '/asked': { ...api, issuers: [asked.issuer], exceptions: exception('wrong_token_type') },
    '/others': { resource: 'https://others.example.com/', upstream: upstream.origin },
  };
  const issuers = {
    [issuer.issuer]: { jwks_uri: issuer.jwksUri },
    [asked.issuer]: {
      jwks_uri: asked.jwksUri,
      introspection: {
        ...{ endpoint: introspection.endpoint, client_id: 'gateway', client_secret: 'secret' },
        jwt: true,
      },
    },
  };
  gateway = await startGateway(`issuers: ${JSON.stringify(issuers)}\nroutes: ${JSON.stringify(routes)}\n`);
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([issuer, asked, upstream, introspection, endpoint].map(each => each?.close()));
});

beforeEach(() => {
  upstream.received.length = 0;
});

const sign = (claims: object = {}, from = issuer) =>
  from.sign({ claims: { aud: 'https://others.example.com/', client_id: 'batch', ...claims } });

/** @returns `forwarded`, or status and reason. */
async function send(
  path: string,
  token: string,
  more: { readonly headers?: HeaderPair[]; readonly body?: string } = {},
) {
  const { headers = [], body } = more;
  const method = body === undefined ? 'GET' : 'POST';
  const all: HeaderPair[] = [bearer(token), ...headers];
  const response = await request(gateway.port, { path, method, headers: all, ...(body !== undefined && { body }) });
  const text = response.body.toString();
  return response.status === 200 ? 'forwarded' : `${response.status} ${JSON.parse(text).reason}`;
}

const authorization = () => headerValues(upstream.received[0]?.rawHeaders ?? [], 'authorization');

describe('Authorization of an excused request', () => {
  test('upstream_token: strip: removed, as for others', async () => {
    expect(await send('/strip', await sign())).toBe('forwarded');
    expect(authorization()).toEqual([]);
  });

  test('upstream_token: forward: sent, as for others', async () => {
    const token = await sign();
    expect(await send('/forward', token)).toBe('forwarded');
    expect(authorization()).toEqual([`Bearer ${token}`]);
  });

  test('upstream_token: exchange: nothing is exchanged, and nothing sent; for others it is', async () => {
    const before = endpoint.calls.length;
    expect(await send('/exchange', await sign())).toBe('forwarded');
    expect(authorization()).toEqual([]);
    expect(endpoint.calls.length).toBe(before);
    upstream.received.length = 0;
    expect(await send('/exchange', await sign({ aud: RESOURCE }))).toBe('forwarded');
    expect(authorization()).toHaveLength(1);
    expect(endpoint.calls.length).toBe(before + 1);
  });
});

describe('an MCP server', () => {
  const call = (name: string) => JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } });
  const json = (...more: HeaderPair[]): HeaderPair[] => [['Content-Type', 'application/json'], ...more];
  const post = async (path: string, claims: object, name: string, ...more: HeaderPair[]) =>
    send(path, await sign({ aud: TOOLS, ...claims }), { headers: json(...more), body: call(name) });

  test('a tool whose scope is excused: called; for another client refused', async () => {
    const { length } = gateway.log.filter(({ msg }) => msg === 'request');
    expect(await post('/tools', { scope: 'mcp:use' }, 'delete_user')).toBe('forwarded');
    expect((await gateway.requestLines(length + 1)).at(length)).toMatchObject({
      ...{ outcome: 'reported', reason: 'insufficient_scope', exception: 'batch', tool: 'delete_user' },
    });
    expect(await post('/tools', { scope: 'mcp:use', client_id: 'web' }, 'delete_user')).toBe('403 insufficient_scope');
  });

  test('the scope of the route is excused, and so is that of the tool', async () => {
    expect(await post('/tools', { scope: '' }, 'delete_user')).toBe('forwarded');
  });

  test('an excused audience: the scope of the tool is still needed', async () => {
    const other = { aud: 'https://others.example.com/', scope: 'mcp:use' };
    expect(await post('/sibling-tools', other, 'list_users')).toBe('forwarded');
    expect(await post('/sibling-tools', other, 'delete_user')).toBe('403 insufficient_scope');
  });

  test('Origin, and a body that cannot be read: refused all the same', async () => {
    const origin = ['Origin', 'https://evil.example'] as const;
    expect(await post('/tools', { scope: '' }, 'delete_user', origin)).toBe('403 origin_not_allowed');
    const token = await sign({ aud: TOOLS, scope: '' });
    expect(await send('/tools', token, { headers: json(), body: '{' })).toBe('400 malformed_request');
  });
});

describe('an issuer that is asked about JWTs too', () => {
  const tokenOf = (claims: object) => sign({ aud: RESOURCE, token_use: 'id', ...claims }, asked);
  const answer = (token: string, client: string) =>
    introspection.tokens.set(token, {
      ...{
        active: true,
        aud: RESOURCE,
        client_id: client,
        iss: asked.issuer,
        exp: Math.floor(Date.now() / 1000) + 300,
      },
    });

  test('an excused kind: asked about, and refused where it is not active', async () => {
    const token = await tokenOf({});
    expect(await send('/asked', token)).toBe('401 inactive_token');
    const active = await tokenOf({});
    answer(active, 'batch');
    expect(await send('/asked', active)).toBe('forwarded');
  });

  test('a kind that is not excused: refused, and nobody is asked', async () => {
    const before = introspection.questions.length;
    expect(await send('/asked', await tokenOf({ client_id: 'web' }))).toBe('401 wrong_token_type');
    expect(introspection.questions.length).toBe(before);
  });

  test('an answer that names another client: its exception does not count', async () => {
    const token = await tokenOf({});
    answer(token, 'web');
    expect(await send('/asked', token)).toBe('401 wrong_token_type');
  });
});
