/** One call of the introspection endpoint (RFC 7662 section 2), and the authentication of the gateway there. */
import { importPKCS8 } from 'jose';
import { allowInsecureRequests, ClientSecretBasic, ClientSecretPost, customFetch, introspectionRequest, modifyAssertion, PrivateKeyJwt, TlsClientAuth, } from 'oauth4webapi';
import { parseJsonObject } from '../../config/values/key-set/json-web-key-set.js';
import { describeStatus, describeUrl } from '../fetching/fetch-failure.js';
import { IssuerClient, IssuerFetchError } from '../fetching/issuer-client.js';
import { hasDuplicateMembers } from '../jws/json-object.js';
/** Its message is written here: it holds no token, no secret and no text of the issuer. */
export class IntrospectionError extends Error {
}
export class IntrospectionEndpoint {
    /** Its name, which is also the `aud` of a client assertion (RFC 7523 section 3). */
    #issuer;
    #settings;
    #client;
    #authentication;
    constructor({ issuer, keys, introspection }) {
        this.#issuer = issuer;
        this.#settings = introspection;
        const { authentication } = introspection;
        this.#client = new IssuerClient({
            ...keys,
            clientCertificate: authentication.method === 'tls' ? authentication : undefined,
        });
    }
    /** Ends every call that is under way. */
    close() {
        this.#client.close();
    }
    /**
     * @returns what the endpoint says of `token`.
     * @throws IntrospectionError where that is anything but status 200 with a JSON object whose `active` is a boolean.
     */
    async ask(token) {
        const { endpoint, clientId, authentication } = this.#settings;
        const server = { issuer: this.#issuer, introspection_endpoint: endpoint };
        const options = { [customFetch]: this.#fetch, [allowInsecureRequests]: true };
        this.#authentication ??= createClientAuth(authentication);
        try {
            const shown = await this.#authentication;
            const response = await introspectionRequest(server, { client_id: clientId }, shown, token, options);
            return readAnswer(await response.text());
        }
        catch (error) {
            // Only messages of ours go on: one of a library may quote what was sent.
            const why = isOurs(error) ? error.message : 'the call failed';
            throw new IntrospectionError(`${describeUrl(endpoint)}: ${why}`);
        }
    }
    /** Refuses every status but 200 here, where a redirect still tells where it leads. */
    #fetch = async (url, { headers, body }) => {
        const response = await this.#client.fetch(url, { method: 'POST', headers, body });
        if (response.status !== 200)
            throw new IntrospectionError(describeRefusal(response, url));
        return response;
    };
}
function isOurs(error) {
    return error instanceof IntrospectionError || error instanceof IssuerFetchError;
}
/**
 * The member `jwt` (RFC 9701) is a token by itself, and never read.
 *
 * @param text the body of the answer. @throws IntrospectionError where it has no boolean `active`.
 */
export function readAnswer(text) {
    const answer = parseJsonObject(text);
    if (answer === undefined)
        throw new IntrospectionError('the answer is not a JSON object');
    // Which of the two counts would be open (RFC 8259 section 4).
    if (hasDuplicateMembers(text.replace(/^\uFEFF/, '')))
        throw new IntrospectionError('the answer has a member twice');
    const { active, jwt: _, ...claims } = answer;
    if (typeof active !== 'boolean')
        throw new IntrospectionError('the answer has no "active" that is true or false');
    return active ? { active, claims } : { active };
}
function describeRefusal(response, url) {
    const status = describeStatus(response, url);
    if (![400, 401, 403].includes(response.status))
        return status;
    return `${status}: see that client_id and its secret or key are those of a client that may introspect`;
}
async function createClientAuth(authentication) {
    switch (authentication.method) {
        case 'basic':
            return ClientSecretBasic(authentication.secret);
        case 'post':
            return ClientSecretPost(authentication.secret);
        case 'tls':
            return TlsClientAuth();
        case 'private_key_jwt': {
            const { pem, algorithm, keyId } = authentication;
            const key = await importPKCS8(pem, algorithm);
            // The library names the algorithm of an Ed25519 key as RFC 9864 does, which few servers know yet.
            const setAlgorithm = (header) => Object.assign(header, { alg: algorithm });
            return PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, { [modifyAssertion]: setAlgorithm });
        }
    }
}
