/** Audiences that many tokens carry, whatever API they are for: to accept one is to accept them all. */

import type { OwnAudience } from './identity-product.ts';
import { IDENTITY_PRODUCTS } from './identity-products.ts';

/** Below an issuer's own URL. */
const OF_ISSUER: readonly (readonly [path: string, what: string])[] = [
  ['', 'the issuer itself'],
  ['/userinfo', "the issuer's userinfo endpoint"],
];

/** What tokens of some issuers carry for more APIs than one. */
export interface SharedAudiences {
  /** What it is, by audience without a slash at its end. */
  readonly ofIssuers: ReadonlyMap<string, string>;
  /** Of the products that the issuers are, and those that mean the product itself, whoever issued the token. */
  readonly ofProducts: readonly OwnAudience[];
}

/** @returns what tokens of `issuers` may carry; made once for all audiences that are looked up in it. */
export function listSharedAudiences(issuers: readonly string[]): SharedAudiences {
  const ofIssuers = new Map<string, string>();
  for (const [path, what] of OF_ISSUER.toReversed()) {
    for (const issuer of issuers) ofIssuers.set(`${withoutSlash(issuer)}${path}`, what);
  }
  const ofProducts = IDENTITY_PRODUCTS.flatMap(({ ownAudiences = [], issuer: pattern }) => {
    const isInUse = ownAudiences.length > 0 && issuers.some(issuer => pattern.test(issuer));
    return ownAudiences.filter(({ ofIssuerOnly }) => isInUse || !ofIssuerOnly);
  });
  return { ofIssuers, ofProducts };
}

/**
 * @param issuers whose tokens it may stand in.
 * @returns what `audience` is, as `Microsoft Graph`, where tokens for other APIs carry it; whatever the case of a GUID or
 *   a host, and with or without a slash at its end.
 */
export function nameSharedAudience(audience: string, issuers: readonly string[]): string | undefined {
  return findSharedAudience(audience, listSharedAudiences(issuers));
}

/** As `nameSharedAudience`, for many audiences of the same issuers. */
export function findSharedAudience(audience: string, shared: SharedAudiences): string | undefined {
  return shared.ofIssuers.get(withoutSlash(audience)) ?? findOwn(audience, shared)?.what;
}

/** @returns what is known of an audience that some product writes for itself, or whatever API is meant. */
export function findOwnAudience(audience: string, issuers: readonly string[]): OwnAudience | undefined {
  return findOwn(audience, listSharedAudiences(issuers));
}

function findOwn(audience: string, { ofProducts }: SharedAudiences): OwnAudience | undefined {
  const bare = withoutSlash(audience);
  return ofProducts.find(({ form }) => form.test(bare));
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}
