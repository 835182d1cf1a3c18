/**
 * What introspection endpoints answered, for a bounded time, in a bounded number and size. An entry is found by the issuer that
 * was asked and the SHA-256 of the token, so nothing here can be sent as a token.
 */

import type { Issuer } from '../../config/config.ts';
import type { AccessToken, TokenDenial } from '../access-token.ts';
import { BoundedCache } from '../bounded-cache.ts';
import type { Judged } from '../credential-kind.ts';

interface Entry<J extends Judged> {
  readonly judged: J;
  /** As configured when it was asked: where the settings have changed since, the entry no longer counts. */
  readonly issuer: Issuer;
}

/** The shares of the heap that the two kinds may use: whoever sends random tokens must not push out the good ones. */
const HEAP_SHARE_OF_TOKENS = 1 / 16;
const HEAP_SHARE_OF_DENIALS = 1 / 32;
/** Bytes of an entry, as measured, without the claims. */
const ENTRY_SIZE = 512;

export class AnswerCache {
  readonly #tokens = new BoundedCache<Entry<AccessToken>>(HEAP_SHARE_OF_TOKENS);
  readonly #denials = new BoundedCache<Entry<TokenDenial>>(HEAP_SHARE_OF_DENIALS);

  /** @param hash SHA-256 of the token. @returns what `issuer` said of it, as long as that counts. */
  find(issuer: Issuer, hash: string): Judged | undefined {
    const key = keyOf(issuer, hash);
    const entry = this.#tokens.get(key) ?? this.#denials.get(key);
    return entry?.issuer === issuer ? entry.judged : undefined;
  }

  /** @param askedAt by `performance.now()`: the time for which an answer counts begins with the question. */
  keep(issuer: Issuer, hash: string, judged: Judged, askedAt: number): void {
    const ttl = issuer.introspection?.cache ?? 0;
    if (ttl === 0) return;
    const key = keyOf(issuer, hash);
    const options = { ttl, start: askedAt, size: sizeOf(judged) };
    this.#tokens.delete(key);
    this.#denials.delete(key);
    if (judged.ok) this.#tokens.set(key, { judged, issuer }, options);
    else this.#denials.set(key, { judged, issuer }, options);
  }
}

function keyOf({ issuer }: Issuer, hash: string): string {
  return `${hash} ${issuer}`;
}

function sizeOf(judged: Judged): number {
  return ENTRY_SIZE + (judged.ok ? 4 * JSON.stringify(judged.claims).length : 0);
}
