/** The metadata of an issuer (RFC 8414 section 3, OpenID Connect Discovery section 4), as far as it leads to the keys. */

import { describeName, describeUrl } from '../fetching/fetch-failure.ts';
import { type Fetching, fetchJsonObject, type JsonObject } from './json-fetch.ts';
import { KeyFetchError } from './key-fetch-error.ts';

export interface IssuerMetadata {
  /** Where its keys are: http or https, and https where the issuer is. */
  readonly jwksUri: string;
  /** Everything that it says, `jwks_uri` among it; unchecked. */
  readonly content: JsonObject;
}

/**
 * Tries the document of RFC 8414, then that of OpenID Connect, each with a time-out of its own.
 *
 * @returns the first document that names this issuer and its keys.
 * @throws KeyFetchError that says what was wrong with each of the two.
 */
export async function discoverMetadata(issuer: string, fetching: Fetching): Promise<IssuerMetadata> {
  const openId = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const failures: string[] = [];
  for (const url of [authorizationServerMetadataUrl(issuer), openId]) {
    try {
      return await readMetadata(issuer, url, fetching);
    } catch (error) {
      failures.push(`${describeUrl(url)}: ${error instanceof KeyFetchError ? error.message : 'the fetch failed'}`);
    }
  }
  throw new KeyFetchError(failures.join('; '));
}

/** @returns the URL of the metadata of `issuer`: inserted between host and path (RFC 8414 section 3.1). */
export function authorizationServerMetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`;
}

/** The metadata must name this very issuer (RFC 8414 section 3.3). */
async function readMetadata(issuer: string, url: string, fetching: Fetching): Promise<IssuerMetadata> {
  const { content: metadata } = await fetchJsonObject(url, fetching);
  const uri = metadata['jwks_uri'];
  if (metadata['issuer'] !== issuer) {
    throw new KeyFetchError(`the metadata is of ${describeName(metadata['issuer'])}, not of ${describeName(issuer)}`);
  }
  if (typeof uri !== 'string' || !/^https?:\/\//.test(uri) || !URL.canParse(uri))
    throw new KeyFetchError('the metadata has no jwks_uri');
  if (new URL(issuer).protocol === 'https:' && new URL(uri).protocol !== 'https:') {
    throw new KeyFetchError('the jwks_uri is not https');
  }
  return { jwksUri: uri, content: metadata };
}
