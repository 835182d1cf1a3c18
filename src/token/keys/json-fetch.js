/** Fetches a JSON object (RFC 8259) from an issuer. */
import { parseJsonObject } from '../../config/values/key-set/json-web-key-set.js';
import { describeStatus } from '../fetching/fetch-failure.js';
import { IssuerFetchError } from '../fetching/issuer-client.js';
import { KeyFetchError } from './key-fetch-error.js';
/** @throws KeyFetchError where the response is not a JSON object with status 200. */
export async function fetchJsonObject(url, { client, signal, tokenFor }) {
    const token = tokenFor(url);
    const headers = { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const response = await client.fetch(url, { headers, signal }).catch(error => {
        throw new KeyFetchError(error instanceof IssuerFetchError ? error.message : 'the fetch failed');
    });
    if (response.status !== 200)
        throw new KeyFetchError(describeStatus(response, url));
    const content = parseJsonObject(await response.text());
    if (content)
        return { content, headers: response.headers };
    throw new KeyFetchError('the answer is not a JSON object');
}
