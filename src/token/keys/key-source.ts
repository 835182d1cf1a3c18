/** Gets an issuer's keys from where the configuration says: a file, a JWKS URL, or the URL in the issuer's metadata. */

import { readFile } from 'node:fs/promises';
import type { JWK } from 'jose';
import type { Issuer } from '../../config/config.ts';
import { MOST_KEYS, readKeyFile } from '../../config/values/key-set/json-web-key-set.ts';
import { describeUrl, TIMEOUT } from './fetch-failure.ts';
import { discoverJwksUri } from './issuer-metadata.ts';
import { fetchJsonObject, type JsonObject } from './json-fetch.ts';
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

type KeyLocation = Pick<Issuer, 'issuer' | 'keySource'>;

/**
 * @param stopped ends the fetch; without it the fetch ends after five seconds, metadata included.
 * @returns the JWKs as published; none of them has been checked.
 * @throws KeyFetchError where there is no response, or the response or the file is not a key set.
 */
export async function fetchKeys(location: KeyLocation, stopped: AbortSignal): Promise<readonly JWK[]> {
  // Not AbortSignal.any over AbortSignal.timeout: without another reference it may be collected before it fires (Node.js 20).
  const fetching = new AbortController();
  const abort = () => fetching.abort();
  const timer = setTimeout(abort, TIMEOUT);
  stopped.addEventListener('abort', abort, { once: true });
  try {
    return await fetchFrom(location, fetching.signal);
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener('abort', abort);
  }
}

async function fetchFrom({ issuer, keySource }: KeyLocation, signal: AbortSignal): Promise<readonly JWK[]> {
  switch (keySource.kind) {
    case 'file':
      return withSource(keySource.path, () => readKeysFromFile(keySource.path));
    case 'uri':
      return fetchKeySet(keySource.uri, signal);
    case 'none':
      throw new KeyFetchError('the issuer has no keys: it only introspects');
    case 'discovery':
      return fetchKeySet(await discoverJwksUri(issuer, signal), signal);
  }
}

function fetchKeySet(uri: string, signal: AbortSignal): Promise<readonly JWK[]> {
  return withSource(describeUrl(uri), async () => listKeys(await fetchJsonObject(uri, signal)));
}

/** Puts `source` before the message of whatever goes wrong in `read`. */
async function withSource<T>(source: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new KeyFetchError(`${source}: ${error instanceof KeyFetchError ? error.message : 'the fetch failed'}`);
  }
}

function listKeys({ keys }: JsonObject): readonly JWK[] {
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
