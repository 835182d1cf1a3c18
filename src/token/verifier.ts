/**
 * Bearer token → access token: issuer first, then its key, then the signature, then time. Whom the token is for is not
 * asked here: jose gets no `audience`, and `authorize` is the one place that decides it.
 */

import { hash } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Issuer } from '../config/config.ts';
import { type Denial, deny } from '../denial.ts';
import type { AccessToken, TokenReason } from './access-token.ts';
import { judgeTime, readAccessToken } from './claims.ts';
import { type CompactJws, readCompactJws } from './compact-jws.ts';
import { KeySet, type KeySetEvents, type KeySetStatus } from './key-set.ts';
import type { VerificationKey } from './verification-key.ts';

export type Verification = AccessToken | Denial<TokenReason>;

export interface VerifierEvents extends KeySetEvents {
  readonly onCacheLookup: (outcome: 'hit' | 'miss') => void;
}

/** A signature and claims that were found good, and the key that did it: when the key goes, so does this. */
interface Verified {
  readonly accessToken: AccessToken;
  readonly key: VerificationKey;
}

const CACHED_TOKENS = 100_000;

export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #keySets: ReadonlyMap<string, KeySet>;
  readonly #events: VerifierEvents;
  /** By SHA-256 of the token: what is kept cannot be replayed, and two tokens never share an entry. */
  readonly #verified = new LRUCache<string, Verified>({ max: CACHED_TOKENS });

  constructor(issuers: ReadonlyMap<string, Issuer>, events: VerifierEvents) {
    this.#issuers = issuers;
    this.#keySets = new Map([...issuers].map(([name, issuer]) => [name, new KeySet(issuer, events)]));
    this.#events = events;
  }

  /** Starts fetching keys. Settles after the first fetch of every issuer, failed or not. */
  async start(): Promise<void> {
    await Promise.all([...this.#keySets.values()].map(keySet => keySet.start()));
  }

  stop(): void {
    for (const keySet of this.#keySets.values()) keySet.stop();
  }

  /** @returns the issuers that have no key to verify with. */
  waitingFor(): readonly string[] {
    return [...this.#keySets].filter(([, keySet]) => !keySet.isReady()).map(([issuer]) => issuer);
  }

  status(): readonly KeySetStatus[] {
    return [...this.#keySets.values()].map(keySet => keySet.status());
  }

  /**
   * @param token as it came in the Authorization field.
   * @param now milliseconds since 1970.
   * @returns the access token, or the first reason against it. At once for a token that was verified before; its
   *   signature is not checked again, its time is.
   */
  verify(token: string, now: number): Verification | Promise<Verification> {
    const id = hash('sha256', token, 'base64');
    const known = this.#verified.get(id);
    const isHit = known !== undefined && !known.key.retired;
    this.#events.onCacheLookup(isHit ? 'hit' : 'miss');
    if (!isHit) return this.#verifyAnew(token, id, now);
    const verification = judgeTime(known.accessToken, now);
    if (!verification.ok) this.#verified.delete(id);
    return verification;
  }

  async #verifyAnew(token: string, id: string, now: number): Promise<Verification> {
    const jws = readCompactJws(token);
    if (!jws.ok) return jws;
    const issuer = this.#issuerOf(jws);
    if (!issuer) return deny('untrusted_issuer');
    if (!issuer.algorithms.has(jws.algorithm)) return deny('bad_signature');
    const keys = await this.#keySets.get(issuer.issuer)?.find(jws.keyId);
    if (!keys) return deny('keys_unavailable');
    if (keys.length === 0) return deny('unknown_key');
    const key = await findSigningKey(token, jws.algorithm, keys);
    if (!key) return deny('bad_signature');
    const accessToken = readAccessToken(jws, issuer);
    if (!accessToken.ok) return accessToken;
    const verification = judgeTime(accessToken, now);
    if (verification.ok) this.#verified.set(id, { accessToken, key });
    return verification;
  }

  #issuerOf({ claims }: CompactJws): Issuer | undefined {
    return typeof claims['iss'] === 'string' ? this.#issuers.get(claims['iss']) : undefined;
  }
}

/** Several keys may carry one `kid`, or the token none: each is tried, and only the one that verifies counts. */
async function findSigningKey(
  token: string,
  algorithm: string,
  keys: readonly VerificationKey[],
): Promise<VerificationKey | undefined> {
  for (const key of keys) {
    try {
      await compactVerify(token, key.resolve, { algorithms: [algorithm] });
      return key;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return undefined;
}
