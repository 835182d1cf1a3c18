/** Compact JWS (RFC 7515 section 7.1) taken apart and put together with any content, also what no library would sign. */

import { constants, createHmac, type KeyObject, sign } from 'node:crypto';
import { readJsonObject } from '../../token/jws/json-object.ts';

export type Members = Readonly<Record<string, unknown>>;

export interface JwsParts {
  /** As they are in the token: base64url. */
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
  readonly headerMembers: Members;
  readonly claims: Members;
}

export interface SigningKey {
  readonly algorithm: string;
  readonly key: KeyObject;
}

/** @returns the parts of `token`; `undefined` for an opaque one and for a JWE. */
export function readJws(token: string): JwsParts | undefined {
  const [header = '', payload = '', signature = '', ...more] = token.split('.');
  const headerMembers = readJsonObject(header);
  const claims = readJsonObject(payload);
  if (more.length > 0 || signature === '' || headerMembers === undefined || claims === undefined) return undefined;
  return { header, payload, signature, headerMembers, claims };
}

/** @param content JSON text, or what becomes JSON. */
export function encodePart(content: string | Members): string {
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');
}

/** @returns a JWS over `payload`, JSON text or claims, signed as `alg` of `key` says, whatever `header` says. */
export function signJws(header: Members, payload: string | Members, key: SigningKey): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${createSignature(input, key).toString('base64url')}`;
}

/** @returns the signature over `input` (RFC 7518 section 3.1). */
export function createSignature(input: string, { algorithm, key }: SigningKey): Buffer {
  const bits = algorithm.slice(2);
  if (algorithm.startsWith('HS')) return createHmac(`sha${bits}`, key).update(input).digest();
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') return sign(null, Buffer.from(input), key);
  const padding = algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  return sign(`sha${bits}`, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363', ...padding });
}
