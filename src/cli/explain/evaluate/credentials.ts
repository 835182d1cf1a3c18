/** Reads and verifies the credentials of a request, and keeps every intermediate result. */

import type { Config, Issuer } from '../../../config/config.ts';
import type { RevokedTokens } from '../../../config/revoked/revoked-tokens.ts';
import type { Denial } from '../../../denial.ts';
import type { RequestHead } from '../../../route/request-head.ts';
import { type BearerToken, readBearerToken } from '../../../token/bearer.ts';
import { type CompactJws, readCompactJws } from '../../../token/jws/compact-jws.ts';
import type { PublishedKey, RefusedKey } from '../../../token/keys/verification-key.ts';
import { TokenVerifier, type Verification, type VerifierEvents } from '../../../token/verifier.ts';
import { recogniseShape } from './token-shape.ts';
import type { TokenShape } from './token-shapes.ts';

export interface Credentials {
  readonly verification: Verification;
  /** The parts of the token, read before its signature is verified. */
  readonly jws: CompactJws | Denial | undefined;
  readonly issuer: Issuer | undefined;
  /** The published keys of that issuer. */
  readonly keys: readonly PublishedKey[];
  /** What else it publishes, which verifies nothing here. */
  readonly refusedKeys: readonly RefusedKey[];
  /** Why the keys could not be fetched; holds no text of the issuer. */
  readonly keysError: string | undefined;
  readonly shape: TokenShape;
  /** Unverified; a secret. */
  readonly token: string | undefined;
}

/** Only for a token that has expired or is not yet valid: the result of verifying it as if it were in time. */
interface InTime {
  readonly inTime?: Verification;
}

/**
 * Fetches the keys of the token's issuer as configured.
 *
 * @param now milliseconds since 1970.
 * @returns every result, up to the first step that failed.
 */
export async function readCredentials(config: Config, head: RequestHead, now: number): Promise<Credentials & InTime> {
  const bearer = readBearerToken(head.authorization);
  if (!bearer.ok) {
    const none = { jws: undefined, issuer: undefined, shape: 'none', token: undefined } as const;
    return { ...none, keys: [], refusedKeys: [], keysError: undefined, verification: bearer };
  }
  const { token } = bearer;
  const jws = readCompactJws(token);
  const issuer = jws.ok && typeof jws.claims['iss'] === 'string' ? config.issuers.get(jws.claims['iss']) : undefined;
  const verified = await verify({ token, jws, issuer, revoked: config.revoked }, now);
  return { jws, issuer, shape: recogniseShape(token), token, ...verified };
}

const IGNORE_EVENTS: VerifierEvents = {
  onFetch: () => undefined,
  onRefusedKeys: () => undefined,
  onCacheLookup: () => undefined,
  onIntrospection: () => undefined,
  onIntrospectionFailure: () => undefined,
};

interface ReadToken {
  readonly token: BearerToken['token'];
  readonly jws: CompactJws | Denial;
  readonly issuer: Issuer | undefined;
  readonly revoked: RevokedTokens;
}

async function verify(
  { token, jws, issuer, revoked }: ReadToken,
  now: number,
): Promise<Pick<Credentials, 'verification' | 'keys' | 'refusedKeys' | 'keysError'> & InTime> {
  // Only the keys of this issuer are fetched: another issuer that is out of reach must not delay or change the result.
  const issuers = new Map(issuer ? [[issuer.issuer, issuer]] : []);
  const verifier = new TokenVerifier(issuers, IGNORE_EVENTS, revoked);
  try {
    await verifier.start();
    const verification = await verifier.verify(token, now);
    const inTime = verification.ok ? undefined : await verifyInTime(verifier, token, verification, jws);
    const keys = issuer ? verifier.keysOf(issuer.issuer) : [];
    const [{ refused: refusedKeys = [], lastError: keysError = undefined } = {}] = verifier.status();
    return { verification, keys, refusedKeys, keysError, ...(inTime && { inTime }) };
  } finally {
    verifier.stop();
  }
}

/** Verifies a token one millisecond before its `exp`, when it is in time unless `nbf` or `iat` are later. */
async function verifyInTime(
  verifier: TokenVerifier,
  token: string,
  { reason }: Denial,
  jws: CompactJws | Denial,
): Promise<Verification | undefined> {
  if (reason !== 'token_expired' && reason !== 'token_not_yet_valid') return undefined;
  const exp = jws.ok ? Number(jws.claims['exp']) : Number.NaN;
  const verification = await verifier.verify(token, exp * 1000 - 1);
  return verification.ok ? verification : undefined;
}
