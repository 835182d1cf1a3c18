/**
 * Bearer token → access token, from the cache where it was verified before. What can change for one and the same token, such as
 * its time, is checked for every request; what `verifyJws` finds is not looked at again as long as key and issuer stay the same.
 * Whom it is for is decided by `authorize` alone, so jose gets no `audience` here.
 *
 * There are two kinds: a JWS (jws/), and a token that its issuer is asked about (introspection/). Each is a folder that returns an
 * `AccessToken`; `judge` chooses between them.
 */

import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Issuer } from '../config/config.ts';
import type { RevokedTokens } from '../config/revoked/revoked-tokens.ts';
import type { AccessToken, TokenDenial } from './access-token.ts';
import { checkTime } from './claims.ts';
import type { AskingRoute } from './credential-kind.ts';
import { Introspection } from './introspection/introspection.ts';
import type { IntrospectionEvents } from './introspection/introspector.ts';
import { type VerifiedToken, verifyJws } from './jws/jws-verification.ts';
import { KeySet, type KeySetEvents, type KeySetStatus } from './keys/key-set.ts';
import { fetchDirectly } from './keys/key-source.ts';
import type { PublishedKey, RefusedKey } from './keys/verification-key.ts';
import { refuseRevoked } from './revocation.ts';
import { VerifiedTokens } from './verified-tokens.ts';

export type Verification = AccessToken | TokenDenial;

export interface VerifierEvents extends KeySetEvents, IntrospectionEvents {
  readonly onCacheLookup: (outcome: 'hit' | 'miss') => void;
}

/** What a verifier takes over from the previous one. */
interface Inherited {
  readonly issuers: ReadonlyMap<string, Issuer>;
  readonly keySets: ReadonlyMap<string, KeySet>;
  /** Key sets of the same source under other settings. */
  readonly sources: ReadonlyMap<string, KeySet>;
  readonly cache: VerifiedTokens;
}

export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #keySets: ReadonlyMap<string, KeySet>;
  readonly #events: VerifierEvents;
  readonly #cache: VerifiedTokens;
  readonly #introspection: Introspection;
  #revoked: RevokedTokens;

  /** @param previous the verifier that this one replaces. Keys and tokens of issuers that did not change are taken over. */
  constructor(
    issuers: ReadonlyMap<string, Issuer>,
    events: VerifierEvents,
    revoked: RevokedTokens,
    previous?: TokenVerifier,
    fetchKeys = fetchDirectly,
  ) {
    this.#events = events;
    this.#revoked = revoked;
    const inherited = previous ? previous.#handOver(issuers) : inheritNothing(issuers);
    this.#issuers = inherited.issuers;
    // An issuer that only introspects has no keys.
    this.#keySets = new Map(
      [...issuers]
        .filter(([, { keySource }]) => keySource.kind !== 'none')
        .map(([name, issuer]) => [
          name,
          inherited.keySets.get(name) ?? new KeySet(issuer, events, fetchKeys, inherited.sources.get(name)),
        ]),
    );
    this.#cache = inherited.cache;
    this.#introspection = new Introspection(
      this.#issuers.values(),
      events,
      previous ? previous.#introspection : undefined,
    );
  }

  /** What is revoked now: another object after each `revoke`. */
  get revoked(): RevokedTokens {
    return this.#revoked;
  }

  /** From now on these tokens are revoked, and no others: also for requests of an earlier configuration. */
  revoke(revoked: RevokedTokens): void {
    this.#revoked = revoked;
  }

  /** Starts fetching keys. Settles after the first fetch of every issuer, failed or not. */
  async start(): Promise<void> {
    await Promise.all([...this.#keySets.values()].map(keySet => keySet.start()));
  }

  /** Takes over the keys of an issuer that another process has fetched. */
  takeOver(issuer: string): void {
    this.#keySets.get(issuer)?.refresh('shared');
  }

  /** Fetches the keys of every issuer now, whatever the cooldown. Settles when that has ended, failed or not. */
  async refetch(): Promise<void> {
    await Promise.all([...this.#keySets.values()].map(keySet => keySet.refetch()));
  }

  /** As `refetch`, for keys in files only, which every worker reads by itself. */
  async rereadFiles(): Promise<void> {
    const ofFiles = [...this.#keySets].filter(([name]) => this.#issuers.get(name)?.keySource.kind === 'file');
    await Promise.all(ofFiles.map(([, keySet]) => keySet.refetch()));
  }

  /** Stops fetching keys, except those that the next verifier has taken over. */
  stop(): void {
    for (const keySet of this.#keySets.values()) keySet.release();
    this.#introspection.release();
  }

  /** @returns whether every first fetch has ended, whether there ever was a key, and the issuers that have none now. */
  keyReadiness() {
    const keySets = [...this.#keySets.values()];
    const without = keySets.filter(keySet => !keySet.isReady()).map(keySet => keySet.status());
    return {
      isSettled: keySets.every(keySet => keySet.hasTried()),
      // An issuer without a key set only introspects, and counts as having one.
      hasHadKeys:
        keySets.length === 0 || keySets.length < this.#issuers.size || keySets.some(keySet => keySet.hasHadKeys()),
      without: without.map(({ issuer, lastError }) => ({ issuer, error: lastError })),
    };
  }

  status(): readonly KeySetStatus[] {
    return [...this.#keySets.values()].map(keySet => keySet.status());
  }

  /** @returns what `issuer` publishes about each key, as last fetched. */
  keysOf(issuer: string): readonly PublishedKey[] {
    return this.#keySets.get(issuer)?.published() ?? [];
  }

  /** @returns the keys of `issuer` that verify nothing here, as last fetched. */
  refusedKeysOf(issuer: string): readonly RefusedKey[] {
    return this.#keySets.get(issuer)?.status().refused ?? [];
  }

  /**
   * @param token as it came in the Authorization field, of any kind.
   * @param now milliseconds since 1970.
   * @param route where it came to: an opaque token does not name its issuer.
   * @returns the access token, or the first reason against it.
   */
  judge(token: string, now: number, route: AskingRoute): Verification | Promise<Verification> {
    if (!this.#introspection.isConfigured) return this.verify(token, now);
    const asked = { token, hash: hashOf(token), now };
    const judged = this.#introspection.judge(asked, route, () => this.verify(token, now, asked.hash));
    // The claims of an answer may be others than those of the token that was verified first.
    return this.#refuseRevoked(judged);
  }

  /**
   * @param token a JWT, as it came in the Authorization field.
   * @param now milliseconds since 1970.
   * @param cacheKey SHA-256 of the token, where it is known.
   * @returns the access token, or the first reason against it. For a cached token its signature is not checked again, but its
   *   time, and whether it is revoked, are. A promise only where `verifyJws` gives one.
   */
  verify(token: string, now: number, cacheKey = hashOf(token)): Verification | Promise<Verification> {
    return this.#refuseRevoked(this.#verify(token, now, cacheKey));
  }

  #refuseRevoked(judged: Verification | Promise<Verification>): Verification | Promise<Verification> {
    if (!(judged instanceof Promise)) return refuseRevoked(this.#revoked, judged);
    return judged.then(settled => refuseRevoked(this.#revoked, settled));
  }

  #verify(token: string, now: number, cacheKey: string): Verification | Promise<Verification> {
    const known = this.#cache.get(cacheKey, now);
    const isHit = known !== undefined && performance.now() < known.key.usableUntil && this.#isCurrent(known.issuer);
    this.#events.onCacheLookup(isHit ? 'hit' : 'miss');
    if (!isHit) return this.#verifyAnew(token, cacheKey, now);
    const verification = checkTime(known.accessToken, now);
    if (!verification.ok) this.#cache.delete(cacheKey);
    return verification;
  }

  #verifyAnew(token: string, cacheKey: string, now: number): Verification | Promise<Verification> {
    const startedAt = performance.now();
    const verified = verifyJws(token, this.#issuers, this.#keySets, now);
    // A token may expire while keys are fetched.
    return verified instanceof Promise
      ? verified.then(settled => this.#judge(token, cacheKey, now + performance.now() - startedAt, settled))
      : this.#judge(token, cacheKey, now, verified);
  }

  #judge(token: string, cacheKey: string, now: number, verified: VerifiedToken | TokenDenial): Verification {
    if (!verified.ok) return verified;
    const verification = checkTime(verified.accessToken, now);
    if (verification.ok) this.#cache.set(cacheKey, token, verified);
    return verification;
  }

  /** An issuer whose settings changed is another object, so tokens verified under the old settings are verified again. */
  #isCurrent(issuer: Issuer): boolean {
    return this.#issuers.get(issuer.issuer) === issuer;
  }

  /** An issuer that did not change stays the same object, so its tokens stay verified. */
  #handOver(issuers: ReadonlyMap<string, Issuer>): Inherited {
    const keySets = new Map<string, KeySet>();
    const sources = new Map<string, KeySet>();
    const unchanged = new Map<string, Issuer>();
    for (const [name, issuer] of issuers) {
      const known = this.#issuers.get(name);
      unchanged.set(name, known && isDeepStrictEqual(known, issuer) ? known : issuer);
      const keySet = this.#keySets.get(name);
      if (keySet?.retainFor(issuer)) keySets.set(name, keySet);
      else if (keySet?.isOfSameSource(issuer)) sources.set(name, keySet);
    }
    return { issuers: unchanged, keySets, sources, cache: this.#cache };
  }
}

function inheritNothing(issuers: ReadonlyMap<string, Issuer>): Inherited {
  return { issuers, keySets: new Map(), sources: new Map(), cache: new VerifiedTokens() };
}

function hashOf(token: string): string {
  return hash('sha256', token, 'base64');
}
