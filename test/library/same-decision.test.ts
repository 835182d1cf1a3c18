/** The same bytes, sent to a gateway and to a service with the library, of one configuration: the same decision, challenge and body. Needs `npm run build` before. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { headerValues, type RawRequest, type RawResponse, request } from '../support/raw-http.ts';
import { type SignOptions, startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream } from '../support/upstream.ts';
import { type RunningService, startService } from './service.ts';

let issuer: TokenIssuer;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: RunningGateway;
let service: RunningService;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const yaml = `
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /billing: { resource: https://billing.example.com/, upstream: ${upstream.origin}, scopes: { GET: [billing:read], "POST /invoices": [billing:write] } }
  /profile: { resource: https://profile.example.com/, upstream: ${upstream.origin}, scopes: [profile:read] }
  /verify: { resource: https://verify.example.com/, upstream: ${upstream.origin}, scopes: [v], enforcement: verify }
  /report: { resource: https://report.example.com/, upstream: ${upstream.origin}, scopes: [r], enforcement: report }
  api.example.com/hosted: { resource: https://api.example.com/hosted, upstream: ${upstream.origin}, scopes: [h] }
  /mcp:
    resource: https://tools.example.com/mcp
    upstream: ${upstream.origin}
    scopes: [mcp:use]
    mcp: { tools: { delete_user: [users:admin], "*": [tools:call] } }
  /open: { public: true, upstream: ${upstream.origin} }
`;
  [gateway, service] = await Promise.all([startGateway(yaml), startService({ config: yaml })]);
});
afterAll(() => Promise.all([gateway, service, upstream, issuer].map(each => each?.close())));

const call = (name: string) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } });
const JSON_FIELDS = [
  ['Content-Type', 'application/json'],
  ['Accept', 'application/json, text/event-stream'],
] as const;

interface Case extends Partial<RawRequest> {
  readonly path: string;
  /** Claims of its token; without them it has none. */
  readonly token?: SignOptions;
  /** The Authorization field as it is, in place of a token. */
  readonly authorization?: string;
}

const billing = { claims: { aud: 'https://billing.example.com/', scope: 'billing:read' } };
const tools = (scope: string) => ({ claims: { aud: 'https://tools.example.com/mcp', scope } });
const post = (path: string, rest: Partial<Case> = {}): Case => ({ method: 'POST', path, ...rest });

const CASES: Readonly<Record<string, Case>> = {
  'the right token': { path: '/billing/invoices?page=2', token: billing },
  'HEAD, which GET covers': { method: 'HEAD', path: '/billing/invoices', token: billing },
  'no token': { path: '/billing/invoices' },
  'another scheme': { path: '/billing/invoices', authorization: 'Basic YTpi' },
  'an empty Bearer': { path: '/billing/invoices', authorization: 'Bearer' },
  'two credentials in one field': { path: '/billing/invoices', authorization: 'Bearer a, Bearer b' },
  'a token that is none': { path: '/billing/invoices', authorization: 'Bearer x.y.z' },
  "a sibling's token": { path: '/profile/me', token: billing },
  'an expired token': { path: '/billing/x', token: { claims: { ...billing.claims, exp: 1_700_000_000 } } },
  'an unknown key': { path: '/billing/x', token: { ...billing, header: { kid: 'other' } } },
  'another issuer': { path: '/billing/x', token: { claims: { ...billing.claims, iss: 'https://evil.example.com' } } },
  'an ID token': { path: '/billing/x', token: { ...billing, header: { typ: 'JWT' } } },
  'a scope that lacks': post('/billing/invoices', { token: billing }),
  'a method without a rule': { method: 'DELETE', path: '/billing/invoices', token: billing },
  'a path without a route': { path: '/nowhere' },
  'a dot segment': { path: '/billing/../profile/me', token: billing },
  'an encoded slash': { path: '/billing%2Finvoices', token: billing },
  'a backslash': { path: '/billing\\invoices', token: billing },
  'an absolute target of another host': { path: 'http://evil.example.com/billing/x', token: billing },
  'verify, a wrong audience': { path: '/verify/x', token: billing },
  'verify, no token': { path: '/verify/x' },
  'report, no token': { path: '/report/x' },
  'report, a wrong audience': { path: '/report/x', token: billing },
  'the host of a route': { path: '/hosted/x', headers: [['Host', 'api.example.com']] },
  'another host': { path: '/hosted/x', headers: [['Host', 'www.example.com']] },
  'a public route': { path: '/open/x', authorization: 'Bearer x.y.z' },
  'an MCP tool': post('/mcp', { token: tools('mcp:use tools:call'), headers: JSON_FIELDS, body: call('add') }),
  'an MCP tool whose scope lacks': post('/mcp', {
    token: tools('mcp:use tools:call'),
    headers: JSON_FIELDS,
    body: call('delete_user'),
  }),
  'a body that is no message': post('/mcp', {
    token: tools('mcp:use tools:call'),
    headers: JSON_FIELDS,
    body: '{"a":1',
  }),
  'a body with a second name': post('/mcp', {
    token: tools('mcp:use tools:call'),
    headers: JSON_FIELDS,
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","name":"delete_user"}}',
  }),
  'a media type that is not JSON': post('/mcp', {
    token: tools('mcp:use'),
    headers: [['Content-Type', 'text/plain']],
    body: call('add'),
  }),
  'an Origin that is not allowed': post('/mcp', {
    token: tools('mcp:use tools:call'),
    headers: [...JSON_FIELDS, ['Origin', 'https://evil.example.com']],
    body: call('add'),
  }),
  'a metadata document': {
    path: '/.well-known/oauth-protected-resource/mcp',
    headers: [['Host', 'tools.example.com']],
  },
  'its preflight': {
    method: 'OPTIONS',
    path: '/.well-known/oauth-protected-resource/mcp',
    headers: [
      ['Host', 'tools.example.com'],
      ['Origin', 'https://app.example.com'],
      ['Access-Control-Request-Method', 'GET'],
    ],
  },
  'a POST to it': post('/.well-known/oauth-protected-resource/mcp', { headers: [['Host', 'tools.example.com']] }),
};

/** What a decision says to the client; of one that allows only that, since the upstream's answer is the rest. */
function readDecision({ status, headers, body }: RawResponse, method: string | undefined) {
  if (status === 200 && body.length > 0 && !body.toString().startsWith('{"resource"')) return { status };
  const own = [
    'WWW-Authenticate',
    'Allow',
    'Retry-After',
    'Content-Type',
    'Cache-Control',
    'ETag',
    'Access-Control-Allow-Origin',
  ];
  const text = body.toString().replace(/"request_id":"[^"]*"/, '');
  if (method === 'HEAD') return { status };
  return { status, text, fields: own.map(name => [name, ...headerValues(headers, name)]) };
}

async function ask(port: number, { token, authorization, headers = [], ...rest }: Case): Promise<RawResponse> {
  const value = token ? `Bearer ${await issuer.sign(token)}` : authorization;
  const credentials = value === undefined ? [] : ([['Authorization', value]] as const);
  return request(port, { ...rest, headers: [...headers, ...credentials] });
}

describe('the same bytes, to the gateway and to a service', () => {
  test.each(Object.entries(CASES))('%s: the same status, challenge and body', async (_name, asked) => {
    const [theirs, ours] = await Promise.all([ask(gateway.port, asked), ask(service.port, asked)]);
    expect(readDecision(ours, asked.method)).toEqual(readDecision(theirs, asked.method));
  });

  test('what the cases come to: each kind of answer is there', async () => {
    const answers = await Promise.all(Object.values(CASES).map(asked => ask(service.port, asked)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 204, 400, 401, 403, 404, 405, 415]);
  });
});

test('report: what a stricter mode would refuse is allowed and told, without a token where none verified', async () => {
  service.decisions.length = 0;
  await ask(service.port, { path: '/report/x' });
  await ask(service.port, { path: '/report/x', token: billing });
  expect(service.decisions).toEqual([
    { allowed: true, route: '/report', reported: 'missing_token', token: undefined },
    {
      allowed: true,
      route: '/report',
      reported: 'wrong_audience',
      token: expect.objectContaining({
        issuer: issuer.issuer,
        audience: ['https://billing.example.com/'],
        scopes: ['billing:read'],
      }),
    },
  ]);
});

test('the configuration as an object: decides alike', async () => {
  const config = parse(`
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes: { /billing: { resource: https://billing.example.com/, scopes: [billing:read] } }
`);
  const other = await startService({ config });
  expect((await ask(other.port, { path: '/billing/x', token: billing })).status).toBe(200);
  expect((await ask(other.port, { path: '/billing/x' })).status).toBe(401);
  await other.close();
});
