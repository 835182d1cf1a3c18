/** An issuer's name → the identity product and its tenant. This only improves messages; no token is accepted by it. */

import { isLoopback } from '../../values/address/host.ts';
import { ANY_PRODUCT, type IdentityProduct } from './identity-product.ts';
import { IDENTITY_PRODUCTS } from './identity-products.ts';

/** The `iss` of a token is the client's choice, so a longer one is not matched against the patterns. */
const LONGEST_ISSUER = 512;

/** @returns the row of the product whose form `issuer` has; `ANY_PRODUCT` where there is none. */
export function recogniseProduct(issuer: string): IdentityProduct {
  if (issuer.length > LONGEST_ISSUER) return ANY_PRODUCT;
  return IDENTITY_PRODUCTS.find(product => product.issuer.test(issuer)) ?? ANY_PRODUCT;
}

/**
 * @param metadata of that issuer (RFC 8414 section 2).
 * @returns the row of its name, else the one that its metadata shows: an operator may give it a host name of his own.
 */
export function recogniseByMetadata(issuer: string, metadata: Readonly<Record<string, unknown>>): IdentityProduct {
  const named = recogniseProduct(issuer);
  return named === ANY_PRODUCT ? (IDENTITY_PRODUCTS.find(product => isShown(product, metadata)) ?? named) : named;
}

function isShown({ metadata: mark }: IdentityProduct, metadata: Readonly<Record<string, unknown>>): boolean {
  const value = mark === undefined ? undefined : metadata[mark.member];
  return typeof value === 'string' && mark?.form.test(value) === true;
}

/**
 * @param key an issuer of the configuration.
 * @returns why no token has it as `iss`, to be read after the name; `undefined` where one may have it.
 */
export function findPlaceholder(key: string): string | undefined {
  if (key.includes('*')) return 'has a *, which stands for nothing but itself';
  if (/[{}<>]|%7[BbDd]|%3[CcEe]/.test(key)) return 'has a placeholder in brackets, where tokens have a name';
  const { issuer, tenantForm, name } = recogniseProduct(key);
  const tenant = issuer.exec(key)?.groups?.['tenant'];
  if (tenantForm === undefined || tenant === undefined || tenantForm.pattern.test(tenant)) return undefined;
  return `has "${tenant}" where each token of ${name} has ${tenantForm.what}`;
}

/** @returns whether both are issuers of one tenant, realm or pool of one product. */
export function isSameTenant(one: string, other: string): boolean {
  const [a, b] = [recogniseProduct(one), recogniseProduct(other)];
  if (a === ANY_PRODUCT || a.family !== b.family) return false;
  if (a.isTenantOfServer && !isSameServer(one, other)) return false;
  const names = namesOfTenant(b, other);
  return namesOfTenant(a, one).some(name => names.includes(name));
}

function namesOfTenant({ issuer, tenantForm }: IdentityProduct, text: string): readonly string[] {
  const { tenant, alias } = issuer.exec(text)?.groups ?? {};
  const isName = tenant !== undefined && (tenantForm === undefined || tenantForm.pattern.test(tenant));
  // GUIDs and hosts are compared without case; the name of a Keycloak realm is case-sensitive.
  const fold = (name: string) => (tenantForm || alias ? name.toLowerCase() : name);
  return [...(isName ? [fold(tenant)] : []), ...(alias === undefined ? [] : [alias.toLowerCase()])];
}

/** Two public host names are two servers; an internal name may be another name of the same server. */
function isSameServer(one: string, other: string): boolean {
  const [a, b] = [hostOf(one), hostOf(other)];
  if (a === undefined || b === undefined) return false;
  return a === b || isInternal(a) || isInternal(b);
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

/** A name without a dot or under a domain that public DNS does not have (RFC 6762 appendix G, RFC 9476), or a private address. */
function isInternal(host: string): boolean {
  if (isLoopback(host) || !host.includes('.')) return true;
  if (/\.(?:local|internal|intranet|lan|home|corp|private|svc|cluster|alt)$/.test(host)) return true;
  return /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)[\d.]+$/.test(host);
}
