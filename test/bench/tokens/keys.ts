/** The issuer's keys, one of each algorithm. Kept between runs, as are the tokens that were signed with them. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

export type Algorithm = 'RS256' | 'ES256';

export interface Keys {
  /** Where keys and tokens are kept. */
  readonly folder: string;
  readonly private: Readonly<Record<Algorithm, KeyObject>>;
  /** PEM files, SubjectPublicKeyInfo. */
  readonly publicFiles: Readonly<Record<Algorithm, string>>;
  /** A JWK set; the `kid` of a key is its algorithm. */
  readonly jwks: string;
}

/** Readable by others: the keys are for this measurement only, and Apache reads them as another user. */
export async function loadKeys(): Promise<Keys> {
  const folder = join(tmpdir(), `audgate-bench-tokens-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const rs = loadKey(folder, 'RS256');
  const es = loadKey(folder, 'ES256');
  const jwks = JSON.stringify({ keys: [createJwk(rs, 'RS256'), createJwk(es, 'ES256')] });
  writeFileSync(join(folder, 'jwks.json'), jwks);
  return {
    folder,
    jwks,
    private: { RS256: rs, ES256: es },
    publicFiles: { RS256: writePublicKey(folder, 'RS256', rs), ES256: writePublicKey(folder, 'ES256', es) },
  };
}

function loadKey(folder: string, algorithm: Algorithm): KeyObject {
  const file = join(folder, `${algorithm}.key`);
  if (!existsSync(file)) {
    const { privateKey } =
      algorithm === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return createPrivateKey(readFileSync(file));
}

function writePublicKey(folder: string, algorithm: Algorithm, key: KeyObject): string {
  const file = join(folder, `${algorithm}.pub.pem`);
  writeFileSync(file, createPublicKey(key).export({ type: 'spki', format: 'pem' }));
  return file;
}

function createJwk(key: KeyObject, algorithm: Algorithm) {
  return { ...createPublicKey(key).export({ format: 'jwk' }), kid: algorithm, alg: algorithm, use: 'sig' };
}
