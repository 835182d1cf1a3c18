/** Gets an issuer's keys from where the configuration says: a file, a JWKS URL, or the URL in the issuer's metadata. */

import { readFile } from 'node:fs/promises';
import type { JWK } from 'jose';
import type { Issuer } from '../../config/config.ts';
import { readTokenFile } from '../../config/values/issuer-files.ts';
import { MOST_KEYS, readKeyFile } from '../../config/values/key-set/json-web-key-set.ts';
import { describeUrl } from '../fetching/fetch-failure.ts';
import { IssuerClient } from '../fetching/issuer-client.ts';
import { discoverJwksUri } from './issuer-metadata.ts';
import { type FetchedJson, type Fetching, fetchJsonObject, type JsonObject } from './json-fetch.ts';
import { KeyFetchError, type LastKeys } from './key-fetch-error.ts';

/** Why keys are fetched: they are due, or a token names a key that is not among them. */
export type FetchCause = 'schedule' | 'unknown_key';

export interface FetchedKeys extends LastKeys {
  /** Whether another worker caused this fetch: then that worker counts it. */
  readonly isShared: boolean;
}

/** @throws KeyFetchError */
export type KeyFetcher = (issuer: Issuer, cause: FetchCause, stopped: AbortSignal) => Promise<FetchedKeys>;

/** The fetcher of a single process; workers get their keys through the primary process. */
export const fetchDirectly: KeyFetcher = async (issuer, _cause, stopped) => {
  return { jwks: await fetchKeys(issuer, stopped), age: 0, isShared: false };
};

/** The parts of an issuer's settings that its keys depend on. */
export type KeyLocation = Pick<Issuer, 'issuer' | 'keySource' | 'keys'>;

/**
 * @param stopped ends the fetch; without it each document has the `timeout` of the issuer.
 * @returns the JWKs as published; none of them has been checked.
 * @throws KeyFetchError where there is no response, or the response or the file is not a key set.
 */
export async function fetchKeys(location: KeyLocation, stopped: AbortSignal): Promise<readonly JWK[]> {
  const { keySource, keys } = location;
  if (keySource.kind === 'file') return withSource(keySource.path, () => readKeysFromFile(keySource.path));
  // A connection that was kept for minutes may be dead, so each fetch has its own.
  const client = new IssuerClient(keys);
  const fetching = { client, signal: stopped, tokenFor: createTokenSource(location) };
  try {
    const uri = keySource.kind === 'uri' ? keySource.uri : await discoverJwksUri(location.issuer, fetching);
    return await withSource(describeUrl(uri), async () => listKeys(await fetchJsonObject(uri, fetching)));
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

function listKeys({ content: { keys } }: FetchedJson): readonly JWK[] {
  if (!Array.isArray(keys)) throw new KeyFetchError('the answer is not a key set');
  return keys.filter(isObject).slice(0, MOST_KEYS);
}

/** Checks the file as at the load of the configuration, since it may have changed. */
async function readKeysFromFile(path: string): Promise<readonly JWK[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new KeyFetchError('the file cannot be read');
  });
  const keys = readKeyFile(text);
  if (keys.ok) return keys.value as readonly JWK[];
  throw new KeyFetchError(`the file ${keys.rejection.what}`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
