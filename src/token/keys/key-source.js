/** Gets an issuer's keys from where the configuration says: a file, a JWKS URL, or the URL in the issuer's metadata. */
import { readFile } from 'node:fs/promises';
import { readTokenFile } from '../../config/values/issuer-files.js';
import { MOST_KEYS, readKeyFile } from '../../config/values/key-set/json-web-key-set.js';
import { describeUrl } from '../fetching/fetch-failure.js';
import { IssuerClient } from '../fetching/issuer-client.js';
import { readLifetime } from './cache-lifetime.js';
import { discoverMetadata } from './issuer-metadata.js';
import { fetchJsonObject } from './json-fetch.js';
import { KeyFetchError } from './key-fetch-error.js';
/** Keys beyond the first hundred verify nothing; as many more are named to the operator. */
const MOST_NAMED = 2 * MOST_KEYS;
/** The fetcher of a single process; workers get their keys through the primary process. */
export const fetchDirectly = async (issuer, _need, stopped) => {
    return { ...(await fetchKeys(issuer, stopped)), age: 0, isShared: false };
};
/**
 * @param stopped ends the fetch; without it each document has the `timeout` of the issuer.
 * @throws KeyFetchError where there is no response, or the response or the file is not a key set.
 */
export async function fetchKeys(location, stopped) {
    const { keySource, keys } = location;
    if (keySource.kind === 'file')
        return withSource(keySource.path, () => readKeysFromFile(keySource.path));
    if (keySource.kind === 'none')
        throw new KeyFetchError('no keys are configured: the issuer only introspects');
    // A connection that was kept for minutes may be dead, so each fetch has its own.
    const client = new IssuerClient(keys);
    const fetching = { client, signal: stopped, tokenFor: createTokenSource(location) };
    try {
        const uri = keySource.kind === 'uri' ? keySource.uri : (await discoverMetadata(location.issuer, fetching)).jwksUri;
        return await withSource(describeUrl(uri), async () => readKeySet(await fetchJsonObject(uri, fetching)));
    }
    finally {
        client.close();
    }
}
/** The token is for the operator's URL: a `jwks_uri` of the metadata that leads elsewhere does not get it. */
function createTokenSource({ issuer, keySource, keys: { tokenFile } }) {
    if (tokenFile === undefined)
        return () => undefined;
    const { origin } = new URL(keySource.kind === 'uri' ? keySource.uri : issuer);
    return url => {
        if (new URL(url).origin !== origin)
            return undefined;
        const token = readTokenFile(tokenFile);
        if (token.ok)
            return token.value;
        throw new KeyFetchError(`the file of token_file ${token.rejection.what}`);
    };
}
/** Puts `source` before the message of whatever goes wrong in `read`. */
async function withSource(source, read) {
    try {
        return await read();
    }
    catch (error) {
        throw new KeyFetchError(`${source}: ${error instanceof KeyFetchError ? error.message : 'the fetch failed'}`);
    }
}
function readKeySet({ content: { keys }, headers }) {
    if (!Array.isArray(keys))
        throw new KeyFetchError('the answer is not a key set');
    return { jwks: keys.slice(0, MOST_NAMED), lifetime: readLifetime(headers) };
}
/** Checks the file as at the load of the configuration, since it may have changed. */
async function readKeysFromFile(path) {
    const text = await readFile(path, 'utf8').catch(() => {
        throw new KeyFetchError('the file cannot be read');
    });
    const keys = readKeyFile(text);
    if (keys.ok)
        return { jwks: keys.value, lifetime: undefined };
    throw new KeyFetchError(`the file ${keys.rejection.what}`);
}
