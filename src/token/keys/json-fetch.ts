/** Fetches a JSON object: no redirects, at most 1 MiB. */

import { parseJsonObject } from '../../config/values/key-set/json-web-key-set.ts';
import { describeFetchFailure, describeStatus, NO_ANSWER_IN_TIME } from './fetch-failure.ts';
import { KeyFetchError } from './key-fetch-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const MAXIMUM_BYTES = 1024 * 1024;

/**
 * @param signal ends the fetch.
 * @throws KeyFetchError where the response is not a JSON object with status 200.
 */
export async function fetchJsonObject(url: string, signal: AbortSignal): Promise<JsonObject> {
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
  const value = parseJsonObject(await readBounded(response, signal));
  if (value) return value;
  throw new KeyFetchError('the answer is not a JSON object');
}

/** Cancels the body itself: in Node.js 20 the signal given to `fetch` may not reach the body once the head has arrived. */
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
