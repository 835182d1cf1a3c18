/** Gets an issuer's keys from where the configuration says: a file, a JWKS URL, or the URL in the issuer's metadata. */

import { readFile } from 'node:fs/promises';
import type { Issuer } from '../../config/config.ts';
import { readTokenFile } from '../../config/values/issuer-files.ts';
import { MOST_KEYS, readKeyFile } from '../../config/values/key-set/json-web-key-set.ts';
import { describeUrl } from '../fetching/fetch-failure.ts';
import { IssuerClient } from '../fetching/issuer-client.ts';
import { readLifetime } from './cache-lifetime.ts';
import { discoverMetadata } from './issuer-metadata.ts';
import { type FetchedJson, type Fetching, fetchJsonObject } from './json-fetch.ts';
import { KeyFetchError, type LastKeys, type SharedFetch } from './key-fetch-error.ts';

/**
 * Why keys are fetched: they are due; a token was verified by none of them; an operator asks for it; or another process has a
 * result, which is only taken over.
 */
export type FetchCause = 'schedule' | 'token' | 'operator' | 'shared';

export interface FetchNeed {
  readonly cause: FetchCause;
  /** Milliseconds: how old a result of another worker may be that stands for a fetch that is due. */
  readonly acceptedAge: { readonly keys: number; readonly failure: number };
}

/** The keys that one fetch brought. */
export interface PublishedKeys {
  /** As published; none of them has been checked. */
  readonly jwks: readonly unknown[];
  /** Milliseconds for which the issuer says that they are fresh; `undefined` where it says nothing. */
  readonly lifetime: number | undefined;
}

export interface FetchedKeys extends LastKeys, SharedFetch, Partial<PublishedKeys> {
  readonly jwks: readonly unknown[];
}

/** Keys beyond the first hundred verify nothing; as many more are named to the operator. */
const MOST_NAMED = 2 * MOST_KEYS;

/** @throws KeyFetchError */
export type KeyFetcher = (issuer: Issuer, need: FetchNeed, stopped: AbortSignal) => Promise<FetchedKeys>;

/** The fetcher of a single process; workers get their keys through the primary process. */
export const fetchDirectly: KeyFetcher = async (issuer, _need, stopped) => {
  return { ...(await fetchKeys(issuer, stopped)), age: 0, isShared: false };
};

/** The parts of an issuer's settings that its keys depend on. */
export type KeyLocation = Pick<Issuer, 'issuer' | 'keySource' | 'keys'>;

/**
 * @param stopped ends the fetch; without it each document has the `timeout` of the issuer.
 * @throws KeyFetchError where there is no response, or the response or the file is not a key set.
 */
export async function fetchKeys(location: KeyLocation, stopped: AbortSignal): Promise<PublishedKeys> {
  const { keySource, keys } = location;
  if (keySource.kind === 'file') return withSource(keySource.path, () => readKeysFromFile(keySource.path));
  if (keySource.kind === 'none') throw new KeyFetchError('no keys are configured: the issuer only introspects');
  // A connection that was kept for minutes may be dead, so each fetch has its own.
  const client = new IssuerClient(keys);
  const fetching = { client, signal: stopped, tokenFor: createTokenSource(location) };
  try {
    const uri = keySource.kind === 'uri' ? keySource.uri : (await discoverMetadata(location.issuer, fetching)).jwksUri;
    return await withSource(describeUrl(uri), async () => readKeySet(await fetchJsonObject(uri, fetching)));
  } finally {
    client.close();
  }
}

/** The token is for the operator's URL: a `jwks_uri` of the metadata that leads elsewhere does not get it. */
function createTokenSource({ issuer, keySource, keys: { tokenFile } }: KeyLocation): Fetching['tokenFor'] {
  if (tokenFile === undefined) return () => undefined;
  const { origin } = new URL(keySource.kind === 'uri' ? keySource.uri : issuer);
  return url => {
    if (new URL(url).origin !== origin) return undefined;
    const token = readTokenFile(tokenFile);
    if (token.ok) return token.value;
    throw new KeyFetchError(`the file of token_file ${token.rejection.what}`);
  };
}

/** Puts `source` before the message of whatever goes wrong in `read`. */
async function withSource<T>(source: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new KeyFetchError(`${source}: ${error instanceof KeyFetchError ? error.message : 'the fetch failed'}`);
  }
}

function readKeySet({ content: { keys }, headers }: FetchedJson): PublishedKeys {
  if (!Array.isArray(keys)) throw new KeyFetchError('the answer is not a key set');
  return { jwks: keys.slice(0, MOST_NAMED), lifetime: readLifetime(headers) };
}

/** Checks the file as at the load of the configuration, since it may have changed. */
async function readKeysFromFile(path: string): Promise<PublishedKeys> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new KeyFetchError('the file cannot be read');
  });
  const keys = readKeyFile(text);
  if (keys.ok) return { jwks: keys.value, lifetime: undefined };
  throw new KeyFetchError(`the file ${keys.rejection.what}`);
}
