/** Where an issuer's keys come from: a file, a JWKS URL, or its metadata (RFC 8414 section 3, OpenID Connect Discovery section 4). */

import { readFile } from 'node:fs/promises';
import type { JWK } from 'jose';
import type { Issuer } from '../../config/config.ts';
import { MOST_KEYS, parseObject, readKeyFile } from '../../config/values/key-set/json-web-key.ts';
import {
  describeFetchFailure,
  describeIssuer,
  describeStatus,
  describeUrl,
  NO_ANSWER_IN_TIME,
  TIMEOUT,
} from './key-fetch-failure.ts';

/**
 * A fetch that did not give keys. The message is ours: it names what was asked, and of the peer's answer at most a URL. No
 * credentials, query or fragment of a URL are in it.
 */
export class KeyFetchError extends Error {
  /** Whether others were told of this same attempt. */
  readonly isShared: boolean;
  /** What was fetched before, for an asker that has nothing. */
  readonly last: LastKeys | undefined;

  constructor(message: string, isShared = false, last?: LastKeys) {
    super(message);
    this.isShared = isShared;
    this.last = last;
  }
}

/** Why keys are asked for: they are due, or a token names one that is not among them. */
export type FetchCause = 'schedule' | 'unknown_key';

export interface LastKeys {
  /** As published, not yet judged. */
  readonly jwks: readonly JWK[];
  /** Milliseconds since they were fetched. */
  readonly age: number;
}

export interface FetchedKeys extends LastKeys {
  /** Whether another asker caused this fetch: then it is his to count. */
  readonly isShared: boolean;
}

/** @throws KeyFetchError */
export type KeyFetcher = (issuer: Issuer, cause: FetchCause, stopped: AbortSignal) => Promise<FetchedKeys>;

/** The fetcher of a process that fetches for itself. */
export const fetchDirectly: KeyFetcher = async (issuer, _cause, stopped) => {
  return { jwks: await fetchKeys(issuer, stopped), age: 0, isShared: false };
};

const MAXIMUM_BYTES = 1024 * 1024;

/**
 * @param stopped ends a fetch under way; by itself it ends after five seconds, metadata included.
 * @returns the JWKs as published, not yet judged.
 * @throws KeyFetchError where they cannot be had: the source does not answer, or its answer is not a key set.
 */
export async function fetchKeys(
  issuer: Pick<Issuer, 'issuer' | 'keySource'>,
  stopped: AbortSignal,
): Promise<readonly JWK[]> {
  // Not AbortSignal.any over AbortSignal.timeout: what nobody else holds may be collected before it fires (Node.js 20).
  const fetching = new AbortController();
  const abort = () => fetching.abort();
  const timer = setTimeout(abort, TIMEOUT);
  stopped.addEventListener('abort', abort, { once: true });
  try {
    return await fetchFrom(issuer, fetching.signal);
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener('abort', abort);
  }
}

async function fetchFrom(
  { issuer, keySource }: Pick<Issuer, 'issuer' | 'keySource'>,
  signal: AbortSignal,
): Promise<readonly JWK[]> {
  switch (keySource.kind) {
    case 'file':
      return naming(keySource.path, async () => readKeysOf(await readFileText(keySource.path)));
    case 'uri':
      return fetchKeySet(keySource.uri, signal);
    case 'discovery':
      return fetchKeySet(await discoverJwksUri(issuer, signal), signal);
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Whatever goes wrong in `read` is told of `source`. */
async function naming<T>(source: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new KeyFetchError(`${source}: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof KeyFetchError ? error.message : 'the fetch failed';
}

function fetchKeySet(uri: string, signal: AbortSignal): Promise<readonly JWK[]> {
  return naming(describeUrl(uri), async () => readKeys(await fetchObject(uri, signal)));
}

/** @throws KeyFetchError that tells what was wrong with each of the two documents. */
async function discoverJwksUri(issuer: string, signal: AbortSignal): Promise<string> {
  const openId = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const problems: string[] = [];
  for (const url of [authorizationServerMetadataUrl(issuer), openId]) {
    try {
      return await naming(describeUrl(url), () => readJwksUri(issuer, url, signal));
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw new KeyFetchError(problems.join('; '));
}

/** The metadata names the issuer it belongs to; another one's is refused (RFC 8414 section 3.3). */
async function readJwksUri(issuer: string, url: string, signal: AbortSignal): Promise<string> {
  const metadata = await fetchObject(url, signal);
  const uri = metadata['jwks_uri'];
  if (metadata['issuer'] !== issuer) {
    throw new KeyFetchError(`the metadata is of ${describeIssuer(metadata['issuer'])}, not of this issuer`);
  }
  if (typeof uri !== 'string' || !/^https?:\/\//.test(uri) || !URL.canParse(uri))
    throw new KeyFetchError('the metadata has no jwks_uri');
  if (new URL(issuer).protocol === 'https:' && new URL(uri).protocol !== 'https:') {
    throw new KeyFetchError('the jwks_uri is not https');
  }
  return uri;
}

/** @returns where the metadata of `issuer` is found: inserted between host and path (RFC 8414 section 3.1). */
export function authorizationServerMetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`;
}

function readKeys({ keys }: JsonObject): readonly JWK[] {
  if (!Array.isArray(keys)) throw new KeyFetchError('the answer is not a key set');
  return keys.filter(isObject).slice(0, MOST_KEYS);
}

/** As it was judged when the configuration was loaded: it may have changed since. */
function readKeysOf(text: string): readonly JWK[] {
  const keys = readKeyFile(text);
  if (keys.ok) return keys.value as readonly JWK[];
  throw new KeyFetchError(`the file ${keys.rejection.what}`);
}

async function fetchObject(url: string, signal: AbortSignal): Promise<JsonObject> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { accept: 'application/json' },
    signal,
  }).catch(error => {
    throw new KeyFetchError(describeFetchFailure(error));
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new KeyFetchError(describeStatus(response, url));
  }
  return readObject(await readBounded(response, signal));
}

/** Cancels by itself: a signal that a fetch was given may lose sight of the body once the head is there (Node.js 20). */
async function readBounded(response: Response, signal: AbortSignal): Promise<string> {
  const reader = response.body?.getReader();
  const cancel = () => reader?.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
      size += piece.value.byteLength;
      if (size > MAXIMUM_BYTES) throw new KeyFetchError('the answer is larger than 1 MiB');
      pieces.push(piece.value);
    }
  } catch (error) {
    await cancel();
    throw error instanceof KeyFetchError ? error : new KeyFetchError(describeFetchFailure(error));
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  if (signal.aborted) throw new KeyFetchError(NO_ANSWER_IN_TIME);
  return Buffer.concat(pieces).toString('utf8');
}

async function readFileText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => {
    throw new KeyFetchError('the file cannot be read');
  });
}

function readObject(text: string): JsonObject {
  const value = parseObject(text);
  if (value) return value;
  throw new KeyFetchError('the answer is not a JSON object');
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
