/**
 * Which keys of a key set (RFC 7517) can verify a token. One judgement for the file that is checked and for the keys that
 * are used, so that what `check` accepts is what the gateway can work with.
 */

import { createPublicKey, type JsonWebKey as NodeJwk } from 'node:crypto';
import { isRawMap } from '../../source/content.ts';
import { ALGORITHMS } from '../algorithm.ts';
import { accept, type ParsedValue, reject } from '../parsed-value.ts';

/** As published: nothing of it is known to be right. */
export type PublishedKey = Readonly<Record<string, unknown>>;

export type KeyCheck =
  | { readonly ok: true; readonly algorithms: readonly string[] }
  /** `why` is of a closed list: nothing of the key is in it. */
  | { readonly ok: false; readonly why: string; readonly isSecret?: boolean };

export const MOST_KEYS = 100;

const MINIMUM_RSA_BITS = 2048;
/** Members that only a private or symmetric key has (RFC 7518 section 6, RFC 8037 section 2, and `priv` of AKP keys). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** By type, or type and curve. */
const ALGORITHMS_OF: Readonly<Record<string, readonly string[]>> = {
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'EC P-521': ['ES512'],
  'OKP Ed25519': ['EdDSA', 'Ed25519'],
  AKP: ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
};

/** @returns the entries of `keys` in the key set that `text` is; a byte order mark is skipped (RFC 8259 section 8.1). */
export function parseKeySet(text: string): ParsedValue<readonly unknown[]> {
  const parsed = parseObject(text);
  if (parsed === undefined) return reject('is not a JSON object');
  return Array.isArray(parsed['keys']) ? accept(parsed['keys']) : reject('has no array "keys"');
}

/** @returns the JSON object that `text` is, or `undefined`; a byte order mark is skipped. */
export function parseObject(text: string): PublishedKey | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isRawMap(value) ? value : undefined;
  } catch {
    // The parser's own message would repeat what it read.
    return undefined;
  }
}

/**
 * @returns with which algorithms `key` verifies; refuses what nobody should verify with (RFC 8725 sections 3.2 and 3.5):
 *   symmetric or private, for encryption, RSA under 2048 bits or with an exponent below 3 or even, or of a kind or a form
 *   that this runtime cannot import.
 */
export function checkKey(key: unknown): KeyCheck {
  if (!isRawMap(key)) return { ok: false, why: 'no JSON object' };
  if (SECRET_MEMBERS.some(name => key[name] !== undefined) || key['kty'] === 'oct') {
    return { ok: false, why: 'private or symmetric', isSecret: true };
  }
  if (!isForVerifying(key)) return { ok: false, why: 'not for verifying signatures (use, key_ops)' };
  const algorithms = listAlgorithms(key);
  if (algorithms.length === 0) return { ok: false, why: 'of a type, curve or alg that is not supported' };
  if (key['kty'] === 'RSA' && !isStrongRsa(key))
    return { ok: false, why: 'RSA below 2048 bits or with a weak exponent' };
  return isImportable(key) ? { ok: true, algorithms } : { ok: false, why: 'not well-formed' };
}

/**
 * @param algorithms with which the issuer may sign.
 * @returns the keys of a key set in a file; refuses one that holds a secret, more than 100 keys, or no key that can verify
 *   a token.
 */
export function readKeyFile(text: string, algorithms?: ReadonlySet<string>): ParsedValue<readonly PublishedKey[]> {
  const keys = parseKeySet(text);
  if (!keys.ok) return keys;
  if (keys.value.length === 0) return reject('has no key in "keys"');
  if (keys.value.length > MOST_KEYS) return reject(`has more than ${MOST_KEYS} keys`);
  const judged = keys.value.map(checkKey);
  if (judged.some(each => !each.ok && each.isSecret)) {
    return reject('holds a private or symmetric key, where others may read it', { expected: 'public keys only' });
  }
  const usable = judged.filter(each => each.ok);
  if (usable.length === 0) return reject(`has no key that can verify a token: ${countReasons(judged)}`);
  const isAllowed = usable.some(each => algorithms === undefined || each.algorithms.some(name => algorithms.has(name)));
  if (isAllowed) return accept(keys.value.filter(isRawMap));
  return reject('has no key for the algorithms of this issuer');
}

/** @returns why none of `judged` can be used: `2 no JSON object, 1 not well-formed`. */
export function countReasons(judged: readonly KeyCheck[]): string {
  const counts = new Map<string, number>();
  for (const each of judged) if (!each.ok) counts.set(each.why, (counts.get(each.why) ?? 0) + 1);
  return [...counts].map(([why, count]) => `${count} ${why}`).join(', ');
}

/** RFC 7517 sections 4.2 and 4.3. */
function isForVerifying({ use, key_ops: operations, ext }: PublishedKey): boolean {
  const isUse = use === undefined || use === 'sig';
  const isOperation = operations === undefined || (Array.isArray(operations) && operations.join() === 'verify');
  return isUse && isOperation && (ext === undefined || typeof ext === 'boolean');
}

function listAlgorithms({ kty, crv, alg }: PublishedKey): readonly string[] {
  const possible = ALGORITHMS_OF[kty === 'EC' || kty === 'OKP' ? `${kty} ${crv}` : String(kty)] ?? [];
  const named = alg === undefined && kty !== 'AKP' ? possible : possible.filter(name => name === alg);
  return named.filter(name => ALGORITHMS.includes(name));
}

function isImportable(key: PublishedKey): boolean {
  // Not every runtime that verifies with these imports them here.
  if (key['kty'] === 'AKP') return typeof key['pub'] === 'string';
  try {
    return createPublicKey({ key: key as NodeJwk, format: 'jwk' }).type === 'public';
  } catch {
    return false;
  }
}

function isStrongRsa({ n, e }: PublishedKey): boolean {
  const modulus = readInteger(n);
  const exponent = readInteger(e);
  return modulus.toString(2).length >= MINIMUM_RSA_BITS && exponent >= 3n && exponent % 2n === 1n;
}

/** Base64urlUInt (RFC 7518 section 2). */
function readInteger(text: unknown): bigint {
  return BigInt(`0x0${typeof text === 'string' ? Buffer.from(text, 'base64url').toString('hex') : ''}`);
}
