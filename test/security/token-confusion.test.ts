/**
 * Tokens that are built to be mistaken by a verifier: by their own header, by the shape of a claim, or by a key that is not meant
 * for them.
 *
 * Seen in: jwt-go CVE-2020-26160 (`aud: []`), jsonwebtoken CVE-2026-25537 (`exp` as a string), Hono CVE-2026-22817 (`alg`
 * from the token's header, HS256 with a public key); `crit`, `b64`, `jku`, `x5u`, `jwk`, several keys with one `kid`.
 */

import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:net';
import type { JWK } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { bearer, type HeaderPair, request } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const RESOURCE = 'https://api.example/';

let issuer: TokenIssuer;
let rsa: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let publicJwk: JWK;
const attacker = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** Where the keys of an attacker would be fetched from. No request may arrive. */
const lure = createServer();
let lurePort: number;
let visitors = 0;

beforeAll(async () => {
  [issuer, rsa, upstream] = await Promise.all([startTokenIssuer(), startTokenIssuer('RS256'), startUpstream()]);
  publicJwk = rsa.jwks?.keys[0] ?? {};
  await issuer.rotate();
  // One kid for four keys, of which the first three never signed.
  const last = issuer.jwks?.keys.at(-1) ?? {};
  const twins = [ecKey('P-256'), ecKey('P-384'), publicJwk].map(jwk => ({ ...jwk, kid: last.kid ?? '' }));
  issuer.jwks = { keys: [...twins, last] };
  lure.on('connection', socket => {
    visitors += 1;
    socket.destroy();
  });
  lurePort = await listenOnLoopback(lure);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}", token_types: [at+jwt, JWT] }
  ${rsa.issuer}: { jwks_uri: "${rsa.jwksUri}" }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
`);
});

beforeEach(() => {
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  lure.close();
  await Promise.all([issuer.close(), rsa.close(), upstream.close()]);
});

const now = () => Math.floor(Date.now() / 1000);
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

type Outcome =
  | 'malformed_token'
  | 'bad_signature'
  | 'unknown_key'
  | 'untrusted_issuer'
  | 'wrong_audience'
  | 'token_expired';

const claims: readonly (readonly [name: string, claims: Record<string, unknown>, outcome: Outcome])[] = [
  ['no aud', { aud: undefined }, 'wrong_audience'],
  ['aud []', { aud: [] }, 'wrong_audience'],
  ['aud ""', { aud: '' }, 'wrong_audience'],
  ['aud [""]', { aud: [''] }, 'wrong_audience'],
  ['aud null', { aud: null }, 'malformed_token'],
  ['aud [null]', { aud: [null] }, 'malformed_token'],
  ['aud [[ours]]', { aud: [[RESOURCE]] }, 'malformed_token'],
  ['aud {ours: true}', { aud: { [RESOURCE]: true } }, 'malformed_token'],
  ['aud {0: ours, length: 1}', { aud: { 0: RESOURCE, length: 1 } }, 'malformed_token'],
  ['aud true', { aud: true }, 'malformed_token'],
  ['aud 0', { aud: 0 }, 'malformed_token'],
  ['aud [ours, 1]', { aud: [RESOURCE, 1] }, 'malformed_token'],
  ['aud *', { aud: '*' }, 'wrong_audience'],
  ['aud a pattern', { aud: 'https://*.example/' }, 'wrong_audience'],
  ['aud without the slash', { aud: 'https://api.example' }, 'wrong_audience'],
  ['aud with a slash more', { aud: `${RESOURCE}/` }, 'wrong_audience'],
  ['aud in upper case', { aud: 'HTTPS://API.EXAMPLE/' }, 'wrong_audience'],
  ['aud with the port', { aud: 'https://api.example:443/' }, 'wrong_audience'],
  ['aud with a path', { aud: `${RESOURCE}x` }, 'wrong_audience'],
  ['aud as a list in one string', { aud: `${RESOURCE} https://other.example/` }, 'wrong_audience'],
  ['aud with a comma', { aud: `${RESOURCE},https://other.example/` }, 'wrong_audience'],
  ['aud with a space before', { aud: ` ${RESOURCE}` }, 'wrong_audience'],
  ['aud with a NUL behind', { aud: `${RESOURCE}\0` }, 'wrong_audience'],
  ['aud percent-encoded', { aud: 'https://%61pi.example/' }, 'wrong_audience'],
  ['resource instead of aud', { aud: undefined, resource: RESOURCE }, 'wrong_audience'],
  ['azp instead of aud', { aud: undefined, azp: RESOURCE }, 'wrong_audience'],
  ['Aud instead of aud', { aud: undefined, Aud: RESOURCE }, 'wrong_audience'],
  ['no exp', { exp: undefined }, 'malformed_token'],
  ['exp as a string', { exp: String(now() + 300) }, 'malformed_token'],
  ['exp as words', { exp: 'never' }, 'malformed_token'],
  ['exp null', { exp: null }, 'malformed_token'],
  ['exp true', { exp: true }, 'malformed_token'],
  ['exp in a list', { exp: [now() + 300] }, 'malformed_token'],
  ['exp {}', { exp: {} }, 'malformed_token'],
  ['exp 0', { exp: 0 }, 'token_expired'],
  ['exp -1', { exp: -1 }, 'token_expired'],
  ['exp a second ago', { exp: now() - 1 }, 'token_expired'],
  ['nbf as a string', { nbf: '0' }, 'malformed_token'],
  ['nbf null', { nbf: null }, 'malformed_token'],
  ['iat as a string', { iat: '0' }, 'malformed_token'],
  ['iat {}', { iat: {} }, 'malformed_token'],
  ['no iss', { iss: undefined }, 'untrusted_issuer'],
  ['iss in a list', { iss: ['http://127.0.0.1'] }, 'untrusted_issuer'],
  ['another iss', { iss: 'https://evil.example' }, 'untrusted_issuer'],
  ['iss __proto__', { iss: '__proto__' }, 'untrusted_issuer'],
];

describe('claims', () => {
  test.each(claims)('%s: refused', async (_name, wrong, outcome) => {
    expect(await outcomeOf(await issuer.sign({ claims: { aud: RESOURCE, ...wrong } }))).toBe(outcome);
  });

  test.each([
    ['exp 1e400', '"exp":1e400', 'malformed_token'],
    ['exp twice', `"exp":${now() + 300},"exp":1`, 'token_expired'],
    ['aud of a prototype', `"exp":${now() + 300},"__proto__":{"aud":"${RESOURCE}"}`, 'wrong_audience'],
    ['exp of a prototype', `"aud":"${RESOURCE}","__proto__":{"exp":${now() + 300}}`, 'malformed_token'],
  ])('%s, as JSON that no serializer writes: refused', async (_name, text, outcome) => {
    // The attacker's key is published for the duration of this test.
    const jwks = issuer.jwks;
    const kid = `written-${text.length}`;
    issuer.jwks = { keys: [...(jwks?.keys ?? []), { ...jwkOf(attacker.publicKey), kid }] };
    const other = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
`);
    issuer.jwks = jwks;
    const sent = signWith(
      attacker.privateKey,
      { kid, alg: 'ES256', typ: 'at+jwt' },
      `{"iss":"${issuer.issuer}",${text}}`,
    );
    const reason = await outcomeOf(sent, other);
    await other.close();
    expect(reason).toBe(outcome);
  });
});

/** What the token's own header may not decide. Signed by the issuer, so that only the header can be the reason to refuse it. */
describe('a header that the issuer has signed', () => {
  test.each<readonly [string, Record<string, unknown>, Outcome]>([
    ['crit: [exp]', { crit: ['exp'], exp: 1 }, 'malformed_token'],
    ['crit: []', { crit: [] }, 'malformed_token'],
    ['crit: null', { crit: null }, 'malformed_token'],
    ['crit: [b64], b64: true', { crit: ['b64'], b64: true }, 'malformed_token'],
    ['b64: true', { b64: true }, 'malformed_token'],
    ['kid of a path', { kid: '../../../../dev/null' }, 'unknown_key'],
    ['kid of SQL', { kid: "' UNION SELECT 'x" }, 'unknown_key'],
    ['kid __proto__', { kid: '__proto__' }, 'unknown_key'],
    ['kid ""', { kid: '' }, 'unknown_key'],
    ['kid 1', { kid: 1 }, 'malformed_token'],
    ['kid []', { kid: ['key-1'] }, 'malformed_token'],
    ['kid null', { kid: null }, 'malformed_token'],
    ['typ 1', { typ: 1 }, 'malformed_token'],
  ])('%s: refused', async (_name, header, outcome) => {
    const extended = 'crit' in header || 'b64' in header;
    const sent = extended ? await withHeader(header) : await issuer.sign({ claims: { aud: RESOURCE }, header });
    expect(await outcomeOf(sent)).toBe(outcome);
  });
});

describe('no signature, or one by another key', () => {
  const body = () => encode({ iss: issuer.issuer, sub: 'mallory', aud: RESOURCE, exp: now() + 300 });
  const rsaBody = () => encode({ iss: rsa.issuer, sub: 'mallory', aud: RESOURCE, exp: now() + 300 });
  const unsigned = (alg: string) => `${encode({ alg, typ: 'at+jwt' })}.${body()}`;
  const hmac = (secret: string | Buffer, alg = 'HS256', kid = publicJwk.kid) => {
    const input = `${encode({ alg, typ: 'at+jwt', kid })}.${rsaBody()}`;
    return `${input}.${createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url')}`;
  };
  const publicKey = () => createPublicKey({ key: publicJwk as Record<string, string>, format: 'jwk' });
  const byAttacker = (header: Record<string, unknown>, algorithm = 'ES256') =>
    signWith(attacker.privateKey, { alg: algorithm, typ: 'at+jwt', ...header }, body());
  const lureUri = () => `http://127.0.0.1:${lurePort}/jwks`;

  test.each<readonly [string, () => string | Promise<string>, Outcome]>([
    ['alg none, no signature', () => `${unsigned('none')}.`, 'bad_signature'],
    ['alg None', () => `${unsigned('None')}.`, 'bad_signature'],
    ['alg nOnE', () => `${unsigned('nOnE')}.AAAA`, 'bad_signature'],
    ['alg NONE with a signature', () => `${unsigned('NONE')}.${encode('x')}`, 'bad_signature'],
    ['alg ""', () => `${unsigned('')}.`, 'bad_signature'],
    ['alg ES256, no signature', () => `${unsigned('ES256')}.`, 'bad_signature'],
    [
      'alg ES256, of zeros (psychic)',
      () => `${unsigned('ES256')}.${Buffer.alloc(64).toString('base64url')}`,
      'bad_signature',
    ],
    ['alg es256', () => byAttacker({}, 'es256'), 'bad_signature'],
    ['alg constructor', () => `${unsigned('constructor')}.AAAA`, 'bad_signature'],
    ['no alg', () => `${encode({ typ: 'at+jwt' })}.${body()}.AAAA`, 'malformed_token'],
    ['alg null', () => `${encode({ alg: null })}.${body()}.AAAA`, 'malformed_token'],
    ['alg in a list', () => `${encode({ alg: ['none', 'ES256'] })}.${body()}.AAAA`, 'malformed_token'],
    [
      'HS256 with the public key as SPKI PEM',
      () => hmac(publicKey().export({ type: 'spki', format: 'pem' })),
      'bad_signature',
    ],
    ['HS256 with it as SPKI DER', () => hmac(publicKey().export({ type: 'spki', format: 'der' })), 'bad_signature'],
    ['HS256 with it as PKCS#1 PEM', () => hmac(publicKey().export({ type: 'pkcs1', format: 'pem' })), 'bad_signature'],
    ['HS256 with it as JWK', () => hmac(JSON.stringify(publicJwk)), 'bad_signature'],
    ['HS256 with its modulus', () => hmac(Buffer.from(publicJwk.n ?? '', 'base64url')), 'bad_signature'],
    ['HS256 with nothing', () => hmac(''), 'bad_signature'],
    [
      'HS256 without a kid',
      () => hmac(publicKey().export({ type: 'spki', format: 'pem' }), 'HS256', ''),
      'bad_signature',
    ],
    [
      'HS384 with the public key',
      () => hmac(publicKey().export({ type: 'spki', format: 'pem' }), 'HS384'),
      'bad_signature',
    ],
    [
      'HS512 with the public key',
      () => hmac(publicKey().export({ type: 'spki', format: 'pem' }), 'HS512'),
      'bad_signature',
    ],
    ["an attacker's key, the issuer's kid", () => byAttacker({ kid: issuer.jwks?.keys[0]?.kid }), 'bad_signature'],
    ["an attacker's key, no kid", () => byAttacker({}), 'bad_signature'],
    ["an attacker's jwk", () => byAttacker({ jwk: jwkOf(attacker.publicKey) }), 'bad_signature'],
    [
      "an attacker's jwk with a kid of its own",
      () => byAttacker({ kid: 'x', jwk: { ...jwkOf(attacker.publicKey), kid: 'x' } }),
      'unknown_key',
    ],
    ["an attacker's jku", () => byAttacker({ jku: lureUri() }), 'bad_signature'],
    ["an attacker's x5u", () => byAttacker({ x5u: lureUri() }), 'bad_signature'],
    ["an attacker's x5c", () => byAttacker({ x5c: [spki(attacker.publicKey)] }), 'bad_signature'],
    [
      'the issuer of one, the key of the other',
      () => rsa.sign({ claims: { aud: RESOURCE, iss: issuer.issuer } }),
      'unknown_key',
    ],
    ['RS256 named for a key of ES256', () => resigned({ alg: 'RS256' }), 'bad_signature'],
    ['ES384 named for a key of ES256', () => resigned({ alg: 'ES384' }), 'bad_signature'],
    ['PS256 named for a key of RS256', () => resigned({ alg: 'PS256' }, rsa), 'bad_signature'],
    ['a claim changed', () => changed({ sub: 'mallory' }), 'bad_signature'],
    ['the signature in DER', derSigned, 'bad_signature'],
  ])('%s: refused', async (_name, make, outcome) => {
    expect(await outcomeOf(await make())).toBe(outcome);
    expect(visitors).toBe(0);
  });
});

describe('another serialization than the compact one', () => {
  const good = () => issuer.sign({ claims: { aud: RESOURCE } });
  test.each<readonly [string, (token: string) => string, string]>([
    ['five parts (JWE)', () => 'a.b.c.d.e', 'malformed_token'],
    ['two parts', token => token.split('.').slice(0, 2).join('.'), 'malformed_token'],
    ['four parts', token => `${token}.x`, 'malformed_token'],
    ['an empty part', token => token.replace(/\.[^.]+\./, '..'), 'malformed_token'],
    ['JSON serialization', token => asJson(token), 'malformed_credentials'],
    ['padding', token => `${token}==`, 'malformed_token'],
    ['padding in the middle', token => token.replace('.', '=.'), 'malformed_token'],
    ['base64 instead of base64url', token => token.replace('.', '+.'), 'malformed_token'],
    ['a slash', token => token.replace('.', '/.'), 'malformed_token'],
    ['a dot before', token => `.${token}`, 'malformed_token'],
    ['a dot behind', token => `${token}.`, 'malformed_token'],
    ['a space inside', token => token.replace('.', '. '), 'malformed_token'],
    ['a comma behind', token => `${token},`, 'malformed_credentials'],
    ['a second token behind a comma', token => `${token}, Bearer ${token}`, 'malformed_credentials'],
    ['quotes', token => `"${token}"`, 'malformed_token'],
    ['a payload that is a list', () => `${encode({ alg: 'ES256' })}.${encode([])}.AAAA`, 'malformed_token'],
    ['a payload that is text', () => `${encode({ alg: 'ES256' })}.${encode('"x"')}.AAAA`, 'malformed_token'],
    ['a payload that is not UTF-8', () => `${encode({ alg: 'ES256' })}._w.AAAA`, 'malformed_token'],
    ['a header that is null', () => `${encode(null)}.e30.AAAA`, 'malformed_token'],
    ['nothing', () => '', 'malformed_credentials'],
  ])('%s: refused', async (_name, spoil, outcome) => {
    expect(await outcomeOf(spoil(await good()))).toBe(outcome);
  });

  test.each<readonly [string, (token: string) => readonly HeaderPair[], string, string]>([
    ['in the query', () => [], '?access_token=', 'missing_token'],
    ['in a cookie', token => [['Cookie', `access_token=${token}`]], '', 'missing_token'],
    ['in X-Access-Token', token => [['X-Access-Token', token]], '', 'missing_token'],
    ['in Proxy-Authorization', token => [['Proxy-Authorization', `Bearer ${token}`]], '', 'missing_token'],
    ['as Basic', token => [['Authorization', `Basic ${token}`]], '', 'missing_token'],
    ['as DPoP', token => [['Authorization', `DPoP ${token}`]], '', 'missing_token'],
    ['without a scheme', token => [['Authorization', token]], '', 'missing_token'],
    ['twice', token => [bearer(token), ['authorization', `Bearer ${token}`]], '', 'malformed_credentials'],
    ['beside Basic', token => [['Authorization', 'Basic eDp5'], bearer(token)], '', 'malformed_credentials'],
    ['in Authorization_', token => [['Authorization_', `Bearer ${token}`]], '', 'missing_token'],
  ])('a good token %s: refused', async (_name, headers, query, outcome) => {
    const token = await good();
    const answer = await request(gateway.port, { path: `/api/x${query && query + token}`, headers: headers(token) });
    expect(upstream.received).toEqual([]);
    expect(JSON.parse(answer.body.toString()).reason).toBe(outcome);
  });
});

describe('unusual but valid tokens', () => {
  test.each<readonly [string, Record<string, unknown>, Record<string, unknown>]>([
    ['the key behind three others of its kid', {}, {}],
    ['no kid', { kid: undefined }, {}],
    ['typ application/at+jwt', { typ: 'application/at+jwt' }, {}],
    ['typ AT+JWT', { typ: 'AT+JWT' }, {}],
    ['an unknown header', { x: 1 }, {}],
    ['a jku that nobody follows', { jku: 'http://127.0.0.1:1/' }, {}],
    ['aud in a list', {}, { aud: [RESOURCE] }],
    ['aud among others', {}, { aud: ['urn:x', RESOURCE] }],
    ['exp with a fraction', {}, { exp: now() + 300.5 }],
    ['exp in the year 33658', {}, { exp: 999_999_999_999 }],
  ])('%s: forwarded', async (_name, header, extra) => {
    expect(await outcomeOf(await issuer.sign({ header, claims: { aud: RESOURCE, ...extra } }))).toBe('forwarded');
    expect(visitors).toBe(0);
  });
});

/** @returns the reason of the refusal, or that it was forwarded. */
async function outcomeOf(token: string, { port } = gateway): Promise<string> {
  const answer = await request(port, { path: '/api/x', headers: [bearer(token)] });
  if (upstream.received.length > 0) return 'forwarded';
  expect([400, 401]).toContain(answer.status);
  return JSON.parse(answer.body.toString()).reason;
}

/** @param payload JSON text, or text that is encoded already. */
function signWith(key: KeyObject, header: Record<string, unknown>, payload: string): string {
  const input = `${encode(header)}.${payload.startsWith('{') ? encode(payload) : payload}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A valid token with a header that jose does not sign. The header is checked before the signature. */
async function withHeader(header: Record<string, unknown>): Promise<string> {
  return resigned(header);
}

async function resigned(header: Record<string, unknown>, from = issuer): Promise<string> {
  const [old = '', payload, signature] = (await from.sign({ claims: { aud: RESOURCE } })).split('.');
  const merged = { ...JSON.parse(Buffer.from(old, 'base64url').toString()), ...header };
  return `${encode(merged)}.${payload}.${signature}`;
}

async function changed(claim: Record<string, unknown>): Promise<string> {
  const [header, old = '', signature] = (await issuer.sign({ claims: { aud: RESOURCE } })).split('.');
  return `${header}.${encode({ ...JSON.parse(Buffer.from(old, 'base64url').toString()), ...claim })}.${signature}`;
}

/** The right signature in the DER form of X.509, about 70 bytes, where a JWS has 64. */
async function derSigned(): Promise<string> {
  const [header, payload, signature = ''] = (await issuer.sign({ claims: { aud: RESOURCE } })).split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const integer = (part: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), part]);
  const der = Buffer.concat([Buffer.from([0x30, 70]), integer(bytes.subarray(0, 32)), integer(bytes.subarray(32))]);
  return `${header}.${payload}.${der.toString('base64url')}`;
}

function asJson(token: string): string {
  const [header, payload, signature] = token.split('.');
  return JSON.stringify({ protected: header, payload, signature });
}

function spki(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}

function jwkOf(key: KeyObject): JWK {
  return key.export({ format: 'jwk' }) as JWK;
}

function ecKey(namedCurve: string): JWK {
  return jwkOf(generateKeyPairSync('ec', { namedCurve }).publicKey);
}
