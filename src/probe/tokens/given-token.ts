/** What the claims of a token from a file say of it, unverified: whether an answer to it can show what its check is for. An opaque token says nothing. */

import type { JwsParts, Members } from './jws-parts.ts';

/** @returns why any API may refuse a token with these claims: they have expired, or are of another issuer than the right token. */
export function findOtherCause(claims: Members, right: JwsParts | undefined): string | undefined {
  if (hasExpired(claims)) return 'it has expired, so that any API may refuse it';
  return findOtherIssuer(claims, right);
}

/** @returns why any API may refuse a token with these claims whatever its `exp` is. */
export function findOtherIssuer({ iss }: Members, right: JwsParts | undefined): string | undefined {
  const isOther = right !== undefined && iss !== right.claims['iss'];
  return isOther ? 'it is of another issuer than the right token, so that the API may refuse it for that' : undefined;
}

export function hasExpired({ exp }: Members): boolean {
  return typeof exp === 'number' && exp * 1000 <= Date.now();
}

/** @returns whether `aud` has one of the `audiences`. */
export function isForOneOf({ aud }: Members, audiences: readonly unknown[]): boolean {
  return [aud].flat().some(value => typeof value === 'string' && audiences.includes(value));
}

/** @param resource of the API, where it is known; else each audience of the right token may be its own. */
export function listAudiences(right: JwsParts | undefined, resource: string | undefined): readonly unknown[] {
  return resource === undefined ? [right?.claims['aud']].flat() : [resource];
}
