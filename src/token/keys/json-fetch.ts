/** Fetches a JSON object (RFC 8259) from an issuer. */

import { parseJsonObject } from '../../config/values/key-set/json-web-key-set.ts';
import { describeStatus } from '../fetching/fetch-failure.ts';
import { type IssuerClient, IssuerFetchError } from '../fetching/issuer-client.ts';
import { KeyFetchError } from './key-fetch-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface FetchedJson {
  readonly content: JsonObject;
  readonly headers: Headers;
}

/** How documents of an issuer are fetched. */
export interface Fetching {
  readonly client: IssuerClient;
  /** Ends the fetch. */
  readonly signal: AbortSignal;
  /** @returns the bearer token for `url`; `undefined` where none is sent there. */
  readonly tokenFor: (url: string) => string | undefined;
}

/** @throws KeyFetchError where the response is not a JSON object with status 200. */
export async function fetchJsonObject(url: string, { client, signal, tokenFor }: Fetching): Promise<FetchedJson> {
  const token = tokenFor(url);
  const headers = { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const response = await client.fetch(url, { headers, signal }).catch(error => {
    throw new KeyFetchError(error instanceof IssuerFetchError ? error.message : 'the fetch failed');
  });
  if (response.status !== 200) throw new KeyFetchError(describeStatus(response, url));
  const content = parseJsonObject(await response.text());
  if (content) return { content, headers: response.headers };
  throw new KeyFetchError('the answer is not a JSON object');
}
