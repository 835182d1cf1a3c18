/** Bearer token → access token, against real issuers over real HTTP. */

import { createHmac, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto';
import { exportSPKI, importJWK, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Issuer } from '../../../src/config/config.ts';
import { TokenVerifier } from '../../../src/token/verifier.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { compact, exampleIssuer, FetchLog, issuerOf, takeClock } from './example-token.ts';

const HOUR = 3_600_000;
const OFTEN = { refresh: 20, cooldown: HOUR, maxStale: HOUR };

let issuer: TokenIssuer;
let fetches: FetchLog;
let lookups: string[];
let verifier: TokenVerifier;

beforeEach(async () => {
  issuer = await startTokenIssuer();
});

afterEach(async () => {
  vi.restoreAllMocks();
  verifier.stop();
  await issuer.close();
});

function start(fields: Partial<Issuer> = {}, ...others: readonly Issuer[]): Promise<void> {
  fetches = new FetchLog();
  lookups = [];
  const issuers = [issuerOf(issuer, fields), ...others];
  verifier = new TokenVerifier(new Map(issuers.map(each => [each.issuer, each])), {
    onFetch: fetches.onFetch,
    onCacheLookup: outcome => lookups.push(outcome),
  });
  return verifier.start();
}

/** `good`, or the reason. */
async function verdict(token: string, now = Date.now()): Promise<string> {
  const verification = await verifier.verify(token, now);
  return verification.ok ? 'good' : verification.reason;
}

const inSeconds = (milliseconds: number) => Math.floor(milliseconds / 1000);

describe('a good token', () => {
  test.each(['ES256', 'RS256'] as const)('signed with %s verifies, and says whom it is for', async algorithm => {
    await issuer.close();
    issuer = await startTokenIssuer(algorithm);
    await start();
    const token = await issuer.sign({ claims: { aud: 'https://elsewhere.example/', scope: 'a b' } });
    expect(await verifier.verify(token, Date.now())).toMatchObject({
      ok: true,
      issuer: issuer.issuer,
      typeAccepted: true,
      audience: ['https://elsewhere.example/'],
      scopes: new Set(['a', 'b']),
    });
  });

  test('of another type verifies, and is told to be of another type', async () => {
    await start();
    const token = await issuer.sign({ header: { typ: 'JWT' } });
    expect(await verifier.verify(token, Date.now())).toMatchObject({ ok: true, typeAccepted: false });
  });

  test('without a kid verifies by whichever key signed it', async () => {
    await issuer.rotate();
    await start();
    expect(await verdict(await issuer.sign({ header: { kid: undefined } }))).toBe('good');
  });

  test('verifies where several keys have its kid, of several kinds', async () => {
    const own = issuer.jwks?.keys ?? [];
    const others: JWK[] = [
      { ...ecKey().jwk, kid: 'key-1' },
      { ...toJwk(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey), kid: 'key-1' },
      { ...toJwk(generateKeyPairSync('ed25519').publicKey), kid: 'key-1' },
    ];
    issuer.jwks = { keys: [...others, ...own] };
    await start();
    expect(await verdict(await issuer.sign())).toBe('good');
  });
});

describe('who signed it, before what it says', () => {
  test('an issuer that is not in the configuration is not trusted', async () => {
    await start();
    for (const iss of ['https://evil.example', `${issuer.issuer}/`, issuer.issuer.toUpperCase(), '', 'constructor']) {
      expect(await verdict(await issuer.sign({ claims: { iss } }))).toBe('untrusted_issuer');
    }
    for (const iss of [undefined, null, 7, [issuer.issuer], {}]) {
      expect(await verdict(await issuer.sign({ claims: { iss } }))).toBe('untrusted_issuer');
    }
    expect(issuer.fetches).toBe(1);
  });

  test('an issuer cannot speak for another one', async () => {
    const other = await startTokenIssuer();
    await start({}, issuerOf(other));
    expect(await verdict(await other.sign({ claims: { iss: issuer.issuer } }))).toBe('bad_signature');
    expect(await verdict(await other.sign())).toBe('good');
    await other.close();
  });

  test('a key that the issuer does not publish is unknown', async () => {
    await start();
    await issuer.rotate({ alone: true });
    issuer.jwks = { keys: [{ ...ecKey().jwk, kid: 'another' }] };
    expect(await verdict(await issuer.sign())).toBe('unknown_key');
  });

  test('another key under the same kid gives a bad signature', async () => {
    await start();
    const forger = await startTokenIssuer();
    expect(await verdict(await forger.sign({ claims: { iss: issuer.issuer }, header: { kid: 'key-1' } }))).toBe(
      'bad_signature',
    );
    await forger.close();
  });

  test('no key of an issuer can be had: that is not the caller’s fault', async () => {
    issuer.jwks = undefined;
    await start();
    expect(await verdict(await issuer.sign())).toBe('keys_unavailable');
    expect(verifier.keyReadiness().without.map(({ issuer: name }) => name)).toEqual([issuer.issuer]);
  });

  test('an issuer that is down does not hold up another', async () => {
    const other = await startTokenIssuer();
    other.jwks = undefined;
    await start({}, issuerOf(other));
    expect(verifier.keyReadiness().without.map(({ issuer: name }) => name)).toEqual([other.issuer]);
    expect(await verdict(await issuer.sign())).toBe('good');
    expect(await verdict(await other.sign())).toBe('keys_unavailable');
    await other.close();
  });
});

describe('a forged signature', () => {
  test('every part of the token is signed', async () => {
    await start();
    const [header = '', claims = '', signature = ''] = (await issuer.sign({ claims: { sub: 'alice' } })).split('.');
    const [other = '', otherClaims = ''] = (await issuer.sign({ claims: { sub: 'mallory' } })).split('.');
    const forgedHeader = compact({ alg: 'ES256', kid: 'key-1', typ: 'JWT' }, {}).split('.')[0];
    expect(other).toBe(header);
    expect(await verdict(`${header}.${otherClaims}.${signature}`)).toBe('bad_signature');
    expect(await verdict(`${forgedHeader}.${claims}.${signature}`)).toBe('bad_signature');
    expect(await verdict(`${header}.${claims}.`)).toBe('bad_signature');
    expect(await verdict(`${header}.${claims}.${'A'.repeat(86)}`)).toBe('bad_signature');
    expect(await verdict(`${header}.${claims}.${signature.slice(0, 40)}`)).toBe('bad_signature');
    expect(await verdict(`${header}.${claims}.${signature}`)).toBe('good');
  });

  test.each(['none', 'None', 'NONE', 'nOnE', ''])('alg %j is no signature', async alg => {
    await start();
    const claims = { iss: issuer.issuer, exp: inSeconds(Date.now()) + 300 };
    expect(await verdict(compact({ alg, typ: 'at+jwt', kid: 'key-1' }, claims, ''))).toBe('bad_signature');
    expect(await verdict(compact({ alg, typ: 'at+jwt' }, claims))).toBe('bad_signature');
  });

  test.each(['HS256', 'HS384', 'HS512'])('%s with the public key as the secret is refused', async alg => {
    await issuer.close();
    issuer = await startTokenIssuer('RS256');
    await start();
    const [jwk = {} as JWK] = issuer.jwks?.keys ?? [];
    const key = await importJWK(jwk, 'RS256', { extractable: true });
    if (key instanceof Uint8Array) throw new Error('the key is symmetric');
    const pem = await exportSPKI(key);
    const claims = { iss: issuer.issuer, exp: inSeconds(Date.now()) + 300 };
    const [header, body] = compact({ alg, typ: 'at+jwt', kid: 'key-1' }, claims).split('.');
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.n ?? '']) {
      const mac = createHmac(alg.replace('HS', 'sha'), secret).update(`${header}.${body}`).digest('base64url');
      expect(await verdict(`${header}.${body}.${mac}`)).toBe('bad_signature');
    }
  });

  test('an algorithm that the issuer is not allowed is a bad signature, however good it is', async () => {
    await start({ algorithms: new Set(['RS256']) });
    expect(await verdict(await issuer.sign())).toBe('bad_signature');
    expect(await verdict(await issuer.sign({ header: { kid: 'unknown' } }))).toBe('bad_signature');
    expect(issuer.fetches).toBe(1);
  });

  test('an algorithm that does not fit the key is a bad signature', async () => {
    await start();
    const token = await issuer.sign();
    const [, claims = '', signature = ''] = token.split('.');
    for (const alg of ['RS256', 'PS256', 'EdDSA']) {
      const [header] = compact({ alg, kid: 'key-1', typ: 'at+jwt' }, {}).split('.');
      expect(await verdict(`${header}.${claims}.${signature}`)).toBe('bad_signature');
    }
  });

  test('a key in the header is not used (jwk, jku, x5u)', async () => {
    await start();
    const forger = await startTokenIssuer();
    const [jwk] = forger.jwks?.keys ?? [];
    const header = { kid: 'key-1', jwk, jku: forger.jwksUri, x5u: forger.jwksUri };
    expect(await verdict(await forger.sign({ header, claims: { iss: issuer.issuer } }))).toBe('bad_signature');
    expect(forger.fetches).toBe(0);
    await forger.close();
  });

  test('the signature is judged before any claim', async () => {
    await start();
    const forger = await startTokenIssuer();
    for (const claims of [{ exp: 1 }, { exp: 'x' }, { nbf: 9_999_999_999 }, { aud: 7 }]) {
      const token = await forger.sign({ claims: { ...claims, iss: issuer.issuer }, header: { kid: 'key-1' } });
      expect(await verdict(token)).toBe('bad_signature');
    }
    await forger.close();
  });

  test('an RSA key one bit short of 2048 does not become a fault of ours', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2047 });
    issuer.jwks = { keys: [...(issuer.jwks?.keys ?? []), { ...toJwk(pair.publicKey), kid: 'short' }] };
    await start();
    const claims = { iss: issuer.issuer, exp: inSeconds(Date.now()) + 300 };
    const [header, body] = compact({ alg: 'RS256', kid: 'short', typ: 'at+jwt' }, claims).split('.');
    const signature = sign('sha256', Buffer.from(`${header}.${body}`), pair.privateKey).toString('base64url');
    expect(await verdict(`${header}.${body}.${signature}`)).toMatch(/^(?:unknown_key|bad_signature)$/);
  });
});

describe('what a verified token says', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['expired', { exp: 1_000 }, 'token_expired'],
    ['without exp', { exp: undefined }, 'malformed_token'],
    ['exp as a string', { exp: '4000000000' }, 'malformed_token'],
    ['nbf tomorrow', { nbf: 4_000_000_000 - 1 }, 'token_not_yet_valid'],
    ['iat tomorrow', { iat: 4_000_000_000 - 1 }, 'token_not_yet_valid'],
    ['aud: a number', { aud: 7 }, 'malformed_token'],
    ['no aud: judged elsewhere', { aud: undefined }, 'good'],
    ['aud: []: judged elsewhere', { aud: [] }, 'good'],
  ];
  test.each(cases)('%s', async (_, claims, expected) => {
    await start();
    expect(await verdict(await issuer.sign({ claims: { exp: 4_000_000_000, ...claims } }))).toBe(expected);
  });

  test('crit is refused although the signature is good', async () => {
    await start();
    const token = await issuer.sign({ header: { 'x-extension': 1 } });
    expect(await verdict(token)).toBe('good');
    const { privateKey, jwk } = ecKey();
    issuer.jwks = { keys: [{ ...jwk, kid: 'critical' }] };
    const claims = { iss: issuer.issuer, exp: 4_000_000_000 };
    const crit = { alg: 'ES256', kid: 'critical', typ: 'at+jwt', crit: ['x-extension'], 'x-extension': 1 };
    const [header, body] = compact(crit, claims).split('.');
    const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    const signature = sign('sha256', Buffer.from(`${header}.${body}`), key).toString('base64url');
    expect(await verdict(`${header}.${body}.${signature}`)).toBe('malformed_token');
  });
});

describe('keys come and go', () => {
  test('a token of a new key is good at once after a rotation', async () => {
    await start();
    const old = await issuer.sign();
    expect(await verdict(old)).toBe('good');
    await issuer.rotate();
    expect(await verdict(await issuer.sign())).toBe('good');
    expect(await verdict(old)).toBe('good');
    expect(issuer.fetches).toBe(2);
  });

  test('two hundred tokens with random kids cause one fetch', async () => {
    await start();
    const tokens = await Promise.all(
      Array.from({ length: 200 }, () => issuer.sign({ header: { kid: crypto.randomUUID() } })),
    );
    const verdicts = await Promise.all(tokens.map(token => verdict(token)));
    expect(new Set(verdicts)).toEqual(new Set(['unknown_key']));
    expect(issuer.fetches).toBe(2);
  });

  test('a token whose key is published no more is refused after the next refresh, cached or not', async () => {
    await start({ keys: OFTEN });
    const token = await issuer.sign();
    expect(await verdict(token)).toBe('good');
    expect(await verdict(token)).toBe('good');
    expect(lookups).toEqual(['miss', 'hit']);
    await issuer.rotate({ alone: true });
    await fetches.next();
    expect(await verdict(token)).toBe('unknown_key');
    expect(lookups).toEqual(['miss', 'hit', 'miss']);
  });

  test('a token whose kid now names another key is refused, cached or not', async () => {
    await start({ keys: OFTEN });
    const token = await issuer.sign();
    expect(await verdict(token)).toBe('good');
    issuer.jwks = { keys: [{ ...ecKey().jwk, kid: 'key-1' }] };
    await fetches.next();
    expect(await verdict(token)).toBe('bad_signature');
  });

  test('a refresh that brings the same key again does not empty the cache', async () => {
    await start({ keys: OFTEN });
    const token = await issuer.sign();
    await verdict(token);
    await issuer.rotate();
    await fetches.next();
    expect(await verdict(token)).toBe('good');
    expect(lookups).toEqual(['miss', 'hit']);
  });

  test('an outage of the issuer keeps old and new tokens good until max_stale, and no token after', async () => {
    const clock = takeClock();
    await start({ keys: { refresh: 20, cooldown: HOUR, maxStale: HOUR } });
    const cached = await issuer.sign();
    expect(await verdict(cached)).toBe('good');
    issuer.jwks = undefined;
    await fetches.reached(2, 'failure');
    expect(await verdict(cached)).toBe('good');
    expect(await verdict(await issuer.sign())).toBe('good');
    clock.pass(HOUR);
    await fetches.next();
    expect(await verdict(cached)).toBe('keys_unavailable');
    expect(await verdict(await issuer.sign())).toBe('keys_unavailable');
  });
});

describe('a cache hit is judged again', () => {
  test('for its expiry', async () => {
    await start();
    const now = Date.now();
    const exp = inSeconds(now) + 60;
    const token = await issuer.sign({ claims: { exp } });
    expect(await verdict(token, now)).toBe('good');
    expect(await verdict(token, exp * 1000 - 1)).toBe('good');
    expect(lookups).toEqual(['miss', 'hit']);
    expect(await verdict(token, exp * 1000)).toBe('token_expired');
    expect(await verdict(token, exp * 1000 + HOUR)).toBe('token_expired');
  });

  test('for a clock that was set back', async () => {
    await start();
    const now = Date.now();
    const token = await issuer.sign({ claims: { iat: inSeconds(now), nbf: inSeconds(now) } });
    expect(await verdict(token, now)).toBe('good');
    expect(await verdict(token, now - 60_000)).toBe('token_not_yet_valid');
  });

  test('and answers without waiting', async () => {
    await start();
    const token = await issuer.sign();
    const first = verifier.verify(token, Date.now());
    expect(first).toBeInstanceOf(Promise);
    await first;
    expect(verifier.verify(token, Date.now())).toMatchObject({ ok: true });
  });

  test('what did not verify is never cached', async () => {
    await start();
    const token = await issuer.sign({ claims: { exp: 1_000 } });
    await verdict(token);
    expect(await verdict(token)).toBe('token_expired');
    expect(await verdict(token, 999_000)).toBe('token_not_yet_valid');
    expect(lookups).toEqual(['miss', 'miss', 'miss']);
  });

  test('tokens that differ in one character share nothing', async () => {
    await start();
    const token = await issuer.sign({ claims: { sub: 'alice' } });
    expect(await verdict(token)).toBe('good');
    const dot = token.lastIndexOf('.');
    const changed = `${token.slice(0, dot + 5)}${token[dot + 5] === 'A' ? 'B' : 'A'}${token.slice(dot + 6)}`;
    expect(await verdict(changed)).toBe('bad_signature');
    expect(await verdict(`${token} `)).toBe('malformed_token');
    expect(await verdict(`${token}=`)).toBe('malformed_token');
  });
});

describe('a reload', () => {
  /** A verifier that follows `verifier`, for the same issuer with other settings. */
  const follow = async (fields: Partial<Issuer> = {}) => {
    const next = issuerOf(issuer, fields);
    const events = { onFetch: fetches.onFetch, onCacheLookup: (outcome: string) => lookups.push(outcome) };
    const follower = new TokenVerifier(new Map([[next.issuer, next]]), events, verifier);
    await follower.start();
    return follower;
  };

  test('that leaves an issuer as it was keeps its keys and its verified tokens', async () => {
    await start();
    const token = await issuer.sign();
    await verdict(token);
    const previous = verifier;
    verifier = await follow();
    previous.stop();
    expect(issuer.fetches).toBe(1);
    expect(await verdict(token)).toBe('good');
    expect(await verdict(await issuer.sign())).toBe('good');
    expect(lookups).toEqual(['miss', 'hit', 'miss']);
  });

  test('judges a verified token by the new rules of its issuer', async () => {
    await start();
    const token = await issuer.sign({ header: { typ: 'JWT' }, claims: { roles: 'admin' } });
    await verdict(token);
    const previous = verifier;
    verifier = await follow({ tokenTypes: new Set(['jwt']), scopeClaim: 'roles' });
    previous.stop();
    expect(await verifier.verify(token, Date.now())).toMatchObject({ typeAccepted: true, scopes: new Set(['admin']) });
    const before = verifier;
    verifier = await follow({ algorithms: new Set(['RS256']) });
    before.stop();
    expect(await verdict(token)).toBe('bad_signature');
  });

  test('to other keys trusts the old ones no more', async () => {
    await start();
    const token = await issuer.sign();
    await verdict(token);
    const previous = verifier;
    const other = await startTokenIssuer();
    other.jwks = { keys: [{ ...ecKey().jwk, kid: 'another' }] };
    verifier = await follow({ keySource: { kind: 'uri', uri: other.jwksUri } });
    previous.stop();
    expect(await verdict(token)).toBe('unknown_key');
    await other.close();
  });

  test('without an issuer trusts its verified tokens no more', async () => {
    await start();
    const token = await issuer.sign();
    await verdict(token);
    const previous = verifier;
    verifier = new TokenVerifier(new Map(), { onFetch: () => undefined, onCacheLookup: () => undefined }, previous);
    previous.stop();
    expect(await verdict(token)).toBe('untrusted_issuer');
  });
});

test('an issuer without keys of its own kind is still listed', async () => {
  await start({}, exampleIssuer({ issuer: 'https://nowhere.invalid', keySource: { kind: 'file', path: '/nowhere' } }));
  expect(verifier.keyReadiness().without.map(({ issuer: name }) => name)).toEqual(['https://nowhere.invalid']);
  expect(verifier.status()).toMatchObject([
    { issuer: issuer.issuer, keys: 1, lastError: undefined },
    { issuer: 'https://nowhere.invalid', keys: 0, lastError: '/nowhere: the file cannot be read' },
  ]);
});

function toJwk(key: { export(options: { format: 'jwk' }): JsonWebKey }): JWK {
  return { ...key.export({ format: 'jwk' }) } as JWK;
}

function ecKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { jwk: toJwk(publicKey), privateKey };
}
