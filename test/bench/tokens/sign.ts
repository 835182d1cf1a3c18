/** Signs access tokens (RFC 9068) as the issuer of the measurement. */

import { randomUUID, sign } from 'node:crypto';
import type { Algorithm, Keys } from './keys.ts';

export const ISSUER = 'https://login.example.com';
export const SCOPE = 'api:read';

/** @returns the resource that the gateway's route `/api<number>` protects. */
export const resourceOf = (number: number) => `https://api${number}.example.com/`;

/** The route that is measured, one of many. */
export const PATH = '/api5';
export const RESOURCE = resourceOf(5);
export const OTHER_RESOURCE = resourceOf(7);

export interface TokenOptions {
  readonly algorithm: Algorithm;
  /** Over the defaults; `undefined` leaves a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Signs in the thread pool of libuv, so that many take all the cores. */
export function signToken(keys: Keys, { algorithm, claims }: TokenOptions): Promise<string> {
  const input = `${encode({ alg: algorithm, kid: algorithm, typ: 'at+jwt' })}.${encode({ ...createClaims(), ...claims })}`;
  const key = { key: keys.private[algorithm], dsaEncoding: 'ieee-p1363' } as const;
  return new Promise((resolve, reject) => {
    sign('sha256', Buffer.from(input), key, (error, signature) => {
      if (error) reject(error);
      else resolve(`${input}.${signature.toString('base64url')}`);
    });
  });
}

function createClaims() {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: ISSUER,
    sub: '00000000-alice',
    aud: RESOURCE,
    client_id: 'shop',
    scope: `${SCOPE} api:write`,
    iat: now,
    exp: now + 7 * 24 * 3600,
    jti: randomUUID(),
  };
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
