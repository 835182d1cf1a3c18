/** Every denial reason, produced by a real request, with its exact reply, metric and log line. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REFUSALS } from '../../../src/denial.ts';
import { type RunningGateway, readFailures, startGateway } from '../../support/gateway.ts';
import {
  bearer,
  type HeaderPair,
  headerValues,
  parseResponses,
  type RawResponse,
  request,
  sendRaw,
} from '../../support/raw-http.ts';
import { HANDSHAKE_FIELDS } from '../../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const PROFILE = 'https://profile.example.com/';
const BILLING = 'https://billing.example.com/v2';
const METADATA = 'resource_metadata="https://billing.example.com/.well-known/oauth-protected-resource/v2"';
const SCOPE = 'scope="billing:read"';

let issuer: TokenIssuer;
let silent: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, silent, upstream] = await Promise.all([startTokenIssuer(), startTokenIssuer(), startUpstream()]);
  silent.jwks = undefined;
  gateway = await startGateway(`
revoked: [{ jti: taken-back }]
issuers:
  ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri}, algorithms: [ES256] }
  ${silent.issuer}: { jwks_uri: ${silent.jwksUri} }
routes:
  /profile: { resource: ${PROFILE}, upstream: ${upstream.origin}, audiences: [profile-alias] }
  /billing:
    resource: ${BILLING}
    upstream: ${upstream.origin}
    scopes: { GET: [billing:read], POST /invoices: [billing:read, billing:write] }
  /tenant:
    resource: https://tenant.example.com/
    upstream: ${upstream.origin}
    scopes: [read]
    claims: { tid: tenant-1, client_id: [web, batch] }
  /strict: { resource: https://strict.example.com, upstream: ${upstream.origin}, multiple_audiences: only }
  /partner: { resource: https://partner.example.com, upstream: ${upstream.origin}, issuers: [${silent.issuer}] }
  /nowhere: { public: true, upstream: 'http://127.0.0.1:9' }
`);
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([issuer?.close(), silent?.close(), upstream?.close()]);
});

interface Row {
  readonly name: string;
  readonly reason: keyof typeof REFUSALS;
  readonly status: number;
  readonly challenge?: string;
  readonly send: () => Promise<RawResponse>;
  /** Default /billing. */
  readonly route?: string;
  readonly headers?: readonly HeaderPair[];
  readonly presented?: string;
}

const invalidToken = (description: string) =>
  `Bearer error="invalid_token", error_description="${description}", ${SCOPE}, ${METADATA}`;

const get = (path: string, ...headers: HeaderPair[]) => request(gateway.port, { path, headers });
const now = () => Math.floor(Date.now() / 1000);

/** At /billing, with a token that differs from a good one in `claims` and `header` only. */
async function withToken(claims: object, header: object = {}, from = issuer): Promise<RawResponse> {
  const good = { aud: BILLING, scope: 'billing:read' };
  return get('/billing', bearer(await from.sign({ claims: { ...good, ...claims }, header: { ...header } })));
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = () =>
  `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode({ iss: issuer.issuer, aud: BILLING, exp: now() + 60 })}.`;

async function tampered(): Promise<string> {
  const [header, , signature] = (await issuer.sign({ claims: { aud: PROFILE } })).split('.');
  return `${header}.${encode({ iss: issuer.issuer, aud: BILLING, scope: 'billing:read', exp: now() + 60 })}.${signature}`;
}

const raw = async (bytes: string) => {
  const [response] = parseResponses(await sendRaw(gateway.port, bytes));
  if (!response) throw new Error('no answer');
  return response;
};

const MALFORMED = 'The access token is malformed';
const rows: readonly Row[] = [
  {
    name: 'two Hosts',
    reason: 'malformed_request',
    status: 400,
    route: '(none)',
    send: () => raw('GET /billing HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'),
  },
  {
    name: 'no Host',
    reason: 'malformed_request',
    status: 400,
    route: '(none)',
    send: () => raw('GET /billing HTTP/1.1\r\n\r\n'),
  },
  {
    name: 'HTTP/2.0 in the request line',
    reason: 'version_not_supported',
    status: 505,
    route: '(none)',
    send: () => raw('GET /billing HTTP/2.0\r\nHost: a\r\nConnection: close\r\n\r\n'),
  },
  {
    name: 'another expectation',
    reason: 'expectation_failed',
    status: 417,
    route: '(none)',
    send: () => get('/billing', ['Expect', '200-ok']),
  },
  {
    name: 'a WebSocket of version 8',
    reason: 'upgrade_required',
    status: 426,
    route: '(none)',
    headers: [
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', '13'],
    ],
    send: () => raw(`GET /billing HTTP/1.1\r\nHost: a\r\n${HANDSHAKE_FIELDS.replace(': 13', ': 8')}\r\n`),
  },
  { name: 'no HTTP', reason: 'malformed_request', status: 400, route: '(none)', send: () => raw('GARBAGE\r\n\r\n') },
  {
    name: 'CONNECT',
    reason: 'malformed_request',
    status: 400,
    route: '(none)',
    send: () => raw('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'),
  },
  {
    name: 'a token of 64 KB',
    reason: 'headers_too_large',
    status: 431,
    route: '(none)',
    send: () => get('/billing', bearer('a'.repeat(65_536))),
  },
  {
    name: 'an encoded slash',
    reason: 'ambiguous_path',
    status: 400,
    route: '(none)',
    send: () => get('/billing/..%2Fprofile'),
  },
  { name: 'a path of no route', reason: 'no_route', status: 404, route: '(none)', send: () => get('/billing-old') },
  {
    name: 'a method without scopes',
    reason: 'method_not_allowed',
    status: 405,
    headers: [['Allow', 'GET, HEAD']],
    send: () => request(gateway.port, { path: '/billing', method: 'DELETE' }),
  },
  {
    name: 'a method without scopes below',
    reason: 'method_not_allowed',
    status: 405,
    headers: [['Allow', 'GET, HEAD, POST']],
    send: () => request(gateway.port, { path: '/billing/invoices', method: 'PUT' }),
  },
  {
    name: 'no token',
    reason: 'missing_token',
    status: 401,
    challenge: `Bearer ${SCOPE}, ${METADATA}`,
    send: () => get('/billing'),
  },
  {
    name: 'another scheme',
    reason: 'missing_token',
    status: 401,
    challenge: `Bearer ${SCOPE}, ${METADATA}`,
    send: () => get('/billing', ['Authorization', 'Basic YTpi']),
  },
  {
    name: 'a token in the query',
    reason: 'missing_token',
    status: 401,
    challenge: `Bearer ${SCOPE}, ${METADATA}`,
    send: () => get('/billing?access_token=abc'),
  },
  {
    name: 'Bearer without a token',
    reason: 'malformed_credentials',
    status: 400,
    challenge: `Bearer error="invalid_request", error_description="Exactly one Bearer token is expected in one Authorization field", ${SCOPE}, ${METADATA}`,
    send: () => get('/billing', ['Authorization', 'Bearer ']),
  },
  {
    name: 'two Authorization fields',
    reason: 'malformed_credentials',
    status: 400,
    challenge: `Bearer error="invalid_request", error_description="Exactly one Bearer token is expected in one Authorization field", ${SCOPE}, ${METADATA}`,
    send: () => get('/billing', bearer('a.b.c'), bearer('a.b.c')),
  },
  {
    name: 'no JWS',
    reason: 'malformed_token',
    status: 401,
    challenge: invalidToken(MALFORMED),
    send: () => get('/billing', bearer('opaque')),
  },
  {
    name: 'ten thousand dots',
    reason: 'malformed_token',
    status: 401,
    challenge: invalidToken(MALFORMED),
    send: () => get('/billing', bearer('.'.repeat(10_000))),
  },
  {
    name: 'exp as a string',
    reason: 'malformed_token',
    status: 401,
    challenge: invalidToken(MALFORMED),
    send: () => withToken({ exp: String(now() + 60) }),
  },
  {
    name: 'no exp',
    reason: 'malformed_token',
    status: 401,
    challenge: invalidToken(MALFORMED),
    send: () => withToken({ exp: undefined }),
  },
  {
    name: 'aud as a number',
    reason: 'malformed_token',
    status: 401,
    challenge: invalidToken(MALFORMED),
    send: () => withToken({ aud: [BILLING, 7] }),
  },
  {
    name: 'an unknown issuer',
    reason: 'untrusted_issuer',
    status: 401,
    challenge: invalidToken('The issuer of the access token is not trusted here'),
    send: () => withToken({ iss: 'https://evil.example.com' }),
  },
  {
    name: 'an issuer of another route',
    reason: 'untrusted_issuer',
    status: 401,
    route: '/partner',
    send: async () => get('/partner', bearer(await issuer.sign({ claims: { aud: 'https://partner.example.com' } }))),
  },
  {
    name: 'an issuer without keys',
    reason: 'keys_unavailable',
    status: 503,
    headers: [['Retry-After', '5']],
    send: () => withToken({}, {}, silent),
  },
  {
    name: 'an unknown kid',
    reason: 'unknown_key',
    status: 401,
    challenge: invalidToken('The access token was signed with an unknown key'),
    send: () => withToken({}, { kid: 'another' }),
  },
  {
    name: 'a payload of our own',
    reason: 'bad_signature',
    status: 401,
    challenge: invalidToken('The signature of the access token is not valid'),
    send: async () => get('/billing', bearer(await tampered())),
  },
  {
    name: 'alg none',
    reason: 'bad_signature',
    status: 401,
    challenge: invalidToken('The signature of the access token is not valid'),
    send: () => get('/billing', bearer(unsigned())),
  },
  {
    name: 'an exp of now',
    reason: 'token_expired',
    status: 401,
    challenge: invalidToken('The access token has expired'),
    send: () => withToken({ exp: now() }),
  },
  {
    name: 'a token that was taken back',
    reason: 'revoked_token',
    status: 401,
    challenge: invalidToken('The access token has been revoked'),
    send: () => withToken({ jti: 'taken-back' }),
  },
  {
    name: 'a token that was taken back, and has expired',
    reason: 'revoked_token',
    status: 401,
    challenge: invalidToken('The access token has been revoked'),
    send: () => withToken({ jti: 'taken-back', exp: now() }),
  },
  {
    name: 'nbf in an hour',
    reason: 'token_not_yet_valid',
    status: 401,
    challenge: invalidToken('The access token is not valid yet'),
    send: () => withToken({ nbf: now() + 3600, exp: now() + 7200 }),
  },
  {
    name: 'iat in a minute',
    reason: 'token_not_yet_valid',
    status: 401,
    challenge: invalidToken('The access token is not valid yet'),
    send: () => withToken({ iat: now() + 60 }),
  },
  {
    name: 'an ID token',
    reason: 'wrong_token_type',
    status: 401,
    challenge: invalidToken('The token is not an access token'),
    send: () => withToken({}, { typ: 'JWT' }),
  },
  {
    name: 'a token for the profile API',
    reason: 'wrong_audience',
    status: 401,
    presented: PROFILE,
    challenge: invalidToken('The access token is for another resource'),
    send: () => withToken({ aud: PROFILE }),
  },
  {
    name: 'a token for an alias of the profile API',
    reason: 'wrong_audience',
    status: 401,
    presented: PROFILE,
    challenge: invalidToken('The access token is for another resource'),
    send: () => withToken({ aud: ['urn:x', 'profile-alias'] }),
  },
  {
    name: 'a trailing slash too many',
    reason: 'wrong_audience',
    status: 401,
    presented: 'foreign',
    challenge: invalidToken('The access token is for another resource'),
    send: () => withToken({ aud: `${BILLING}/` }),
  },
  {
    name: 'no audience',
    reason: 'wrong_audience',
    status: 401,
    presented: 'missing',
    challenge: invalidToken('The access token is for another resource'),
    send: () => withToken({ aud: undefined }),
  },
  {
    name: 'an empty audience list',
    reason: 'wrong_audience',
    status: 401,
    presented: 'missing',
    challenge: invalidToken('The access token is for another resource'),
    send: () => withToken({ aud: [] }),
  },
  {
    name: 'a second audience where only one may be',
    reason: 'wrong_audience',
    status: 401,
    route: '/strict',
    presented: 'multiple',
    send: async () =>
      get('/strict', bearer(await issuer.sign({ claims: { aud: ['https://strict.example.com', 'urn:x'] } }))),
  },
  {
    name: 'another tenant',
    reason: 'wrong_claim',
    status: 403,
    route: '/tenant',
    challenge: `Bearer scope="read", resource_metadata="https://tenant.example.com/.well-known/oauth-protected-resource"`,
    send: async () => {
      const claims = { aud: 'https://tenant.example.com/', tid: 'tenant-2', client_id: 'web' };
      return request(gateway.port, { path: '/tenant', headers: [bearer(await issuer.sign({ claims }))] });
    },
  },
  {
    name: 'an ID token that has expired',
    reason: 'wrong_token_type',
    status: 401,
    challenge: invalidToken('The token is not an access token'),
    send: () => withToken({ typ: 'ID', exp: 1 }),
  },
  {
    name: 'a scope too few',
    reason: 'insufficient_scope',
    status: 403,
    challenge: `Bearer error="insufficient_scope", error_description="The access token does not have the required scope", scope="billing:read billing:write", ${METADATA}`,
    send: async () =>
      request(gateway.port, {
        path: '/billing/invoices/7',
        method: 'POST',
        headers: [bearer(await issuer.sign({ claims: { aud: BILLING, scope: 'billing:read' } }))],
      }),
  },
];

/**
 * The limits, and Origin, sessions and bodies of MCP requests, have tests of their own in test/security, tokens that an issuer is asked
 * about in test/integration/introspection, and the exchange of tokens in test/integration/exchange; no request produces `internal`.
 */
const ELSEWHERE = [
  ...['request_timeout', 'origin_not_allowed', 'inactive_token', 'session_not_found'],
  ...['unsupported_media_type', 'mcp_header_mismatch', 'body_too_large', 'overloaded'],
  ...['exchange_refused', 'exchange_unavailable', 'internal'],
];

describe('each reason: reply, metric and log as in the table', () => {
  test.each(rows)(
    '$reason: $name',
    async ({ reason, status, challenge, route = '/billing', headers = [], presented, send }) => {
      const denials = `audgate_denials_total{route="${route}",reason="${reason}",action="refused"}`;
      const before = { denials: await gateway.sample(denials), lines: (await gateway.requestLines(0)).length };
      const answer = await send();

      expect(answer.status).toBe(status);
      if (challenge !== undefined) expect(headerValues(answer.headers, 'WWW-Authenticate')).toEqual([challenge]);
      if (status !== 401 && status !== 403 && challenge === undefined) {
        expect(headerValues(answer.headers, 'WWW-Authenticate')).toEqual([]);
      }
      for (const [name, value] of headers) expect(headerValues(answer.headers, name)).toEqual([value]);
      expect(headerValues(answer.headers, 'Content-Type')).toEqual(['application/problem+json']);

      const lines = await gateway.requestLines(before.lines + 1);
      const line = lines.at(-1);
      expect(lines).toHaveLength(before.lines + 1);
      expect(line).toMatchObject({ route, reason, status, outcome: 'denied', level: 'warn' });
      expect(JSON.parse(answer.body.toString())).toEqual({
        title: REFUSALS[reason].title,
        status,
        reason,
        request_id: line?.['request_id'],
      });
      expect(await gateway.sample(denials)).toBe(before.denials + 1);
      if (presented !== undefined) await expectConfusedDeputy(route, presented);
    },
  );

  test('the table: a row for every reason but internal', () => {
    const covered = new Set<string>(rows.map(row => row.reason));
    expect(Object.keys(REFUSALS).filter(reason => !covered.has(reason))).toEqual(ELSEWHERE);
  });

  test('refused requests: none reached the upstream', () => {
    expect(upstream.received).toEqual([]);
  });

  test('an upstream that cannot be reached: a failure, not a denial', async () => {
    const { status, body } = await get('/nowhere');
    expect(status).toBe(502);
    expect(JSON.parse(body.toString())).toMatchObject({ reason: 'upstream_unreachable', status: 502 });
    expect(readFailures(await gateway.scrape(), '/nowhere')).toEqual({ 'upstream_unreachable/refused': 1 });
    expect(await gateway.scrape()).not.toMatch(/audgate_denials_total\{route="\/nowhere".* [1-9]/);
  });
});

async function expectConfusedDeputy(route: string, presented: string): Promise<void> {
  const exposition = await gateway.scrape();
  const counted = exposition
    .split('\n')
    .filter(line => line.startsWith(`audgate_confused_deputy_rejections_total{route="${route}"`))
    .filter(line => line.includes(`presented="${presented}"`) && line.includes(`issuer="${issuer.issuer}"`));
  const total = (await gateway.requestLines(0)).filter(
    line => line['route'] === route && line['reason'] === 'wrong_audience',
  );
  expect(counted).toHaveLength(1);
  expect(Number(counted[0]?.split(' ').at(-1))).toBeGreaterThan(0);
  expect(Number(counted[0]?.split(' ').at(-1))).toBeLessThanOrEqual(total.length);
}
