/** The facts of the checks that depend on the issuer of the token: algorithm, key, signature, claims, time and type. */

import type { Issuer } from '../../../config/config.ts';
import type { RevokedTokens } from '../../../config/revoked/revoked-tokens.ts';
import type { CompactJws } from '../../../token/jws/compact-jws.ts';
import type { PublishedKey, RefusedKey } from '../../../token/keys/verification-key.ts';
import type { Credentials } from '../evaluate/credentials.ts';
import type { Evaluation } from '../evaluate/evaluation.ts';
import type { Facts } from './facts.ts';
import { describeInstant, formatInstant } from './instant.ts';
import { describeEntry, findRevokedEntry } from './revoked-entry.ts';

const DEFAULT_LEEWAY = 30_000;

type IssuerCheck = 'algorithm' | 'key' | 'signature' | 'claims' | 'revocation' | 'time' | 'type';

/** @returns what is known of one check; nothing where the issuer of the token is not configured. */
export function readIssuerFacts(
  name: IssuerCheck,
  jws: CompactJws,
  { credentials, config, request }: Evaluation,
): Facts {
  const issuer = credentials?.issuer;
  return credentials && issuer
    ? FACTS_OF[name]({ jws, credentials, issuer, revoked: config.revoked, now: request.at })
    : {};
}

interface KnownToken {
  readonly jws: CompactJws;
  readonly credentials: Credentials;
  readonly issuer: Issuer;
  readonly revoked: RevokedTokens;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const FACTS_OF: Readonly<Record<IssuerCheck, (token: KnownToken) => Facts>> = {
  algorithm: ({ jws, issuer }) => ({ actual: jws.algorithm, expected: [...issuer.algorithms] }),
  key: ({ jws, credentials: { keys, keysError, refusedKeys } }) => ({
    actual: jws.keyId === undefined ? 'no kid: every key is tried' : `kid ${jws.keyId}`,
    expected: keys.flatMap(({ keyId }) => (keyId === undefined ? [] : `kid ${keyId}`)),
    note: describeKeyTroubles(keys, refusedKeys, keysError),
  }),
  signature: () => ({}),
  claims: ({ jws }) => ({
    ...(jws.claims['exp'] === undefined && { actual: 'no exp' }),
    expected: 'exp, nbf and iat as numbers of seconds within the next 100 years, aud as text or a list of it',
    note: describeUnit(jws),
  }),
  revocation: ({ jws, revoked }) => {
    const entry = findRevokedEntry(revoked, jws.claims);
    return entry ? { actual: `revoked: ${describeEntry(entry)}` } : {};
  },
  time: ({ jws, now, issuer }) => ({
    actual: describeTimes(jws, now),
    expected: `now ${formatInstant(now / 1000)}`,
    note: describeLeeways(issuer),
  }),
  type: ({ jws, issuer }) => ({ actual: jws.type ?? 'no typ, which counts as JWT', expected: [...issuer.tokenTypes] }),
};

const MOST_NAMED = 10;

/** Why the keys could not be fetched, which of them are not usable, and which have no `kid` by which a token could name them. */
function describeKeyTroubles(
  keys: readonly PublishedKey[],
  refused: readonly RefusedKey[],
  error: string | undefined,
): string | undefined {
  const named = refused.slice(0, MOST_NAMED).map(({ keyId, reason }) => `${nameKey(keyId)} cannot be used: ${reason}`);
  const more = refused.length > MOST_NAMED ? [`${refused.length - MOST_NAMED} more cannot be used`] : [];
  const remarks = [...new Set(keys.flatMap(({ remark }) => remark ?? []))].map(remark => `a key ${remark}`);
  const troubles = [
    ...(error === undefined ? [] : [`the keys could not be fetched: ${error}`]),
    ...named,
    ...more,
    ...remarks,
  ];
  return troubles.length === 0 ? undefined : troubles.join('; ');
}

function nameKey(keyId: string | undefined): string {
  return keyId === undefined ? 'a key without kid' : `kid ${JSON.stringify(keyId)}`;
}

function describeTimes({ claims }: CompactJws, now: number): readonly string[] {
  return ['exp', 'nbf', 'iat'].flatMap(name => {
    const value = claims[name];
    return typeof value === 'number' ? [`${name} ${describeInstant(value, now)}`] : [];
  });
}

/** Only for an issuer whose leeways are not the defaults. */
function describeLeeways({ leeway, expiryLeeway }: Issuer): string | undefined {
  if (leeway === DEFAULT_LEEWAY && expiryLeeway === 0) return undefined;
  return `leeway: ${leeway / 1000}s for nbf and iat, expiry_leeway: ${expiryLeeway / 1000}s`;
}

/** 1e11 seconds are the year 5138, and 1e11 milliseconds the year 1973: a larger value is in milliseconds. */
function describeUnit({ claims }: CompactJws): string | undefined {
  const names = ['exp', 'nbf', 'iat'].filter(name => Number(claims[name]) > 1e11);
  if (names.length === 0) return undefined;
  return `${names.join(', ')} in milliseconds, where seconds belong (RFC 7519 section 2)`;
}
