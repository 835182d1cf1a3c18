/**
 * Tokens that are built to be mistaken by a verifier: by their own header, or by a key that is not meant for them.
 *
 * Seen in: Hono CVE-2026-22817 (`alg` from the token's header, HS256 with a public key); `crit`, `b64`, `jku`, `x5u`, `jwk`.
 */

import { createHmac, createPublicKey, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  attacker,
  encode,
  issuer,
  jwkOf,
  lurePort,
  now,
  type Outcome,
  outcomeOf,
  publicJwk,
  RESOURCE,
  resigned,
  rsa,
  signWith,
  useAttackedGateway,
  visitors,
} from './attacked-gateway.ts';

useAttackedGateway();

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
    const sent = extended ? await resigned(header) : await issuer.sign({ claims: { aud: RESOURCE }, header });
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

function spki(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}
