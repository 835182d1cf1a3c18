/** `jwks_file`: `check` accepts exactly the files that the running gateway can verify with. */

import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkKey } from '../../../../../src/config/values/key-set/json-web-key.ts';
import { checkKeys } from '../../../../../src/config/values/key-set/json-web-key-set.ts';
import { fetchKeys } from '../../../../../src/token/keys/key-source.ts';
import { createVerificationKey } from '../../../../../src/token/keys/verification-key.ts';
import { createKey, exampleIssuer } from '../../../token/example-token.ts';
import { listCodes, listDiagnostics, load, writeConfiguration } from '../../configuration.ts';

type Pair = { readonly publicKey: Exportable; readonly privateKey: Exportable };
type Exportable = { export(options: { format: 'jwk' }): JsonWebKey };
const publicOf = ({ publicKey }: Pair): JsonWebKey => publicKey.export({ format: 'jwk' });

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const GOOD = { ...publicOf(EC), kid: 'good' };
const WEAK = publicOf(generateKeyPairSync('rsa', { modulusLength: 1024 }));
const PRIVATE = EC.privateKey.export({ format: 'jwk' });
const SYMMETRIC = { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA' };

const setOf = (...keys: unknown[]) => JSON.stringify({ keys });

/** A file whose only issuer has its keys in `keys.json`, which holds `text`. */
function yaml(more = ''): string {
  return `issuers: { https://i: { jwks_file: keys.json${more} } }\nroutes: { /a: { resource: https://a/, upstream: https://a, multiple_audiences: only } }\n`;
}

const diagnosticsOf = (text: string, more = '') => listDiagnostics(yaml(more), { files: { 'keys.json': text } });

/** What the gateway makes of such a file when it reads it again: how many keys it can use, or why none. */
async function useFile(text: string): Promise<number | string> {
  const path = writeConfiguration(text);
  try {
    const { jwks: keys } = await fetchKeys(
      exampleIssuer({ keySource: { kind: 'file', path } }),
      new AbortController().signal,
    );
    const usable = await Promise.all(checkKeys(keys).map(createVerificationKey));
    return usable.filter(key => key !== undefined).length;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown';
  }
}

describe('unusable key file: rejected at load and at run time for the same reason', () => {
  const key = { what: 'has no key that can verify a token: ' };
  test.each<[string, string, string]>([
    ['no JSON', '-----BEGIN PUBLIC KEY-----', 'is not a JSON object'],
    ['a list', '[]', 'is not a JSON object'],
    ['a key without a set', JSON.stringify(GOOD), 'has no array "keys"'],
    ['an empty list', setOf(), 'has no key in "keys"'],
    ['entries that are no objects', setOf(1, 'x', null, []), `${key.what}4 no JSON object`],
    ['for encryption', setOf({ ...GOOD, use: 'enc' }), `${key.what}1 for encryption (use)`],
    ['key_ops without verify', setOf({ ...GOOD, key_ops: ['encrypt'] }), `${key.what}1 for encryption (key_ops)`],
    ['RSA with 1024 bits', setOf(WEAK), `${key.what}1 RSA with 1024 bits, fewer than 2048`],
    ['an unknown type', setOf({ kty: 'XYZ' }), `${key.what}1 its type "XYZ" is not supported`],
    [
      'a curve that no algorithm has',
      setOf({ ...GOOD, crv: 'secp256k1' }),
      `${key.what}1 its curve "secp256k1" is not supported`,
    ],
    ['a point off its curve', setOf({ ...GOOD, x: GOOD.y }), `${key.what}1 not well-formed`],
    ['several reasons', setOf(WEAK, 7, 8), `${key.what}1 RSA with 1024 bits, fewer than 2048, 2 no JSON object`],
    ['101 keys', setOf(...Array.from({ length: 101 }, () => GOOD)), 'has more than 100 keys'],
    ['a private key', setOf(PRIVATE), 'holds a private or symmetric key, where others may read it'],
    [
      'a private key beside a public one',
      setOf(GOOD, PRIVATE),
      'holds a private or symmetric key, where others may read it',
    ],
    ['a symmetric key', setOf(SYMMETRIC), 'holds a private or symmetric key, where others may read it'],
    [
      'a symmetric key beside a public one',
      setOf(GOOD, SYMMETRIC),
      'holds a private or symmetric key, where others may read it',
    ],
  ])('%s', async (_what, text, reason) => {
    const diagnostics = diagnosticsOf(text);
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatch(/^1:36: issuers\.https:\/\/i\.jwks_file: "keys\.json" /);
    expect(diagnostics[0]).toContain(`"keys.json" ${reason}, expected `);
    expect(listCodes(yaml(), { files: { 'keys.json': text } })).toEqual(['jwks-file']);
    const failure = String(await useFile(text));
    expect(failure).toMatch(/\/audgate\.yaml: the file /);
    expect(failure.split(': the file ')[1]).toBe(reason);
  });
});

test('file with a secret key: nothing of it in the message', () => {
  for (const secret of [PRIVATE, RSA.privateKey.export({ format: 'jwk' }), SYMMETRIC]) {
    const [printed = ''] = diagnosticsOf(setOf(secret));
    for (const value of Object.values(secret).map(String)) {
      if (value.length > 6) expect(printed).not.toContain(value);
    }
  }
});

describe('usable key file: accepted at load and at run time', () => {
  test.each<[string, string, number]>([
    ['one key', setOf(GOOD), 1],
    ['a byte order mark before it', `\uFEFF${setOf(GOOD)}`, 1],
    ['entries that are no objects beside a key', setOf(1, GOOD, null), 1],
    ['an encryption key beside one for signatures', setOf({ ...publicOf(RSA), use: 'enc' }, GOOD), 1],
    ['two keys with one kid', setOf(GOOD, { ...publicOf(RSA), kid: 'good' }), 2],
    ['key_ops with verify', setOf({ ...GOOD, key_ops: ['verify'] }), 1],
  ])('%s', async (_what, text, usable) => {
    expect(diagnosticsOf(text)).toEqual([]);
    expect(await useFile(text)).toBe(usable);
  });
});

test('key files that are read at load: watched, broken ones too', () => {
  const introspection = '{ endpoint: https://i/, client_id: a, auth: private_key_jwt, key_file: client.pem }';
  const text = yaml().replace('jwks_file: keys.json', `jwks_file: keys.json, introspection: ${introspection}`);
  const loaded = load(text, { files: { 'keys.json': setOf(GOOD), 'client.pem': 'no key' } });
  const files = loaded.ok ? [] : (loaded.files ?? []);
  expect(files.map(({ path }) => basename(path)).toSorted()).toEqual(['client.pem', 'keys.json']);
});

describe('the algorithms of the issuer', () => {
  test('no key for them: rejected', () => {
    expect(diagnosticsOf(setOf(GOOD), ', algorithms: [RS256]')).toEqual([
      '1:36: issuers.https://i.jwks_file: "keys.json" has no key for the algorithms of this issuer, expected a JSON file with a key set (RFC 7517 section 5)',
    ]);
    expect(diagnosticsOf(setOf({ ...publicOf(RSA), alg: 'PS256' }), ', algorithms: [RS256]')).toHaveLength(1);
  });

  test('one key for one of them: accepted', () => {
    expect(diagnosticsOf(setOf(GOOD), ', algorithms: [RS256, ES256]')).toEqual([]);
    expect(diagnosticsOf(setOf(publicOf(RSA)), ', algorithms: [PS512]')).toEqual([]);
  });
});

describe('key that checkKey accepts: imported, for its algorithms', () => {
  const curves = ['P-256', 'P-384', 'P-521'].map(namedCurve => publicOf(generateKeyPairSync('ec', { namedCurve })));
  const keys = [publicOf(RSA), ...curves, publicOf(generateKeyPairSync('ed25519'))];
  const variants = [
    {},
    { use: 'sig' },
    { key_ops: ['verify'] },
    { kid: 'k', x5c: ['x'] },
    { ext: true },
    { ext: 1 },
    { key_ops: [] },
  ];
  const odd = [
    { key_ops: ['verify', 'verify'] },
    { key_ops: ['verify', 'sign'] },
    { use: 'SIG' },
    { alg: 'ES256' },
    { alg: 5 },
    { crv: 'P-256' },
  ];
  test.each(
    keys.flatMap(jwk =>
      [...variants, ...odd].map(
        more => [JSON.stringify({ kty: jwk.kty, crv: jwk.crv, ...more }), { ...jwk, ...more }] as const,
      ),
    ),
  )('%s', async (_name, jwk) => {
    const checked = checkKey(jwk);
    const key = await createKey(jwk);
    expect([...(key?.algorithms ?? [])]).toEqual(checked.ok ? checked.algorithms : []);
  });
});
