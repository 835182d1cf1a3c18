/** Mints tokens as the test issuer does: each like the right token, but for what one check changes. */

import { randomUUID } from 'node:crypto';
import { type Members, signJws } from './jws-parts.ts';
import type { IssuerKey } from './signing-keys.ts';

export interface TokenChange {
  /** `undefined` removes a claim. */
  readonly claims?: Members;
  readonly header?: Members;
}

export interface Minter {
  /** The scope that the API asks for; `undefined` where it is not known, or where the tokens are like a given one. */
  readonly neededScope: string | undefined;
  /** @returns an access token that is right but for `change`. */
  mint(change?: TokenChange): string;
  /** @returns the token over the claims set that `write` makes of the JSON text of the right one. */
  mintText(write: (json: string) => string): string;
}

export interface MinterOptions {
  readonly key: IssuerKey;
  readonly issuer: string;
  readonly resource: string;
  /** Header and claims of a token that the API accepts: scopes and whatever else it asks for. */
  readonly template?: { readonly header: Members; readonly claims: Members } | undefined;
  readonly scope?: string | undefined;
}

/** Seconds: longer than a probe takes at the lowest rate. */
const LIFETIME = 3600;

export function createMinter({ key, issuer, resource, template, scope }: MinterOptions): Minter {
  const { typ = 'at+jwt', ...others } = template?.header ?? {};
  const baseHeader = { ...others, typ, alg: key.algorithm, kid: key.keyId };
  // Nothing else that is sent contains them, so that an answer which does repeats the token.
  const who = {
    sub: `subject-${randomUUID()}`,
    client_id: `client-${randomUUID()}`,
    ...(scope !== undefined && { scope }),
  };
  const claimsNow = () => {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, nbf: undefined, exp: now + LIFETIME, jti: randomUUID() };
    return { ...who, ...template?.claims, iss: issuer, aud: resource, ...times };
  };
  const isCopied = Object.keys(template?.claims ?? {}).length > 0;
  return {
    neededScope: isCopied ? undefined : scope,
    mint: ({ claims, header } = {}) => signJws({ ...baseHeader, ...header }, { ...claimsNow(), ...claims }, key),
    mintText: write => signJws(baseHeader, write(JSON.stringify(claimsNow())), key),
  };
}
