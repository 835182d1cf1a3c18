/** `crypto.verify` behind `findSigningKey` says the same as jose, of every algorithm and of every signature that an attacker may make. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { ALGORITHMS } from '../../../../src/config/values/algorithm.ts';
import { findSigningKey } from '../../../../src/token/jws/signature.ts';
import type { VerificationKey } from '../../../../src/token/keys/verification-key.ts';
import { compact, createKey } from '../example-token.ts';
import { type Forgery, forgeEcdsa, forgeEd25519, forgeLengths, forgePkcs1, forgePss } from './forged-signatures.ts';
import {
  createSigningKey,
  ED25519,
  isVerifiedByJose,
  KEYS,
  keyOf,
  P256,
  P384,
  P521,
  RSA,
  signInput,
} from './signing-keys.ts';

const CLAIMS = { iss: 'https://login.example', sub: 'alice' };

const inputOf = (algorithm: string) => compact({ alg: algorithm, typ: 'at+jwt' }, CLAIMS, '').slice(0, -1);
const join = (input: string, signature: Buffer) => `${input}.${signature.toString('base64url')}`;

async function createKeys(jwks: readonly JWK[]): Promise<VerificationKey[]> {
  const keys = await Promise.all(jwks.map(createKey));
  return keys.filter(key => key !== undefined);
}

/** What `findSigningKey` says, after it was compared with what jose says. */
async function judge(token: string, algorithm: string, ...jwks: readonly JWK[]): Promise<boolean> {
  const isVerified = (await findSigningKey(token, algorithm, await createKeys(jwks))) !== undefined;
  expect(isVerified, 'as jose').toBe(await isVerifiedByJose(token, algorithm, ...jwks));
  return isVerified;
}

function forge(algorithm: string, input: string, genuine: Buffer): Forgery[] {
  const kind = algorithm.slice(0, 2);
  if (kind === 'RS') return forgePkcs1(algorithm, input, genuine);
  if (kind === 'PS') return forgePss(algorithm, input);
  if (kind === 'ES') return forgeEcdsa(algorithm, genuine);
  return kind === 'Ed' ? forgeEd25519(genuine) : [];
}

describe.each(ALGORITHMS)('%s', algorithm => {
  const input = inputOf(algorithm);
  const genuine = signInput(algorithm, input);
  const { jwk } = keyOf(algorithm);

  test('genuine signature: verified, as by jose', async () => {
    expect(await judge(join(input, genuine), algorithm, jwk)).toBe(true);
    expect(await judge(join(input, genuine), algorithm, { ...jwk, alg: algorithm, use: 'sig' })).toBe(true);
  });

  test('forged signatures: refused, as by jose', async () => {
    const forgeries = [...forgeLengths(genuine), ...forge(algorithm, input, genuine)];
    const accepted: string[] = [];
    for (const { name, signature } of forgeries) {
      if (await judge(join(input, signature), algorithm, jwk)) accepted.push(name);
    }
    expect(accepted).toEqual(forgeries.filter(({ isValid }) => isValid).map(({ name }) => name));
  });

  test('random bytes, and random changes of one byte: refused, as by jose', async () => {
    for (let round = 0; round < 60; round += 1) {
      const changed = Buffer.from(genuine);
      const at = randomBytes(2).readUInt16BE() % changed.length;
      changed[at] = (changed[at] ?? 0) ^ (1 + ((randomBytes(1)[0] ?? 0) % 255));
      expect(await judge(join(input, changed), algorithm, jwk)).toBe(false);
      const length = round % 2 === 0 ? genuine.length : randomBytes(2).readUInt16BE() % 600;
      expect(await judge(join(input, randomBytes(length)), algorithm, jwk)).toBe(false);
    }
  });

  test('claims or header of another token: refused, as by jose', async () => {
    const [header = '', claims = ''] = input.split('.');
    const other = compact({ alg: algorithm, typ: 'JWT' }, { ...CLAIMS, sub: 'mallory' }).split('.');
    for (const changed of [
      `${other[0]}.${claims}`,
      `${header}.${other[1]}`,
      `${header}.${claims}AA`,
      `${claims}.${header}`,
    ]) {
      expect(await judge(join(changed, genuine), algorithm, jwk)).toBe(false);
    }
  });

  test('every key under every `alg`: verified by its own alone, as by jose', async () => {
    for (const key of KEYS) {
      for (const alg of [undefined, ...ALGORITHMS]) {
        const published = { ...key.jwk, ...(alg !== undefined && { alg }) };
        const isOwn = key === keyOf(algorithm) && (alg ?? key.jwk.alg ?? algorithm) === algorithm;
        const signature = key === keyOf(algorithm) ? genuine : signInput(nativeOf(key.name), input, key.privateKey);
        expect(await judge(join(input, signature), algorithm, published), `${key.name} for ${alg}`).toBe(isOwn);
      }
    }
  });
});

/** An algorithm that a key can sign by. */
function nativeOf(name: string): string {
  return ALGORITHMS.find(algorithm => keyOf(algorithm).name === name) ?? '';
}

describe('RSA signature that begins with zero bytes', () => {
  const input = (count: number) => `${inputOf('RS256')}${count.toString(36).padStart(4, '0')}`;
  const found = Array.from({ length: 4_000 }, (_, count) => count).find(
    count => signInput('RS256', input(count))[0] === 0,
  );

  test('with them: verified; without them: refused, as by jose', async () => {
    if (found === undefined) throw new Error('no such signature among 4,000: one of 256 is expected to be');
    const signature = signInput('RS256', input(found));
    expect(await judge(join(input(found), signature), 'RS256', RSA.jwk)).toBe(true);
    expect(await judge(join(input(found), signature.subarray(1)), 'RS256', RSA.jwk)).toBe(false);
  });
});

describe('weak or odd Ed25519 keys', () => {
  const point = (hex: string) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    x: Buffer.from(hex.padEnd(64, '0'), 'hex').toString('base64url'),
  });
  test.each([
    ['the identity', point('01')],
    ['order 2', point(`ec${'ff'.repeat(30)}7f`)],
    ['order 4', point('00')],
    ['order 8', point('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')],
    ['no point at all', point('02')],
    ['31 bytes', { ...point('01'), x: Buffer.alloc(31, 1).toString('base64url') }],
  ])('%s: as jose says', async (_, jwk) => {
    const input = inputOf('EdDSA');
    const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
    await judge(join(input, identity), 'EdDSA', jwk);
    await judge(join(input, Buffer.alloc(64)), 'EdDSA', jwk);
    await judge(join(input, signInput('EdDSA', input)), 'EdDSA', jwk);
  });
});

describe('algorithms that are never verified', () => {
  test.each(['none', 'HS256', 'HS384', 'HS512', 'ES256K', 'RS1', 'rs256', 'RSA-OAEP', '', 'constructor', '__proto__'])(
    '%j: no key',
    async algorithm => {
      const keys = await createKeys(KEYS.map(({ jwk }) => jwk));
      const input = inputOf(algorithm);
      for (const signature of [
        Buffer.alloc(0),
        Buffer.alloc(64, 1),
        signInput('RS256', input),
        signInput('ES256', input),
      ]) {
        expect(findSigningKey(join(input, signature), algorithm, keys)).toBeUndefined();
      }
    },
  );
});

describe('several candidates', () => {
  const input = inputOf('ES256');
  const token = join(input, signInput('ES256', input));
  const others = Array.from({ length: 6 }, () =>
    createSigningKey('another', generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  );

  test('the one that signed: found among keys of all types, wherever it stands', async () => {
    const jwks = [RSA.jwk, others[0]?.jwk ?? {}, ED25519.jwk, P256.jwk, P384.jwk];
    for (let turn = 0; turn < jwks.length; turn += 1) {
      const keys = await createKeys([...jwks.slice(turn), ...jwks.slice(0, turn)]);
      expect(findSigningKey(token, 'ES256', keys)).toBe(keys.find(key => key.publicKey.equals(P256.publicKey)));
    }
  });

  test('up to four: at once; more: in the thread pool, with the same result', async () => {
    const own = await createKeys([P256.jwk]);
    const strangers = await createKeys(others.map(({ jwk }) => jwk));
    expect(findSigningKey(token, 'ES256', [...strangers.slice(0, 3), ...own])).toBe(own[0]);
    expect(findSigningKey(token, 'ES256', strangers.slice(0, 4))).toBeUndefined();
    const pending = findSigningKey(token, 'ES256', [...strangers, ...own]);
    expect(pending).toBeInstanceOf(Promise);
    expect(await pending).toBe(own[0]);
    expect(await findSigningKey(token, 'ES256', strangers)).toBeUndefined();
  });
});

describe('where a signature is verified', () => {
  const rsa = (modulusLength: number, publicExponent = 65_537) =>
    createSigningKey('RSA', generateKeyPairSync('rsa', { modulusLength, publicExponent }));

  test.each([
    ['RSA 2048', 'in this thread', RSA, 'RS256'],
    ['RSA 4096, e = 3', 'in this thread', rsa(4096, 3), 'RS256'],
    ['P-256', 'in this thread', P256, 'ES256'],
    ['Ed25519', 'in this thread', ED25519, 'EdDSA'],
    ['RSA 4104', 'in the thread pool', rsa(4104), 'RS256'],
    ['RSA with a long exponent', 'in the thread pool', rsa(2048, 0x7fff_ffff), 'RS256'],
    ['P-384', 'in the thread pool', P384, 'ES384'],
    ['P-521', 'in the thread pool', P521, 'ES512'],
  ])('%s: %s', async (_, where, { jwk, privateKey }, algorithm) => {
    const input = inputOf(algorithm);
    const keys = await createKeys([jwk]);
    const genuine = signInput(algorithm, input, privateKey);
    const found = findSigningKey(join(input, genuine), algorithm, keys);
    expect(found instanceof Promise).toBe(where === 'in the thread pool');
    expect(await found).toBe(keys[0]);
    expect(await findSigningKey(join(input, genuine.fill(9, 0, 4)), algorithm, keys)).toBeUndefined();
  });
});
