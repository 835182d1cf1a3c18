/**
 * A token that was verified before is evaluated again: only its signature is cached. Two tokens never share an entry.
 *
 * Seen in: Ory Oathkeeper GHSA-qvp4 (a cache hit skips the claim checks), fast-jwt CVE-2026-34950 (cache keys collide).
 */

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { bearer, headerValues, request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const RESOURCE = 'https://api.example/';

let issuer: TokenIssuer;
let other: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, other, upstream] = await Promise.all([startTokenIssuer(), startTokenIssuer(), startUpstream()]);
  const keys = 'keys: { refresh: 24h, cooldown: 1ms }';
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}", ${keys} }
  ${other.issuer}: { jwks_uri: "${other.jwksUri}", ${keys} }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}", claims_to_headers: { X-User: sub }, scopes: { GET: [], POST: [write] } }
  /sibling: { resource: "https://sibling.example/", upstream: "${upstream.origin}" }
  /strict: { resource: "https://strict.example/", upstream: "${upstream.origin}", multiple_audiences: only }
  /partner: { resource: "https://partner.example/", upstream: "${upstream.origin}", issuers: [${other.issuer}] }
  /lenient: { resource: "https://lenient.example/", upstream: "${upstream.origin}", enforcement: verify }
  /fussy: { resource: "https://fussy.example/", upstream: "${upstream.origin}" }
`);
});

afterEach(() => {
  vi.useRealTimers();
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), other.close(), upstream.close()]);
});

const now = () => Math.floor(Date.now() / 1000);

describe('a token that was accepted before', () => {
  test.each<readonly [string, Record<string, unknown>, string, string, string]>([
    ['at the API beside', {}, 'GET', '/sibling', 'wrong_audience'],
    ['by a method that needs a scope', {}, 'POST', '/api', 'insufficient_scope'],
    ['by a method that is not allowed', {}, 'DELETE', '/api', 'method_not_allowed'],
    [
      'where it may have one audience only',
      { aud: [RESOURCE, 'https://strict.example/'] },
      'GET',
      '/strict',
      'wrong_audience',
    ],
    [
      'where its issuer is not trusted',
      { aud: [RESOURCE, 'https://partner.example/'] },
      'GET',
      '/partner',
      'untrusted_issuer',
    ],
    ['by way of a dot segment', {}, 'GET', '/api/../sibling', 'ambiguous_path'],
    ['at the API beside, again and again', {}, 'HEAD', '/sibling', ''],
  ])('%s: refused, although its signature is cached', async (_name, claims, method, path, reason) => {
    const token = await issuer.sign({ claims: { aud: RESOURCE, ...claims } });
    expect(await outcomeOf(token, 'GET', '/api')).toBe('forwarded');
    for (let time = 0; time < 3; time += 1) expect(await outcomeOf(token, method, path)).toBe(reason);
    expect(await outcomeOf(token, 'GET', '/api')).toBe('forwarded');
  });

  test.each([
    ['wrong_token_type', { header: { typ: 'JWT' } }],
    ['wrong_audience', {}],
  ])('%s, reported only on one route: refused on a route that enforces it', async (reason, options) => {
    const aud = reason === 'wrong_audience' ? RESOURCE : ['https://lenient.example/', 'https://fussy.example/'];
    const token = await issuer.sign({ ...options, claims: { aud } });
    expect(await outcomeOf(token, 'GET', '/lenient')).toBe('forwarded');
    expect(await outcomeOf(token, 'GET', '/fussy')).toBe(reason);
    expect(await outcomeOf(token, 'GET', '/fussy')).toBe(reason);
  });

  test.each([
    ['has expired since', 0, { exp: now() + 600 }, 601, 'token_expired'],
    ['expires this second', 0, { exp: now() + 600 }, 600, 'token_expired'],
    ['is not valid yet, by a clock set back', 0, { nbf: now(), exp: now() + 600 }, -60, 'token_not_yet_valid'],
    ['was issued in the future, by a clock set back', 0, { iat: now(), exp: now() + 600 }, -60, 'token_not_yet_valid'],
  ])('%s: refused', async (_name, _zero, claims, seconds, reason) => {
    const token = await issuer.sign({ claims: { aud: RESOURCE, ...claims } });
    const hits = await gateway.sample('audgate_token_cache_lookups_total{outcome="hit"}');
    expect(await outcomeOf(token, 'GET', '/api')).toBe('forwarded');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
    expect(await outcomeOf(token, 'GET', '/api')).toBe(reason);
    expect(await gateway.sample('audgate_token_cache_lookups_total{outcome="hit"}')).toBe(hits + 1);
  });

  test('whose key the issuer has removed: refused', async () => {
    const token = await other.sign({ claims: { aud: RESOURCE } });
    expect(await outcomeOf(token, 'GET', '/api')).toBe('forwarded');
    await other.rotate({ alone: true });
    // A token with the new key makes the gateway fetch the key set, which no longer has the old key.
    expect(await outcomeOf(await other.sign({ claims: { aud: RESOURCE } }), 'GET', '/api')).toBe('forwarded');
    expect(await outcomeOf(token, 'GET', '/api')).toBe('unknown_key');
  });
});

describe('two similar tokens: each has its own entry', () => {
  const part = (token: string, index: number) => token.split('.')[index] ?? '';
  const pair = async (one: Record<string, unknown>, two: Record<string, unknown>) =>
    Promise.all([one, two].map(claims => issuer.sign({ claims: { aud: RESOURCE, ...claims } })));

  test.each<readonly [string, Record<string, unknown>]>([
    ['of one jti', { jti: 'same' }],
    ['of one jti and one length', { jti: 'same', sub: 'alicf' }],
    ['of one iat, exp and client', { iat: now(), exp: now() + 300, client_id: 'x' }],
    ['of one long prefix', { a: 'x'.repeat(2000) }],
  ])('%s', async (_name, shared) => {
    const [alice = '', mallory = ''] = await pair({ ...shared, sub: 'alice' }, { ...shared, sub: 'mallo' });
    expect(await userOf(alice)).toBe('alice');
    expect(await userOf(mallory)).toBe('mallo');
    expect(await userOf(alice)).toBe('alice');
  });

  test.each<readonly [string, (alice: string, mallory: string) => string]>([
    [
      'of another, under the known signature',
      (alice, mallory) => `${part(alice, 0)}.${part(mallory, 1)}.${part(alice, 2)}`,
    ],
    ['with the signature of another', (alice, mallory) => `${part(alice, 0)}.${part(alice, 1)}.${part(mallory, 2)}`],
    ['without its signature', alice => `${part(alice, 0)}.${part(alice, 1)}.`],
    ['with a cut signature', alice => alice.slice(0, -4)],
    ['with a longer signature', alice => `${alice}AAAA`],
    ['with a signature of zeros', alice => `${part(alice, 0)}.${part(alice, 1)}.${'A'.repeat(86)}`],
    ['with the first letter of its signature changed', alice => swap(alice, alice.lastIndexOf('.') + 1)],
    ['with a letter of its payload changed', alice => swap(alice, alice.indexOf('.') + 40)],
  ])('a cached token %s: not found in the cache', async (_name, forge) => {
    const [alice = '', mallory = ''] = await pair({ sub: 'alice' }, { sub: 'mallo' });
    expect(await outcomeOf(alice, 'GET', '/api')).toBe('forwarded');
    expect(await outcomeOf(forge(alice, mallory), 'GET', '/api')).toMatch(/^(?:bad_signature|malformed_token)$/);
  });

  test('a refused token: refused again', async () => {
    const token = `${(await issuer.sign({ claims: { aud: RESOURCE } })).slice(0, -10)}AAAAAAAAAA`;
    for (let time = 0; time < 3; time += 1) expect(await outcomeOf(token, 'GET', '/api')).toBe('bad_signature');
  });
});

function swap(token: string, index: number): string {
  return `${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`;
}

/** @returns the reason of the refusal (none where the method has no body), or that it was forwarded. */
async function outcomeOf(token: string, method: string, path: string): Promise<string> {
  upstream.received.length = 0;
  const response = await request(gateway.port, { method, path, headers: [bearer(token)] });
  if (upstream.received.length > 0) return 'forwarded';
  expect(response.status).toBeGreaterThanOrEqual(400);
  return response.body.length === 0 ? '' : JSON.parse(response.body.toString()).reason;
}

async function userOf(token: string): Promise<string | undefined> {
  expect(await outcomeOf(token, 'GET', '/api')).toBe('forwarded');
  return headerValues(upstream.received[0]?.rawHeaders ?? [], 'x-user').join();
}
