/**
 * The tokens that were verified, each under the SHA-256 of the whole token, so that nothing here can be sent as a token. A token that
 * was used once is kept as the text of its claims: the twenty objects of an access token, a hundred thousand times, would keep
 * the garbage collector busy for more than their verification costs. They are made again when it comes a second time.
 */

import type { Issuer } from '../config/config.ts';
import { BoundedCache } from './bounded-cache.ts';
import { readVerified, type VerifiedToken } from './jws/jws-verification.ts';
import type { VerificationKey } from './keys/verification-key.ts';

interface Entry {
  readonly key: VerificationKey;
  readonly issuer: Issuer;
  /** `typ` of the header. */
  readonly type: string | undefined;
  /** The claims as JSON; empty once `verified` is there. */
  text: string;
  verified: VerifiedToken | undefined;
}

/** The share of the heap that all entries together may use. */
const HEAP_SHARE = 1 / 8;
/** Bytes of an entry whose token was made again, as measured. */
const entrySize = (token: string) => 1024 + 2 * token.length;

export class VerifiedTokens {
  readonly #entries = new BoundedCache<Entry>(HEAP_SHARE);

  /** @param now milliseconds since 1970. @returns what was verified; whether its key and its issuer still count is for the caller to judge. */
  get(hash: string, now: number): VerifiedToken | undefined {
    const entry = this.#entries.get(hash);
    return entry && (entry.verified ?? restore(entry, now));
  }

  /** @param token whose signature was verified, with the result. */
  set(hash: string, token: string, { key, issuer, accessToken: { type } }: VerifiedToken): void {
    const text = readPayload(token);
    this.#entries.set(hash, { key, issuer, type, text, verified: undefined }, { size: entrySize(token) });
  }

  delete(hash: string): void {
    this.#entries.delete(hash);
  }
}

/** @returns the same token that was verified, read from the same text by the same settings. */
function restore(entry: Entry, now: number): VerifiedToken | undefined {
  const { key, issuer, type, text } = entry;
  const restored = readVerified({ jws: { type, claims: JSON.parse(text) }, issuer, now }, key);
  if (!restored.ok) return undefined;
  entry.verified = restored;
  entry.text = '';
  return restored;
}

/** A copy: a part of the token's own text would keep all of it in memory. */
function readPayload(token: string): string {
  const payload = token.slice(token.indexOf('.') + 1, token.lastIndexOf('.'));
  return Buffer.from(payload, 'base64url').toString('utf8');
}
