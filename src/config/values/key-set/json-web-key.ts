/**
 * Which published keys (RFC 7517) can verify a token. `check` and the running gateway use the same function, so that a key
 * file which `check` accepts also works.
 */

import { createPublicKey, type JsonWebKey as NodeJwk } from 'node:crypto';
import { isRawMap } from '../../source/raw-map.ts';
import { ALGORITHMS } from '../algorithm.ts';

/** A key as published; none of its members has been checked. */
export type RawJwk = Readonly<Record<string, unknown>>;

export type KeyCheck =
  | { readonly ok: true; readonly algorithms: readonly string[] }
  /** `why` is one of a few fixed texts, so nothing of the key is in it. */
  | { readonly ok: false; readonly why: string; readonly isSecret?: boolean };

const MINIMUM_RSA_BITS = 2048;
/** Members that only a private or symmetric key has (RFC 7518 section 6, RFC 8037 section 2, and `priv` of AKP keys). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** By key type, or by type and curve. */
const ALGORITHMS_OF: Readonly<Record<string, readonly string[]>> = {
  RSA: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'EC P-521': ['ES512'],
  'OKP Ed25519': ['EdDSA', 'Ed25519'],
  AKP: ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
};

/**
 * @returns the algorithms that `key` can verify. Not ok (RFC 8725 sections 3.2 and 3.5): a symmetric or private key, one for
 *   encryption, RSA under 2048 bits or with an exponent that is even or below 3, and what Node.js cannot import.
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

/** RFC 7517 sections 4.2 and 4.3. */
function isForVerifying({ use, key_ops: operations, ext }: RawJwk): boolean {
  const isUse = use === undefined || use === 'sig';
  const isOperation = operations === undefined || (Array.isArray(operations) && operations.join() === 'verify');
  return isUse && isOperation && (ext === undefined || typeof ext === 'boolean');
}

function listAlgorithms({ kty, crv, alg }: RawJwk): readonly string[] {
  const possible = ALGORITHMS_OF[kty === 'EC' || kty === 'OKP' ? `${kty} ${crv}` : String(kty)] ?? [];
  const named = alg === undefined && kty !== 'AKP' ? possible : possible.filter(name => name === alg);
  return named.filter(name => ALGORITHMS.includes(name));
}

function isImportable(key: RawJwk): boolean {
  // Some versions of Node.js verify with such keys, but do not import them by createPublicKey.
  if (key['kty'] === 'AKP') return typeof key['pub'] === 'string';
  try {
    return createPublicKey({ key: key as NodeJwk, format: 'jwk' }).type === 'public';
  } catch {
    return false;
  }
}

function isStrongRsa({ n, e }: RawJwk): boolean {
  const modulus = readInteger(n);
  const exponent = readInteger(e);
  return modulus.toString(2).length >= MINIMUM_RSA_BITS && exponent >= 3n && exponent % 2n === 1n;
}

/** Base64urlUInt (RFC 7518 section 2). */
function readInteger(text: unknown): bigint {
  return BigInt(`0x0${typeof text === 'string' ? Buffer.from(text, 'base64url').toString('hex') : ''}`);
}
