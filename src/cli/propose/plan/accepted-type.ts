/** Which issuers of a product that writes no `typ: at+jwt` may get `JWT` into `token_types` (RFC 9068 section 2.1). */

import type { Config } from '../../../config/config.ts';
import { ANY_PRODUCT } from '../../../config/lint/identity-products/identity-product.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { mediaType } from '../../../token/claims.ts';
import type { Need } from '../survey/need-groups.ts';

export interface AcceptedType {
  readonly issuer: string;
  /** In the form of `token_types`. */
  readonly type: string;
  readonly why: string;
}

/**
 * Only where the product is known to write that type into its access tokens, and the payload of the token names no other kind:
 * an ID token has the same type. Where the log leaves `kind` out, nobody knows.
 *
 * @returns the possible types, each once.
 */
export function listTypes(config: Config, needs: readonly Need[]): readonly AcceptedType[] {
  if (config.accessLog?.omit.has('kind')) return [];
  const found = new Map<string, AcceptedType>();
  for (const { issuer, type, kind, reasons } of needs) {
    if (kind !== undefined || !reasons.includes('wrong_token_type')) continue;
    const product = recogniseProduct(issuer);
    const written = product.tokenTypes.find(each => each.toLowerCase() === mediaType(type));
    if (product === ANY_PRODUCT || written === undefined) continue;
    const why = `${product.family} writes this typ into its access tokens`;
    found.set(JSON.stringify([issuer, written]), { issuer, type: written, why });
  }
  return [...found.values()];
}

/** @returns whether `accepted` is what the token of `need` lacks. */
export function isOfType({ issuer, type, kind }: Need, accepted: AcceptedType): boolean {
  return kind === undefined && issuer === accepted.issuer && mediaType(type) === accepted.type.toLowerCase();
}
