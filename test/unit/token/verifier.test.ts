/** Bearer token → access token, against real issuers over real HTTP. */

import { createHmac, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto';
import { exportSPKI, importJWK, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Issuer } from '../../../src/config/config.ts';
import { RevokedTokens } from '../../../src/config/revoked/revoked-tokens.ts';
import { TokenVerifier, type VerifierEvents } from '../../../src/token/verifier.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { compact, exampleIssuer, FetchLog, type IssuerFields, issuerOf, SILENT, takeClock } from './example-token.ts';

const NONE = new RevokedTokens();

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

function start(fields: IssuerFields = {}, ...others: readonly Issuer[]): Promise<void> {
  fetches = new FetchLog();
  lookups = [];
  const issuers = [issuerOf(issuer, fields), ...others];
  const events: VerifierEvents = {
    ...SILENT,
    onFetch: fetches.onFetch,
    onRefusedKeys: fetches.onRefusedKeys,
    onCacheLookup: outcome => lookups.push(outcome),
  };
  verifier = new TokenVerifier(new Map(issuers.map(each => [each.issuer, each])), events, NONE);
  return verifier.start();
}

/** `good`, or the reason. */
async function verdict(token: string, now = Date.now()): Promise<string> {
  const verification = await verifier.verify(token, now);
  return verification.ok ? 'good' : verification.reason;
}

const inSeconds = (milliseconds: number) => Math.floor(milliseconds / 1000);

describe('valid token', () => {
  test.each(['ES256', 'RS256'] as const)('signed with %s: verified, with its claims', async algorithm => {
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

  test('of another type: verified, type not accepted', async () => {
    await start();
    const token = await issuer.sign({ header: { typ: 'JWT' } });
    expect(await verifier.verify(token, Date.now())).toMatchObject({ ok: true, typeAccepted: false });
  });

  test('without kid: verified by the key that signed it', async () => {
    await issuer.rotate();
    await start();
    expect(await verdict(await issuer.sign({ header: { kid: undefined } }))).toBe('good');
  });

  test('kid of several keys of different types: verified', async () => {
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

describe('new token, keys at hand', () => {
  test('good or forged: no promise, since promises would cost as much as the signature', async () => {
    await start();
    const token = await issuer.sign();
    expect(verifier.verify(token, Date.now())).toMatchObject({ ok: true });
    const forged = `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(86)}`;
    // The first forged one may mean that the key was changed, so the keys are fetched, once in a cooldown.
    expect(await verifier.verify(forged, Date.now())).toEqual({ ok: false, reason: 'bad_signature' });
    expect(verifier.verify(forged, Date.now())).toEqual({ ok: false, reason: 'bad_signature' });
  });

  test('unknown kid: a promise, until the fetch has ended', async () => {
    await start();
    const pending = verifier.verify(await issuer.sign({ header: { kid: 'another' } }), Date.now());
    expect(pending).toBeInstanceOf(Promise);
    expect(await pending).toEqual({ ok: false, reason: 'unknown_key' });
  });

  test('first fetch of keys under way: a promise, until it has ended', async () => {
    const starting = start();
    const pending = verifier.verify(await issuer.sign(), Date.now());
    expect(await pending).toMatchObject({ ok: true });
    await starting;
  });
});

describe('issuer and key, before the claims', () => {
  test('issuer not configured: untrusted_issuer', async () => {
    await start();
    for (const iss of ['https://evil.example', `${issuer.issuer}/`, issuer.issuer.toUpperCase(), '', 'constructor']) {
      expect(await verdict(await issuer.sign({ claims: { iss } }))).toBe('untrusted_issuer');
    }
    for (const iss of [undefined, null, 7, [issuer.issuer], {}]) {
      expect(await verdict(await issuer.sign({ claims: { iss } }))).toBe('untrusted_issuer');
    }
    expect(issuer.fetches).toBe(1);
  });

  test('signed by another configured issuer: bad_signature', async () => {
    const other = await startTokenIssuer();
    await start({}, issuerOf(other));
    expect(await verdict(await other.sign({ claims: { iss: issuer.issuer } }))).toBe('bad_signature');
    expect(await verdict(await other.sign())).toBe('good');
    await other.close();
  });

  test('key not published: unknown_key', async () => {
    await start();
    await issuer.rotate({ alone: true });
    issuer.jwks = { keys: [{ ...ecKey().jwk, kid: 'another' }] };
    expect(await verdict(await issuer.sign())).toBe('unknown_key');
  });

  test('another key with the same kid: bad_signature', async () => {
    await start();
    const forger = await startTokenIssuer();
    expect(await verdict(await forger.sign({ claims: { iss: issuer.issuer }, header: { kid: 'key-1' } }))).toBe(
      'bad_signature',
    );
    await forger.close();
  });

  test('no keys of the issuer: keys_unavailable', async () => {
    issuer.jwks = undefined;
    await start();
    expect(await verdict(await issuer.sign())).toBe('keys_unavailable');
    expect(verifier.keyReadiness().without.map(({ issuer: name }) => name)).toEqual([issuer.issuer]);
  });

  test('one issuer down: tokens of another verified', async () => {
    const other = await startTokenIssuer();
    other.jwks = undefined;
    await start({}, issuerOf(other));
    expect(verifier.keyReadiness().without.map(({ issuer: name }) => name)).toEqual([other.issuer]);
    expect(await verdict(await issuer.sign())).toBe('good');
    expect(await verdict(await other.sign())).toBe('keys_unavailable');
    await other.close();
  });
});

describe('forged signature', () => {
  test('any part replaced: bad_signature', async () => {
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

  test.each(['none', 'None', 'NONE', 'nOnE', ''])('alg %j: refused', async alg => {
    await start();
    const claims = { iss: issuer.issuer, exp: inSeconds(Date.now()) + 300 };
    expect(await verdict(compact({ alg, typ: 'at+jwt', kid: 'key-1' }, claims, ''))).toBe('bad_signature');
    expect(await verdict(compact({ alg, typ: 'at+jwt' }, claims))).toBe('bad_signature');
  });

  test.each(['HS256', 'HS384', 'HS512'])('%s with the public key as secret: refused', async alg => {
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

  test('valid signature with an algorithm not allowed: bad_signature', async () => {
    await start({ algorithms: new Set(['RS256']) });
    expect(await verdict(await issuer.sign())).toBe('bad_signature');
    expect(await verdict(await issuer.sign({ header: { kid: 'unknown' } }))).toBe('bad_signature');
    expect(issuer.fetches).toBe(1);
  });

  test('algorithm that does not fit the key: bad_signature', async () => {
    await start();
    const token = await issuer.sign();
    const [, claims = '', signature = ''] = token.split('.');
    for (const alg of ['RS256', 'PS256', 'EdDSA']) {
      const [header] = compact({ alg, kid: 'key-1', typ: 'at+jwt' }, {}).split('.');
      expect(await verdict(`${header}.${claims}.${signature}`)).toBe('bad_signature');
    }
  });

  test('key in the header (jwk, jku, x5u): ignored', async () => {
    await start();
    const forger = await startTokenIssuer();
    const [jwk] = forger.jwks?.keys ?? [];
    const header = { kid: 'key-1', jwk, jku: forger.jwksUri, x5u: forger.jwksUri };
    expect(await verdict(await forger.sign({ header, claims: { iss: issuer.issuer } }))).toBe('bad_signature');
    expect(forger.fetches).toBe(0);
    await forger.close();
  });

  test('forged and expired: bad_signature, not token_expired', async () => {
    await start();
    const forger = await startTokenIssuer();
    for (const claims of [{ exp: 1 }, { exp: 'x' }, { nbf: 9_999_999_999 }, { aud: 7 }]) {
      const token = await forger.sign({ claims: { ...claims, iss: issuer.issuer }, header: { kid: 'key-1' } });
      expect(await verdict(token)).toBe('bad_signature');
    }
    await forger.close();
  });

  test('RSA key of 2047 bits: refused, no exception', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2047 });
    issuer.jwks = { keys: [...(issuer.jwks?.keys ?? []), { ...toJwk(pair.publicKey), kid: 'short' }] };
    await start();
    const claims = { iss: issuer.issuer, exp: inSeconds(Date.now()) + 300 };
    const [header, body] = compact({ alg: 'RS256', kid: 'short', typ: 'at+jwt' }, claims).split('.');
    const signature = sign('sha256', Buffer.from(`${header}.${body}`), pair.privateKey).toString('base64url');
    expect(await verdict(`${header}.${body}.${signature}`)).toMatch(/^(?:unknown_key|bad_signature)$/);
  });
});

describe('claims of a verified token', () => {
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

  test('crit with a valid signature: malformed_token', async () => {
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

describe('rotation', () => {
  test('token of a new key: verified at once', async () => {
    await start();
    const old = await issuer.sign();
    expect(await verdict(old)).toBe('good');
    await issuer.rotate();
    expect(await verdict(await issuer.sign())).toBe('good');
    expect(await verdict(old)).toBe('good');
    expect(issuer.fetches).toBe(2);
  });

  test('200 tokens with random kids: one fetch', async () => {
    await start();
    const tokens = await Promise.all(
      Array.from({ length: 200 }, () => issuer.sign({ header: { kid: crypto.randomUUID() } })),
    );
    const verdicts = await Promise.all(tokens.map(token => verdict(token)));
    expect(new Set(verdicts)).toEqual(new Set(['unknown_key']));
    expect(issuer.fetches).toBe(2);
  });

  test('key no longer published: refused after the next refresh, cached or not', async () => {
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

  test('kid now of another key: refused, cached or not', async () => {
    await start({ keys: OFTEN });
    const token = await issuer.sign();
    expect(await verdict(token)).toBe('good');
    issuer.jwks = { keys: [{ ...ecKey().jwk, kid: 'key-1' }] };
    await fetches.next();
    expect(await verdict(token)).toBe('bad_signature');
  });

  test('refresh with the same key: cached tokens stay', async () => {
    await start({ keys: OFTEN });
    const token = await issuer.sign();
    await verdict(token);
    await issuer.rotate();
    await fetches.next();
    expect(await verdict(token)).toBe('good');
    expect(lookups).toEqual(['miss', 'hit']);
  });

  test('issuer down: tokens verified until max_stale, none after', async () => {
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

describe('cached token', () => {
  test('past exp: token_expired', async () => {
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

  test('clock set back before nbf: token_not_yet_valid', async () => {
    await start();
    const now = Date.now();
    const token = await issuer.sign({ claims: { iat: inSeconds(now), nbf: inSeconds(now) } });
    expect(await verdict(token, now)).toBe('good');
    expect(await verdict(token, now - 60_000)).toBe('token_not_yet_valid');
  });

  test('result: not a promise', async () => {
    await start();
    const token = await issuer.sign();
    await verifier.verify(token, Date.now());
    expect(verifier.verify(token, Date.now())).toMatchObject({ ok: true });
  });

  test('refused token: not cached', async () => {
    await start();
    const token = await issuer.sign({ claims: { exp: 1_000 } });
    await verdict(token);
    expect(await verdict(token)).toBe('token_expired');
    expect(await verdict(token, 999_000)).toBe('token_not_yet_valid');
    expect(lookups).toEqual(['miss', 'miss', 'miss']);
  });

  test('tokens that differ in one character: separate entries', async () => {
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

describe('reload', () => {
  /** A verifier that follows `verifier`, for the same issuer with other settings. */
  const follow = async (fields: IssuerFields = {}) => {
    const next = issuerOf(issuer, fields);
    const events = {
      ...SILENT,
      onFetch: fetches.onFetch,
      onRefusedKeys: fetches.onRefusedKeys,
      onCacheLookup: (outcome: string) => lookups.push(outcome),
    };
    const follower = new TokenVerifier(new Map([[next.issuer, next]]), events, NONE, verifier);
    await follower.start();
    return follower;
  };

  test('issuer unchanged: keys and verified tokens kept', async () => {
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

  test('settings of the issuer changed: verified again by the new ones', async () => {
    await start();
    const token = await issuer.sign({ header: { typ: 'JWT' }, claims: { roles: 'admin' } });
    await verdict(token);
    const previous = verifier;
    verifier = await follow({
      tokenTypes: new Set(['jwt']),
      scopeSource: { paths: [{ text: 'roles', steps: ['roles'] }], separator: ' ' },
    });
    previous.stop();
    expect(await verifier.verify(token, Date.now())).toMatchObject({ typeAccepted: true, scopes: new Set(['admin']) });
    const before = verifier;
    verifier = await follow({ algorithms: new Set(['RS256']) });
    before.stop();
    expect(await verdict(token)).toBe('bad_signature');
  });

  test('other key source: tokens of the old keys refused', async () => {
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

  test('issuer removed: its verified tokens refused', async () => {
    await start();
    const token = await issuer.sign();
    await verdict(token);
    const previous = verifier;
    verifier = new TokenVerifier(new Map(), SILENT, NONE, previous);
    previous.stop();
    expect(await verdict(token)).toBe('untrusted_issuer');
  });
});

test('issuer without usable keys: still in the status', async () => {
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
