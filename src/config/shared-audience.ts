/** Audiences that many tokens carry, whatever API they are for: to accept one is to accept them all. */

import type { OwnAudience } from './identity-product.ts';
import { IDENTITY_PRODUCTS } from './identity-products.ts';

/** Below an issuer's own URL. */
const OF_ISSUER: readonly (readonly [path: string, what: string])[] = [
  ['', 'the issuer itself'],
  ['/userinfo', "the issuer's userinfo endpoint"],
];

/**
 * @param issuers whose tokens it may stand in.
 * @returns what `audience` is, as `Microsoft Graph`, where tokens for other APIs carry it; whatever the case of a GUID or
 *   a host, and with or without a slash at its end.
 */
export function nameSharedAudience(audience: string, issuers: readonly string[]): string | undefined {
  const bare = withoutSlash(audience);
  const known = OF_ISSUER.find(([path]) => issuers.some(issuer => bare === `${withoutSlash(issuer)}${path}`));
  return known?.[1] ?? findOwnAudience(audience, issuers)?.what;
}

/** @returns what is known of an audience that some product writes for itself, or whatever API is meant. */
export function findOwnAudience(audience: string, issuers: readonly string[]): OwnAudience | undefined {
  const bare = withoutSlash(audience);
  for (const { ownAudiences = [], issuer: pattern } of IDENTITY_PRODUCTS) {
    const own = ownAudiences.find(({ form }) => form.test(bare));
    if (own && (!own.ofIssuerOnly || issuers.some(issuer => pattern.test(issuer)))) return own;
  }
  return undefined;
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}
