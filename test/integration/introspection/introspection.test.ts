/** Tokens that an issuer is asked about (RFC 7662): which are asked about, what an answer opens, how often is asked, and an outage. */

import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import {
  type IntrospectionServer,
  type Members,
  startIntrospectionServer,
} from '../../support/introspection-server.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const BILLING = 'https://billing.example.com/';
const PROFILE = 'https://profile.example.com/';
/** No URL: such a name is legal where nothing is discovered. */
const OPAQUE = 'urn:example:opaque';
const TOKEN = 'ory_at_dGhpcyBpcyBub3QgYSBqd3Q.c2lnbmF0dXJl';

let upstream: Upstream;
let server: IntrospectionServer;
let gateway: RunningGateway | undefined;
let signer: TokenIssuer;

beforeAll(async () => {
  [upstream, signer] = await Promise.all([startUpstream(), startTokenIssuer()]);
  return async () => {
    await upstream.close();
    await signer.close();
  };
});
beforeEach(async () => {
  server = await startIntrospectionServer();
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await server.close();
});

const soon = () => Math.floor(Date.now() / 1000) + 300;
const active = (members: Members = {}): Members => ({
  active: true,
  aud: BILLING,
  scope: 'billing:read',
  client_id: 'shop',
  sub: 'alice',
  exp: soon(),
  ...members,
});

type Settings = Readonly<Record<string, unknown>>;

const introspecting = (settings: Settings = {}, issuer: Settings = {}) => ({
  introspection: { endpoint: server.endpoint, client_id: 'gateway', client_secret: 'secret', ...settings },
  ...issuer,
});

async function start(issuers: Settings = { [OPAQUE]: introspecting() }, route: Settings = {}): Promise<RunningGateway> {
  const billing = { resource: BILLING, upstream: upstream.origin, scopes: ['billing:read'], ...route };
  const routes = { '/billing': billing, '/profile': { ...billing, resource: PROFILE } };
  gateway = await startGateway(`issuers: ${JSON.stringify(issuers)}\nroutes: ${JSON.stringify(routes)}\n`);
  return gateway;
}

/** @returns `forwarded`, or status and reason. */
async function send(token: string, path = '/billing/1'): Promise<string> {
  const response = await fetch(`${gateway?.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const body = await response.text();
  return response.status === 200 ? 'forwarded' : `${response.status} ${JSON.parse(body).reason}`;
}

const counted = (outcome: string, issuer = OPAQUE) =>
  gateway?.sample(`audgate_introspections_total{issuer="${issuer}",outcome="${outcome}"}`);

describe('an opaque token', () => {
  test('active, for this resource: forwarded with its claims, and logged by them', async () => {
    const { requestLines } = await start(undefined, {
      claims_to_headers: { 'X-User': 'sub', 'X-Client': 'client_id' },
    });
    server.tokens.set(TOKEN, active());
    expect(await send(TOKEN)).toBe('forwarded');
    expect(upstream.received.at(-1)?.rawHeaders).toContainEqual(['X-User', 'alice']);
    const [line] = await requestLines(1);
    expect(line).toMatchObject({ iss: OPAQUE, sub: 'alice', client_id: 'shop', aud: [BILLING], scope: 'billing:read' });
    expect(JSON.stringify(gateway?.log)).not.toContain(TOKEN.slice(0, 20));
  });

  test.each<readonly [string, Members, string]>([
    ['not active', { active: false }, '401 inactive_token'],
    ['for a sibling', { aud: PROFILE }, '401 wrong_audience'],
    ['for nobody', { aud: undefined }, '401 wrong_audience'],
    ['without the scope', { scope: 'other' }, '403 insufficient_scope'],
    ['without exp', { exp: undefined }, '401 malformed_token'],
    ['with exp in milliseconds', { exp: Date.now() + 300_000 }, '401 malformed_token'],
    ['expired', { exp: 1 }, '401 token_expired'],
    ['not yet valid', { nbf: soon() }, '401 token_not_yet_valid'],
    ['of another issuer', { iss: 'https://other.example' }, '401 untrusted_issuer'],
    ['with iss null', { iss: null }, '401 untrusted_issuer'],
    ['an ID token by typ', { typ: 'ID' }, '401 wrong_token_type'],
    ['a refresh token by token_type', { token_type: 'Refresh' }, '401 wrong_token_type'],
    ['an ID token by token_use', { token_use: 'id' }, '401 wrong_token_type'],
    ['an offline token without exp', { typ: 'Offline', exp: undefined }, '401 wrong_token_type'],
    ['an ID token by its marks', { scope: undefined, nonce: 'n' }, '401 wrong_token_type'],
    ['with token_type Bearer and the name of its issuer', { token_type: 'Bearer', iss: OPAQUE }, 'forwarded'],
    ['with a jwt beside', { jwt: 'eyJhbGciOiJub25lIn0.e30.' }, 'forwarded'],
  ])('%s: %s', async (_, members, verdict) => {
    await start();
    server.tokens.set(TOKEN, active(members));
    expect(await send(TOKEN)).toBe(verdict);
  });

  test('not active: the challenge of an invalid token', async () => {
    await start();
    const response = await fetch(`${gateway?.origin}/billing`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(response.headers.get('www-authenticate')).toContain(
      'error="invalid_token", error_description="The access token is not active"',
    );
  });

  test.each(['report', 'verify'])('not active, on %s', async enforcement => {
    const { requestLines } = await start(undefined, { enforcement });
    expect(await send(TOKEN)).toBe(enforcement === 'report' ? 'forwarded' : '401 inactive_token');
    expect((await requestLines(1))[0]).toMatchObject({ reason: 'inactive_token' });
  });

  test('a wrong kind on verify: reported, and what is behind it is still refused', async () => {
    await start(undefined, { enforcement: 'verify' });
    server.tokens.set(TOKEN, active({ typ: 'ID' }));
    server.tokens.set('other', active({ typ: 'Refresh', exp: undefined }));
    expect([await send(TOKEN), await send('other')]).toEqual(['forwarded', '401 malformed_token']);
  });

  test('several introspecting issuers at the route, or none: malformed_token, and nobody is asked', async () => {
    await start({ [OPAQUE]: introspecting(), 'https://second.example': introspecting() });
    server.tokens.set(TOKEN, active());
    expect(await send(TOKEN)).toBe('401 malformed_token');
    await gateway?.close();
    await start(
      { [signer.issuer]: { jwks_uri: signer.jwksUri }, [OPAQUE]: introspecting() },
      { issuers: [signer.issuer] },
    );
    expect(await send(TOKEN)).toBe('401 malformed_token');
    expect(server.questions).toEqual([]);
  });

  test('several introspecting issuers, one of them at the route: that one is asked', async () => {
    await start({ [OPAQUE]: introspecting(), 'https://second.example': introspecting() }, { issuers: [OPAQUE] });
    server.tokens.set(TOKEN, active());
    expect(await send(TOKEN)).toBe('forwarded');
  });

  test.each([
    ['a JWT of anybody', 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL3gifQ.AAAA', '401 untrusted_issuer'],
    ['a JWE', 'eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ.a.b.c.d', '401 malformed_token'],
    ['a JWT in padded base64', 'eyJhbGciOiJFUzI1NiJ9ICAg==.e30=.AAAA', '401 malformed_token'],
    ['a header alone', 'eyJhbGciOiJFUzI1NiJ9', '401 malformed_token'],
    ['a text with a blank', 'a b', '401 malformed_token'],
  ])('%s: nobody is asked', async (_, token, verdict) => {
    await start();
    expect(await send(token)).toBe(verdict);
    expect(server.questions).toEqual([]);
  });
});

describe('how often is asked', () => {
  test('a second request: answered from the cache, active and inactive alike', async () => {
    await start();
    server.tokens.set(TOKEN, active());
    for (let count = 0; count < 3; count += 1) await send(TOKEN);
    for (let count = 0; count < 3; count += 1) await send('unknown');
    expect(server.questions.map(({ form }) => form.get('token'))).toEqual([TOKEN, 'unknown']);
    expect([await counted('active'), await counted('inactive'), await counted('hit')]).toEqual([1, 1, 4]);
  });

  test('fifty requests at once with one token: one call', async () => {
    await start();
    const answers: (() => void)[] = [];
    server.answer = response => answers.push(() => response.end(JSON.stringify(active())));
    const verdicts = Array.from({ length: 50 }, () => send(TOKEN));
    await server.asked(1);
    answers[0]?.();
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set(['forwarded']));
    expect(server.questions).toHaveLength(1);
    expect([await counted('active'), await counted('hit')]).toEqual([1, 49]);
  });

  test('cache: 0s: each request asks', async () => {
    await start({ [OPAQUE]: introspecting({ cache: '0s' }) });
    server.tokens.set(TOKEN, active());
    expect([await send(TOKEN), await send(TOKEN)]).toEqual(['forwarded', 'forwarded']);
    server.tokens.delete(TOKEN);
    expect(await send(TOKEN)).toBe('401 inactive_token');
    expect(server.questions).toHaveLength(3);
  });

  test('the same token at two issuers: each has its own answer', async () => {
    const second = 'https://second.example';
    const route = { upstream: upstream.origin, scopes: ['billing:read'] };
    const routes = {
      '/a': { ...route, resource: BILLING, issuers: [OPAQUE] },
      '/b': { ...route, resource: PROFILE, issuers: [second] },
    };
    const issuers = { [OPAQUE]: introspecting(), [second]: introspecting() };
    gateway = await startGateway(`issuers: ${JSON.stringify(issuers)}\nroutes: ${JSON.stringify(routes)}\n`);
    server.tokens.set(TOKEN, active({ aud: [BILLING, PROFILE] }));
    expect([await send(TOKEN, '/a'), await send(TOKEN, '/b')]).toEqual(['forwarded', 'forwarded']);
    expect(server.questions).toHaveLength(2);
  });
});

describe('an outage', () => {
  test('the limit of a drain ends during a question: the request is recorded', async () => {
    const route = { resource: BILLING, upstream: upstream.origin };
    const issuers = { [OPAQUE]: introspecting({}, { keys: { timeout: '1m' } }) };
    const yaml = `issuers: ${JSON.stringify(issuers)}\nroutes: ${JSON.stringify({ '/billing': route })}\n`;
    gateway = await startGateway(`drain: { delay: 1ms, limit: 100ms }\n${yaml}`);
    server.answer = () => undefined;
    const request = send(TOKEN).catch(() => 'closed');
    await server.asked(1);
    await gateway.close();
    expect(await request).toBe('closed');
    expect(gateway.log.filter(({ msg }) => msg === 'request')).toMatchObject([{ status: 499, route: '/billing' }]);
  });

  test('no answer, or a wrong secret: 503 with Retry-After, logged once; an answer that was given still counts', async () => {
    const { log } = await start();
    server.tokens.set(TOKEN, active());
    expect(await send(TOKEN)).toBe('forwarded');
    server.answer = response => response.writeHead(401).end('{"error":"invalid_client"}');
    const refused = await fetch(`${gateway?.origin}/billing`, { headers: { authorization: 'Bearer new' } });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await send('another')).toBe('503 keys_unavailable');
    expect(await send(TOKEN)).toBe('forwarded');
    const lines = log.filter(line => line['msg'] === 'tokens could not be looked up');
    expect(lines).toEqual([
      expect.objectContaining({ issuer: OPAQUE, error: expect.stringContaining('status 401: see that client_id') }),
    ]);
    expect(await counted('failure')).toBe(2);
    server.answer = undefined;
    server.tokens.set('new', active());
    expect(await send('new')).toBe('forwarded');
  });

  test('an issuer that never answers: 503 after keys.timeout', async () => {
    await start({ [OPAQUE]: introspecting({}, { keys: { timeout: '100ms' } }) });
    server.answer = () => undefined;
    expect(await send(TOKEN)).toBe('503 keys_unavailable');
  });

  test('an issuer that only introspects: counts as having keys', async () => {
    const { server: running } = await start();
    expect(running.gateway.verifier.keyReadiness()).toEqual({ isSettled: true, hasHadKeys: true, without: [] });
  });
});

describe('a JWT of an issuer that introspects', () => {
  const sign = (claims: Settings = {}, header: Settings = {}) =>
    signer.sign({ claims: { aud: BILLING, scope: 'billing:read', ...claims }, header });
  const withKeys = (settings: Settings = {}) => ({
    [signer.issuer]: introspecting(settings, { jwks_uri: signer.jwksUri }),
  });
  const withoutKeys = (settings: Settings = {}) => ({ [signer.issuer]: introspecting(settings) });

  test('with keys: verified by them, and nobody is asked', async () => {
    await start(withKeys());
    expect(await send(await sign())).toBe('forwarded');
    expect(server.questions).toEqual([]);
  });

  test('without keys and without jwt: unknown_key, and nobody is asked', async () => {
    await start(withoutKeys());
    expect(await send(await sign())).toBe('401 unknown_key');
    expect(server.questions).toEqual([]);
  });

  test('jwt: true, with keys: verified, then asked; the answer replaces the claims', async () => {
    await start(withKeys({ jwt: true }));
    const token = await sign({ scope: 'none', aud: PROFILE });
    server.tokens.set(token, active());
    expect([await send(token), await send(token)]).toEqual(['forwarded', 'forwarded']);
    expect(await send(token, '/profile')).toBe('401 wrong_audience');
    expect(server.questions).toHaveLength(1);
    expect(await send(await sign())).toBe('401 inactive_token');
  });

  test.each<readonly [string, () => Promise<string>, string]>([
    ['its form', async () => `${await sign()}=`, '401 malformed_token'],
    ['its signature', async () => (await sign()).replace(/[^.]+$/, 'A'.repeat(86)), '401 bad_signature'],
    ['its time', () => sign({ exp: 1 }), '401 token_expired'],
    ['its kind', () => sign({ typ: 'ID' }), '401 wrong_token_type'],
    ['its typ', () => sign({}, { typ: 'JWT' }), '401 wrong_token_type'],
    ['its key', () => sign({}, { kid: 'unknown' }), '401 unknown_key'],
  ])('jwt: true, refused by %s: nobody is asked', async (_, token, verdict) => {
    await start(withKeys({ jwt: true }));
    expect(await send(await token())).toBe(verdict);
    expect(server.questions).toEqual([]);
  });

  test('jwt: true, its kind on verify: only reported, so it is asked about', async () => {
    const { requestLines } = await start(withKeys({ jwt: true }), { enforcement: 'verify' });
    const token = await sign({ typ: 'ID' });
    expect(await send(token)).toBe('401 inactive_token');
    const other = await sign({ typ: 'ID', jti: 'other' });
    server.tokens.set(other, active());
    expect(await send(other)).toBe('forwarded');
    expect((await requestLines(2))[1]).toMatchObject({ outcome: 'reported', reason: 'wrong_token_type' });
  });

  test('jwt: true, while its keys cannot be had: 503, and nobody is asked', async () => {
    const { jwks } = signer;
    signer.jwks = undefined;
    await start(withKeys({ jwt: true }));
    const verdict = await send(await sign());
    signer.jwks = jwks;
    expect(verdict).toBe('503 keys_unavailable');
    expect(server.questions).toEqual([]);
  });

  test('jwt: true, without keys: the answer alone decides, its typ included', async () => {
    await start(withoutKeys({ jwt: true }));
    const [right, typed] = [await sign(), await sign({}, { typ: 'JWT' })];
    for (const token of [right, typed]) server.tokens.set(token, active());
    expect([await send(right), await send(typed)]).toEqual(['forwarded', '401 wrong_token_type']);
    expect(await send(await sign())).toBe('401 inactive_token');
    expect(await send(await sign({ iss: 'https://other.example' }))).toBe('401 untrusted_issuer');
    expect(server.questions).toHaveLength(3);
  });

  test('at a route that does not trust the issuer: nobody is asked', async () => {
    const issuers = { ...withKeys({ jwt: true }), [OPAQUE]: introspecting() };
    await start(issuers, { issuers: [OPAQUE] });
    expect(await send(await sign())).toBe('401 untrusted_issuer');
    expect(server.questions).toEqual([]);
  });
});
