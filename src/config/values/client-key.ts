/** Files with the private key that the gateway authenticates with at an authorization server. No diagnostic quotes them. */

import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readText } from '../source/file.ts';
import { checkCertificate, checkPair, checkPrivateKey } from '../tls/pem-files.ts';
import { accept, type ParsedValue, type Rejection, reject } from './parsed-value.ts';

const LARGEST_FILE = 64 * 1024;
const SIGNING_KEY = 'a private key (PEM, or a JWK): RSA of at least 2048 bits, P-256, P-384, P-521 or Ed25519';

/** A key for `private_key_jwt` (RFC 7523). */
export interface SigningKey {
  /** PKCS#8 in PEM; a secret. */
  readonly pem: string;
  /** The JWS algorithm. */
  readonly algorithm: string;
  /** The `kid` of a JWK; a PEM file has none. */
  readonly keyId: string | undefined;
}

/** The PEM files of a certificate and its key, for TLS (RFC 8705 section 2). They are read again when a connection is opened. */
export interface ClientCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * @param file its text, or why it cannot be read.
 * @returns the key in it, with the algorithm that it signs with; rejects what cannot sign.
 */
export function readSigningKey(file: ParsedValue<string>): ParsedValue<SigningKey> {
  if (!file.ok) return file;
  const jwk = readJwk(file.value);
  const key = importKey(jwk ?? file.value);
  if (key === undefined) return reject('holds no private key that can be read', { expected: SIGNING_KEY });
  const algorithm = chooseAlgorithm(key, jwk?.['alg']);
  if (algorithm === undefined) return reject('holds a key that cannot sign an assertion', { expected: SIGNING_KEY });
  const keyId = typeof jwk?.['kid'] === 'string' ? jwk['kid'] : undefined;
  return accept({ pem: String(key.export({ type: 'pkcs8', format: 'pem' })), algorithm, keyId });
}

/** @returns why the two files cannot be used: not readable, no PEM, or a key of another certificate. */
export function checkClientCertificate({ certFile, keyFile }: ClientCertificate): Rejection | undefined {
  const [cert, key] = [readText(certFile, LARGEST_FILE), readText(keyFile, LARGEST_FILE)];
  if (!cert.ok) return cert.rejection;
  if (!key.ok) return { what: `goes with a key_file that ${key.rejection.what}` };
  const ofCertificate = checkCertificate(cert.value);
  if (ofCertificate) return ofCertificate;
  const ofKey = checkPrivateKey(key.value) ?? checkPair(cert.value, key.value);
  return ofKey && { ...ofKey, what: `goes with a key_file that ${ofKey.what}` };
}

function readJwk(text: string): JsonWebKey | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as JsonWebKey;
  } catch {
    return undefined;
  }
}

function importKey(source: string | JsonWebKey): KeyObject | undefined {
  try {
    return typeof source === 'string' ? createPrivateKey(source) : createPrivateKey({ key: source, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** RFC 7518 section 3.1, RFC 8037. What a JWK names as `alg` counts where it fits the key. */
function chooseAlgorithm(key: KeyObject, named: unknown): string | undefined {
  const possible = listAlgorithms(key);
  return named === undefined ? possible[0] : possible.find(algorithm => algorithm === named);
}

function listAlgorithms({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {};
  switch (asymmetricKeyType) {
    case 'rsa':
      return modulusLength < 2048 ? [] : ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
    case 'ec':
      return { prime256v1: ['ES256'], secp384r1: ['ES384'], secp521r1: ['ES512'] }[namedCurve] ?? [];
    case 'ed25519':
      return ['EdDSA', 'Ed25519'];
    default:
      return [];
  }
}
