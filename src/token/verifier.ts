/**
 * Bearer token → access token: issuer first, then its key, then the signature, then time. Whom the token is for is not
 * asked here: jose gets no `audience`, and `authorize` is the one place that decides it.
 */

import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { compactVerify, errors } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Issuer } from '../config/config.ts';
import { type Denial, deny } from '../denial.ts';
import type { AccessToken, TokenReason } from './access-token.ts';
import { judgeTime, readAccessToken } from './claims.ts';
import { type CompactJws, readCompactJws } from './jws/compact-jws.ts';
import { KeySet, type KeySetEvents, type KeySetStatus } from './keys/key-set.ts';
import { fetchDirectly } from './keys/key-source.ts';
import type { PublishedKey, VerificationKey } from './keys/verification-key.ts';

export type Verification = AccessToken | Denial<TokenReason>;

export interface VerifierEvents extends KeySetEvents {
  readonly onCacheLookup: (outcome: 'hit' | 'miss') => void;
}

/** A signature and claims that were found good, by which key and under whose rules: when those go, so does this. */
interface Verified {
  readonly accessToken: AccessToken;
  readonly key: VerificationKey;
  readonly issuer: Issuer;
}

interface Estate {
  readonly issuers: ReadonlyMap<string, Issuer>;
  readonly keySets: ReadonlyMap<string, KeySet>;
  readonly verified: LRUCache<string, Verified>;
}

const MOST_TOKENS = 100_000;
/** The cache as a whole, by what an entry was measured to take. */
const SHARE_OF_HEAP = 1 / 8;
const entrySize = (token: string) => 1024 + 2 * token.length;

export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #keySets: ReadonlyMap<string, KeySet>;
  readonly #events: VerifierEvents;
  /** By SHA-256 of the token: what is kept cannot be replayed, and two tokens never share an entry. */
  readonly #verified: LRUCache<string, Verified>;

  /** @param previous the verifier that this one follows. Keys and tokens of issuers that did not change are taken over. */
  constructor(
    issuers: ReadonlyMap<string, Issuer>,
    events: VerifierEvents,
    previous?: TokenVerifier,
    fetchKeys = fetchDirectly,
  ) {
    this.#events = events;
    const taken = previous ? previous.#handOver(issuers) : { issuers, keySets: new Map(), verified: createCache() };
    this.#issuers = taken.issuers;
    this.#keySets = new Map(
      [...issuers].map(([name, issuer]) => [name, taken.keySets.get(name) ?? new KeySet(issuer, events, fetchKeys)]),
    );
    this.#verified = taken.verified;
  }

  /** Starts fetching keys. Settles after the first fetch of every issuer, failed or not. */
  async start(): Promise<void> {
    await Promise.all([...this.#keySets.values()].map(keySet => keySet.start()));
  }

  /** Fetches the keys of an issuer before they are due. */
  refresh(issuer: string): void {
    this.#keySets.get(issuer)?.refresh();
  }

  /** Stops fetching keys, save those that the next verifier has taken over. */
  stop(): void {
    for (const keySet of this.#keySets.values()) keySet.release();
  }

  /** @returns how far the keys are: of every issuer's first fetch, of all that there ever were, and who has none now. */
  keyReadiness() {
    const keySets = [...this.#keySets.values()];
    const without = keySets.filter(keySet => !keySet.isReady()).map(keySet => keySet.status());
    return {
      isSettled: keySets.every(keySet => keySet.hasTried()),
      hasHadKeys: keySets.length === 0 || keySets.some(keySet => keySet.hasHadKeys()),
      without: without.map(({ issuer, lastError }) => ({ issuer, error: lastError })),
    };
  }

  status(): readonly KeySetStatus[] {
    return [...this.#keySets.values()].map(keySet => keySet.status());
  }

  /** @returns what `issuer` says of each key that it publishes, as last fetched. */
  keysOf(issuer: string): readonly PublishedKey[] {
    return this.#keySets.get(issuer)?.published() ?? [];
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
    const isHit = known !== undefined && !known.key.retired && this.#isRuledBy(known.issuer);
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
    if (verification.ok) this.#remember(token, id, { accessToken, key, issuer });
    return verification;
  }

  #remember(token: string, id: string, verified: Verified): void {
    this.#verified.set(id, verified, { size: entrySize(token) });
  }

  #isRuledBy(issuer: Issuer): boolean {
    return this.#issuers.get(issuer.issuer) === issuer;
  }

  /** What the next verifier goes on with. An issuer that did not change stays the same object, so its tokens stay verified. */
  #handOver(issuers: ReadonlyMap<string, Issuer>): Estate {
    const keySets = new Map<string, KeySet>();
    const unchanged = new Map<string, Issuer>();
    for (const [name, issuer] of issuers) {
      const known = this.#issuers.get(name);
      unchanged.set(name, known && isDeepStrictEqual(known, issuer) ? known : issuer);
      const keySet = this.#keySets.get(name)?.retainFor(issuer);
      if (keySet) keySets.set(name, keySet);
    }
    return { issuers: unchanged, keySets, verified: this.#verified };
  }

  #issuerOf({ claims }: CompactJws): Issuer | undefined {
    return typeof claims['iss'] === 'string' ? this.#issuers.get(claims['iss']) : undefined;
  }
}

function createCache(): LRUCache<string, Verified> {
  return new LRUCache({ max: MOST_TOKENS, maxSize: Math.floor(getHeapStatistics().heap_size_limit * SHARE_OF_HEAP) });
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
