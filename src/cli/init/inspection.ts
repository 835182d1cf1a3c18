/** What the metadata of an issuer (RFC 8414 section 2, OpenID Connect Discovery section 3) says of its product and its tokens. */

import type { IdentityProduct } from '../../config/lint/identity-products/identity-product.ts';
import { recogniseByMetadata, recogniseProduct } from '../../config/lint/identity-products/issuer-product.ts';
import { parseIssuerUri, parseJwksUri } from '../../config/values/address/uri.ts';
import { readProxy } from '../../config/values/proxy.ts';
import { SCOPE_FORM } from '../../config/values/scope-rule.ts';
import { describeUrl } from '../../token/fetching/fetch-failure.ts';
import { IssuerClient } from '../../token/fetching/issuer-client.ts';
import { discoverMetadata, type IssuerMetadata } from '../../token/keys/issuer-metadata.ts';
import { KeyFetchError } from '../../token/keys/key-fetch-error.ts';
import { LONGEST_URI } from './arguments.ts';

export interface Inspection {
  /** The `iss` of access tokens. AD FS has another one in them than in its metadata. */
  readonly issuer: string;
  readonly product: IdentityProduct;
  /** To be written where discovery does not lead there. */
  readonly jwksUri: string | undefined;
  /** Where discovery found the keys, without a query. */
  readonly foundKeys: string | undefined;
  /** Scopes of APIs that the issuer names; its own are left out. */
  readonly scopes: readonly string[];
  /** Why it could not be asked; then the rest is what its name tells. */
  readonly problem: string | undefined;
}

/** Milliseconds for each of the two documents. */
const TIMEOUT = 5_000;
const MOST_SCOPES = 8;
/** As it goes on a line. */
const LONGEST_SCOPE = 80;
/** Of OpenID Connect Core section 5.4 and 11. */
const OWN_SCOPES = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'];

/**
 * Asks the issuer through the proxy of the environment. Never throws for what the issuer answers.
 *
 * @param issuer as `parseIssuerUri` accepts it. @param environment names the proxy.
 */
export async function inspectIssuer(
  issuer: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Inspection> {
  const proxy = readProxy(environment);
  if (!proxy.ok) return inspectName(issuer, proxy.rejection.what);
  const client = new IssuerClient({ timeout: TIMEOUT, caFile: undefined, proxy: proxy.value });
  const fetching = { client, signal: new AbortController().signal, tokenFor: () => undefined };
  try {
    return readMetadata(issuer, await discoverMetadata(issuer, fetching));
  } catch (error) {
    if (error instanceof KeyFetchError) return inspectName(issuer, error.message);
    throw error;
  } finally {
    client.close();
  }
}

/** @returns what the name alone tells. */
export function inspectName(issuer: string, problem: string | undefined): Inspection {
  const product = recogniseProduct(issuer);
  return { issuer, product, jwksUri: product.jwksUri?.(issuer), foundKeys: undefined, scopes: [], problem };
}

function readMetadata(issuer: string, { jwksUri, content }: IssuerMetadata): Inspection {
  const product = recogniseByMetadata(issuer, content);
  const known = {
    product,
    foundKeys: describeUrl(jwksUri),
    scopes: listScopes(content['scopes_supported']),
    problem: undefined,
  };
  // [MS-OIDCE] section 2.2.3.2.1: the `iss` of access tokens, from which no keys can be discovered.
  const other = content['access_token_issuer'];
  if (typeof other !== 'string' || other === issuer) return { ...known, issuer, jwksUri: undefined };
  const canBeWritten =
    parseIssuerUri(other).ok && parseJwksUri(jwksUri).ok && Math.max(other.length, jwksUri.length) <= LONGEST_URI;
  return canBeWritten ? { ...known, issuer: other, jwksUri } : { ...known, issuer, jwksUri: undefined };
}

function listScopes(supported: unknown): readonly string[] {
  if (!Array.isArray(supported)) return [];
  const scopes = supported.filter(
    scope => typeof scope === 'string' && isWritable(scope) && !OWN_SCOPES.includes(scope),
  );
  return scopes.slice(0, MOST_SCOPES);
}

/** `${…}` would be replaced at load: a challenge would then show what a variable or a file of the operator holds. */
function isWritable(scope: string): boolean {
  return scope.length <= LONGEST_SCOPE && SCOPE_FORM.test(scope) && !scope.includes('${');
}
