/** `enforcement`: what each mode refuses, what it only reports, and what is then forwarded. */

import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { REFUSALS } from '../../../src/denial.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import {
  bearer,
  type HeaderPair,
  headerValues,
  type RawRequest,
  type RawResponse,
  request,
} from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const MODES = ['report', 'verify', 'enforce'] as const;
type Mode = (typeof MODES)[number];

let issuer: TokenIssuer;
let silent: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, silent, upstream] = await Promise.all([startTokenIssuer(), startTokenIssuer(), startUpstream()]);
  silent.jwks = undefined;
  const route = (mode: Mode) => `
  /${mode}:
    resource: https://api.example.com/
    upstream: ${upstream.origin}
    enforcement: ${mode}
    issuers: [${issuer.issuer}, ${silent.issuer}]
    scopes: { GET: [read] }
    claims: { tid: one }
    claims_to_headers: { X-User: sub }
  /tight-${mode}:
    resource: https://api.example.com/
    upstream: ${upstream.origin}
    enforcement: ${mode}
    limits: { body: 1KiB, in_flight: 1 }`;
  gateway = await startGateway(`
timeouts: { body: 500ms }
revoked: [{ jti: taken-back }]
issuers:
  ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} }
  ${silent.issuer}: { jwks_uri: ${silent.jwksUri} }
  https://other.example.com: { jwks_uri: ${issuer.jwksUri} }
routes:${MODES.map(route).join('')}
  /shown: { resource: https://api.example.com/, upstream: ${upstream.origin}, enforcement: report, would_deny_header: true, issuers: [${issuer.issuer}, ${silent.issuer}], scopes: { GET: [read] }, claims: { tid: one } }
  /sibling: { resource: https://sibling.example.com/, upstream: ${upstream.origin} }
`);
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([issuer?.close(), silent?.close(), upstream?.close()]);
});

interface Row {
  readonly reason: string;
  /** The modes that refuse it; the others forward and report. */
  readonly refusedOn: readonly Mode[];
  /** Whether identity fields are forwarded, where the request is. */
  readonly identified: boolean;
  readonly method?: string;
  readonly path?: string;
  readonly credentials: () => Promise<readonly HeaderPair[]>;
}

const ALL = MODES;
const FROM_VERIFY = ['verify', 'enforce'] as const;
const ONLY_ENFORCE = ['enforce'] as const;
const good = { aud: 'https://api.example.com/', scope: 'read', tid: 'one' };
const seconds = () => Math.floor(Date.now() / 1000);
const signed = async (claims: object, header: object = {}, from = issuer): Promise<readonly HeaderPair[]> => [
  bearer(await from.sign({ claims: { ...good, ...claims }, header: { ...header } })),
];

const rows: readonly Row[] = [
  { reason: 'malformed_request', refusedOn: ALL, identified: false, credentials: async () => [['Host', 'a b']] },
  { reason: 'ambiguous_path', refusedOn: ALL, identified: false, path: '/a%2Fb', credentials: () => signed({}) },
  {
    reason: 'method_not_allowed',
    refusedOn: FROM_VERIFY,
    identified: true,
    method: 'PUT',
    credentials: () => signed({}),
  },
  { reason: 'missing_token', refusedOn: FROM_VERIFY, identified: false, credentials: async () => [] },
  {
    reason: 'malformed_credentials',
    refusedOn: FROM_VERIFY,
    identified: false,
    credentials: async () => [['Authorization', 'Bearer']],
  },
  {
    reason: 'malformed_token',
    refusedOn: FROM_VERIFY,
    identified: false,
    credentials: async () => [['Authorization', 'Bearer x']],
  },
  {
    reason: 'untrusted_issuer',
    refusedOn: FROM_VERIFY,
    identified: false,
    credentials: () => signed({ iss: 'https://other.example.com' }),
  },
  { reason: 'keys_unavailable', refusedOn: FROM_VERIFY, identified: false, credentials: () => signed({}, {}, silent) },
  { reason: 'unknown_key', refusedOn: FROM_VERIFY, identified: false, credentials: () => signed({}, { kid: 'x' }) },
  {
    reason: 'bad_signature',
    refusedOn: FROM_VERIFY,
    identified: false,
    credentials: async () => [['Authorization', `${(await signed({}))[0]?.[1].slice(0, -8)}AAAAAAAA`]],
  },
  {
    reason: 'revoked_token',
    refusedOn: ALL,
    identified: false,
    credentials: () => signed({ jti: 'taken-back' }),
  },
  {
    reason: 'token_expired',
    refusedOn: FROM_VERIFY,
    identified: false,
    credentials: () => signed({ exp: seconds() - 1 }),
  },
  {
    reason: 'token_not_yet_valid',
    refusedOn: FROM_VERIFY,
    identified: false,
    credentials: () => signed({ nbf: seconds() + 100 }),
  },
  {
    reason: 'wrong_token_type',
    refusedOn: ONLY_ENFORCE,
    identified: true,
    credentials: () => signed({}, { typ: 'JWT' }),
  },
  {
    reason: 'wrong_audience',
    refusedOn: ONLY_ENFORCE,
    identified: true,
    credentials: () => signed({ aud: 'https://sibling.example.com/' }),
  },
  {
    reason: 'wrong_claim',
    refusedOn: ONLY_ENFORCE,
    identified: true,
    credentials: () => signed({ tid: 'two' }),
  },
  {
    reason: 'insufficient_scope',
    refusedOn: ONLY_ENFORCE,
    identified: true,
    credentials: () => signed({ scope: 'write' }),
  },
];

describe.each(MODES)('enforcement: %s', mode => {
  test.each(rows)('$reason', async ({ reason, refusedOn, identified, method = 'GET', path = '', credentials }) => {
    const isRefused = refusedOn.includes(mode);
    const lines = (await gateway.requestLines(0)).length;
    upstream.received.length = 0;
    const headers: readonly HeaderPair[] = [...(await credentials()), ['x_user', 'mallory'], ['X-User', 'mallory']];
    const { status } = await request(gateway.port, { method, path: `/${mode}${path}`, headers });
    const line = (await gateway.requestLines(lines + 1)).at(-1);

    expect(line).toMatchObject({ reason, outcome: isRefused ? 'denied' : 'reported', status });
    expect(upstream.received).toHaveLength(isRefused ? 0 : 1);
    if (isRefused) return expect(status).toBeGreaterThanOrEqual(400);

    expect(status).toBe(200);
    expect(line).toMatchObject({ route: `/${mode}`, enforcement: mode, level: 'warn' });
    const seen = upstream.received[0]?.rawHeaders.filter(([name]) => /^x.user$/i.test(name));
    expect(seen).toEqual(identified ? [['X-User', 'alice']] : []);
    return expect(
      await gateway.sample(`audgate_denials_total{route="/${mode}",reason="${reason}",action="forwarded"}`),
    ).toBe(1);
  });

  test('a good token: forwarded, nothing reported', async () => {
    const lines = (await gateway.requestLines(0)).length;
    const { status } = await request(gateway.port, { path: `/${mode}`, headers: [...(await signed({}))] });
    expect(status).toBe(200);
    expect((await gateway.requestLines(lines + 1)).at(-1)).toMatchObject({ outcome: 'forwarded', level: 'info' });
    expect((await gateway.requestLines(lines + 1)).at(-1)).not.toHaveProperty('reason');
  });
});

describe.each(MODES)('what no gateway can forward, enforcement: %s', mode => {
  const path = `/tight-${mode}`;
  const send = async (raw: Partial<RawRequest>) =>
    request(gateway.port, { path, ...raw, headers: [...(await signed({})), ...(raw.headers ?? [])] });
  const expectRefusal = async (answer: RawResponse, status: number, reason: string) => {
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ reason });
    expect(upstream.received).toEqual([]);
  };
  beforeEach(() => {
    upstream.received.length = 0;
  });

  test('headers_too_large', async () => {
    const headers = Array.from({ length: 201 }, (_, index): HeaderPair => [`X-${index}`, '']);
    await expectRefusal(await send({ headers }), 431, 'headers_too_large');
  });

  test('no_route', async () => expectRefusal(await send({ path: `/un${mode}` }), 404, 'no_route'));

  test('body_too_large', async () => {
    await expectRefusal(await send({ method: 'POST', body: 'x'.repeat(1025) }), 413, 'body_too_large');
  });

  test('request_timeout', async () => {
    const answer = await send({ method: 'POST', headers: [['Content-Length', '10']] });
    await expectRefusal(answer, 408, 'request_timeout');
  });

  test('overloaded', async () => {
    const { handle } = upstream;
    const held = new Promise<ServerResponse>(resolve => {
      upstream.handle = (_request, response) => resolve(response);
    });
    const first = send({});
    const response = await held;
    upstream.received.length = 0;
    await expectRefusal(await send({}), 503, 'overloaded');
    upstream.handle = handle;
    response.end();
    expect((await first).status).toBe(200);
  });
});

test('the tables: every reason but internal, in every mode', () => {
  const limits = ['headers_too_large', 'no_route', 'body_too_large', 'request_timeout', 'overloaded'];
  // decision-table.test.ts has them; they are decided before there is a route with a mode.
  const heads = ['version_not_supported', 'expectation_failed', 'upgrade_required'];
  // introspection.test.ts has it in every mode.
  const introspected = ['inactive_token'];
  // test/security/mcp-body.test.ts and mcp-origin.test.ts have them, and mcp-sessions.test.ts in every mode.
  const mcp = ['origin_not_allowed', 'session_not_found', 'unsupported_media_type', 'mcp_header_mismatch'];
  // integration/exchange has them: they come after the decision, whatever the mode.
  const exchange = ['exchange_refused', 'exchange_unavailable'];
  const elsewhere = [...limits, ...heads, ...introspected, ...mcp, ...exchange, 'internal'];
  const tested = [...rows.map(({ reason }) => reason), ...elsewhere];
  expect(tested.toSorted()).toEqual(Object.keys(REFUSALS).toSorted());
});

describe('would_deny_header: what a stricter mode would refuse', () => {
  test.each(rows)('$reason', async ({ reason, refusedOn, method = 'GET', path = '', credentials }) => {
    const { status, headers } = await request(gateway.port, {
      method,
      path: `/shown${path}`,
      headers: [...(await credentials())],
    });
    const isReported = !refusedOn.includes('report');
    expect(status === 200).toBe(isReported);
    expect(headerValues(headers, 'audgate-would-deny')).toEqual(isReported ? [reason] : []);
  });

  test('nothing to report, or a route without the key: no field', async () => {
    const good = await request(gateway.port, { path: '/shown', headers: [...(await signed({}))] });
    const hidden = await request(gateway.port, { path: '/report' });
    expect([good.status, hidden.status]).toEqual([200, 200]);
    for (const { headers } of [good, hidden]) expect(headerValues(headers, 'audgate-would-deny')).toEqual([]);
  });
});

test('a token of a sibling API: counted by what each mode does with it; only report forwards Authorization', async () => {
  const series = (mode: Mode, action: string) =>
    `audgate_confused_deputy_rejections_total{route="/${mode}",resource="https://api.example.com/",presented="https://sibling.example.com/",issuer="${issuer.issuer}",action="${action}"}`;
  expect(await gateway.sample(series('report', 'forwarded'))).toBe(1);
  expect(await gateway.sample(series('verify', 'forwarded'))).toBe(1);
  expect(await gateway.sample(series('enforce', 'refused'))).toBe(1);
  const withToken = upstream.received.filter(({ rawHeaders }) => headerValues(rawHeaders, 'authorization').length > 0);
  expect(withToken.filter(({ url }) => !/^\/(?:report|shown)\b/.test(url))).toEqual([]);
});
