/** Which published keys count, by oddity, with the words that the operator reads. */

import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkKeys } from '../../../../../src/config/values/key-set/json-web-key-set.ts';
import { hasRocaFlaw } from '../../../../../src/config/values/key-set/roca.ts';

type Pair = { readonly publicKey: { export(options: { format: 'jwk' }): JsonWebKey } };
const publicOf = ({ publicKey }: Pair) => publicKey.export({ format: 'jwk' });

const RSA = publicOf(generateKeyPairSync('rsa', { modulusLength: 2048 }));
const EC = publicOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const PRIVATE = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const { y: _, ...WITHOUT_Y } = EC;
const { kty: _type, ...WITHOUT_TYPE } = EC;
const EVERY_RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

const toInteger = (text = '') => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`);
const toText = (value: bigint) => {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
};

describe('used', () => {
  test.each<[string, object, readonly string[]]>([
    ['RSA', RSA, EVERY_RSA],
    ['RSA with an alg: bound to it', { ...RSA, alg: 'PS256' }, ['PS256']],
    ['alg: null', { ...RSA, alg: null }, EVERY_RSA],
    ['alg: ""', { ...RSA, alg: '' }, EVERY_RSA],
    ['use: null', { ...EC, use: null }, ['ES256']],
    ['use: ""', { ...EC, use: '' }, ['ES256']],
    ['key_ops: []', { ...EC, key_ops: [] }, ['ES256']],
    ['key_ops: null', { ...EC, key_ops: null }, ['ES256']],
    ['key_ops with more than verify', { ...EC, key_ops: ['sign', 'verify'] }, ['ES256']],
    [
      'd: null and its siblings',
      { ...RSA, d: null, p: null, q: null, dp: null, dq: null, qi: null, k: null },
      EVERY_RSA,
    ],
    ['x5c, x5t and x5u beside it', { ...EC, x5c: ['x'], x5t: 'y', x5u: 'https://evil.example/' }, ['ES256']],
    ['ext of any kind', { ...EC, ext: 1 }, ['ES256']],
    ['members of no RFC', { ...EC, 'x-added': { a: 1 } }, ['ES256']],
    ['Ed25519', publicOf(generateKeyPairSync('ed25519')), ['EdDSA', 'Ed25519']],
    ['P-521', publicOf(generateKeyPairSync('ec', { namedCurve: 'P-521' })), ['ES512']],
  ])('%s', (_name, jwk, algorithms) => {
    const [{ check } = { check: undefined }] = checkKeys([jwk]);
    expect(check).toMatchObject({ ok: true, algorithms });
  });
});

describe('refused, in these words', () => {
  const rsaOf = (bits: number) => publicOf(generateKeyPairSync('rsa', { modulusLength: bits }));
  test.each<[string, unknown, string]>([
    ['a number', 7, 'no JSON object'],
    ['null', null, 'no JSON object'],
    ['a private key', PRIVATE, 'private or symmetric'],
    ['d: ""', { ...EC, d: '' }, 'private or symmetric'],
    ['oct', { kty: 'oct', k: 'c2VjcmV0' }, 'private or symmetric'],
    ['oct without k', { kty: 'oct' }, 'private or symmetric'],
    ['use in upper case', { ...EC, use: 'SIG' }, 'not for verifying signatures (use "SIG")'],
    ['use that is no string', { ...EC, use: ['sig'] }, 'not for verifying signatures (use that is no string)'],
    ['key_ops: sign', { ...EC, key_ops: ['sign'] }, 'not for verifying signatures (key_ops without verify)'],
    ['key_ops as text', { ...EC, key_ops: 'verify' }, 'not for verifying signatures (key_ops without verify)'],
    ['no type', WITHOUT_TYPE, 'without a type (kty)'],
    ['an unknown type', { kty: 'XYZ' }, 'its type "XYZ" is not supported'],
    ['a type that Object has', { kty: 'constructor' }, 'its type "constructor" is not supported'],
    ['Ed448', publicOf(generateKeyPairSync('ed448')), 'its curve "Ed448" is not supported'],
    ['X25519', publicOf(generateKeyPairSync('x25519')), 'its curve "X25519" is not supported'],
    [
      'secp256k1',
      publicOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
      'its curve "secp256k1" is not supported',
    ],
    ['no curve', { kty: 'EC', x: 'a', y: 'b' }, 'its curve that is absent is not supported'],
    [
      'text of the issuer, escaped and cut',
      { kty: `\u202e\n${'x'.repeat(99)}` },
      `its type "\\u202e\\n${'x'.repeat(38)}" is not supported`,
    ],
    ['alg of another type', { ...EC, alg: 'RS256' }, 'its alg "RS256" is not supported for its type'],
    ['alg of another curve', { ...EC, alg: 'ES384' }, 'its alg "ES384" is not supported for its type'],
    ['alg HS256', { ...RSA, alg: 'HS256' }, 'its alg "HS256" is not supported for its type'],
    ['alg none', { ...RSA, alg: 'none' }, 'its alg "none" is not supported for its type'],
    ['alg that is no string', { ...RSA, alg: 5 }, 'its alg that is no string is not supported for its type'],
    ['RSA 1024', rsaOf(1024), 'RSA with 1024 bits, fewer than 2048'],
    ['RSA 2047', rsaOf(2047), 'RSA with 2047 bits, fewer than 2048'],
    ['exponent 1', { ...RSA, e: 'AQ' }, 'RSA with the exponent 1'],
    ['exponent 0', { ...RSA, e: 'AA' }, 'RSA with the exponent 0'],
    ['exponent 1 with zeros before it', { ...RSA, e: 'AAAB' }, 'RSA with the exponent 1'],
    ['exponent 65536', { ...RSA, e: 'AQAA' }, 'RSA with an even exponent'],
    ['even modulus', { ...RSA, n: toText(toInteger(RSA.n) + 1n) }, 'RSA with an even modulus'],
    [
      'modulus in base64, not base64url',
      { ...RSA, n: `${RSA.n}+/==` },
      'RSA without a modulus or an exponent in base64url',
    ],
    ['no exponent', { kty: 'RSA', n: RSA.n }, 'RSA without a modulus or an exponent in base64url'],
    ['a point off its curve', { ...EC, x: EC.y }, 'not well-formed'],
    ['half a point', WITHOUT_Y, 'not well-formed'],
  ])('%s', (_name, jwk, why) => {
    const [{ check } = { check: undefined }] = checkKeys([jwk]);
    expect(check).toMatchObject({ ok: false, why, isFault: true });
  });

  test.each<[string, object, string]>([
    ['use: enc', { ...RSA, use: 'enc' }, 'for encryption (use)'],
    ['alg RSA-OAEP', { ...RSA, alg: 'RSA-OAEP-256' }, 'for encryption (alg)'],
    ['alg ECDH-ES', { ...EC, alg: 'ECDH-ES+A128KW' }, 'for encryption (alg)'],
    ['key_ops: wrapKey', { ...RSA, key_ops: ['wrapKey', 'encrypt'] }, 'for encryption (key_ops)'],
  ])('%s: no mistake of the issuer', (_name, jwk, why) => {
    const [{ check } = { check: undefined }] = checkKeys([jwk]);
    expect(check).toMatchObject({ ok: false, why, isFault: false });
  });
});

describe('in a set', () => {
  const verdicts = (keys: readonly unknown[]) => checkKeys(keys).map(({ check }) => (check.ok ? 'used' : check.why));

  test('the same key twice: once; with another kid or alg, or another key of one kid: both', () => {
    const other = publicOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    expect(
      verdicts([
        { ...EC, kid: 'a' },
        { ...EC, kid: 'a', x5c: ['later'], use: 'sig' },
      ]),
    ).toEqual(['used', 'the same key a second time']);
    expect(verdicts([{ ...EC, kid: 'a' }, { ...EC, kid: 'b' }, EC])).toEqual(['used', 'used', 'used']);
    expect(
      verdicts([
        { ...RSA, alg: 'RS256' },
        { ...RSA, alg: 'PS256' },
      ]),
    ).toEqual(['used', 'used']);
    expect(
      verdicts([
        { ...EC, kid: 'a' },
        { ...other, kid: 'a' },
      ]),
    ).toEqual(['used', 'used']);
  });

  test('beyond the hundredth: refused, each by its kid', () => {
    const keys = Array.from({ length: 102 }, (_, index) => ({ ...EC, kid: `k${index}` }));
    expect(new Set(verdicts(keys.slice(0, 100)))).toEqual(new Set(['used']));
    const beyond = checkKeys(keys).slice(100);
    expect(beyond.map(({ keyId, check }) => [keyId, check.ok || check.why])).toEqual([
      ['k100', 'beyond the first 100 keys'],
      ['k101', 'beyond the first 100 keys'],
    ]);
  });

  test.each([
    [undefined, undefined, 'without kid'],
    [null, undefined, 'without kid'],
    [1, undefined, 'its kid is no string'],
    [['a'], undefined, 'its kid is no string'],
    ['', '', undefined],
    ['1', '1', undefined],
  ])('kid %j: read as %s', (kid, keyId, remark) => {
    expect(checkKeys([{ ...EC, kid }])[0]).toMatchObject({ keyId, remark, check: { ok: true } });
  });
});

describe('ROCA (CVE-2017-15361)', () => {
  const isPrime = (value: number) =>
    !Array.from({ length: value - 2 }, (_, index) => index + 2).some(by => value % by === 0);
  /** Product of the first 126 primes, as chips use it for keys of 2048 bits. */
  const primorial = Array.from({ length: 702 }, (_, index) => index + 2)
    .filter(isPrime)
    .reduce((product, prime) => product * BigInt(prime), 1n);
  const power = (exponent: bigint) => {
    let [result, base, rest] = [1n, 65_537n, exponent];
    for (; rest > 0n; rest >>= 1n) {
      if (rest % 2n === 1n) result = (result * base) % primorial;
      base = (base * base) % primorial;
    }
    return result;
  };
  /** As the chips make their primes, except that nothing is tested to be prime. */
  const factor = (k: bigint, exponent: bigint) => k * primorial + power(exponent);

  test('moduli of that form: refused', () => {
    for (const [k, exponent] of [
      [(1n << 54n) + 12_345n, 987_654_321n],
      [(1n << 54n) + 1n, 3n],
    ] as const) {
      const modulus = factor(k, exponent) * factor(k + 2n, exponent + 777n);
      expect(hasRocaFlaw(modulus)).toBe(true);
      if (modulus.toString(2).length >= 2048) {
        const [{ check } = { check: undefined }] = checkKeys([{ kty: 'RSA', e: 'AQAB', n: toText(modulus) }]);
        expect(check).toMatchObject({ why: 'RSA with a modulus that can be factored (ROCA, CVE-2017-15361)' });
      }
    }
  });

  test('moduli of Node.js: none', () => {
    expect(hasRocaFlaw(toInteger(RSA.n))).toBe(false);
    expect(createPublicKey({ key: RSA, format: 'jwk' }).asymmetricKeyDetails?.modulusLength).toBe(2048);
    const product = toInteger(RSA.n);
    for (let step = 0n; step < 2_000n; step += 1n) expect(hasRocaFlaw(product + 2n * step)).toBe(false);
  });
});
