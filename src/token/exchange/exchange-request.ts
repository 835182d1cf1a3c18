/** One call of a token endpoint: token exchange (RFC 8693 section 2.1), or the JWT bearer grant on behalf of a user (RFC 7523 section 2.1). */

import {
  allowInsecureRequests,
  type ClientAuth,
  type CustomFetchOptions,
  customFetch,
  genericTokenEndpointRequest,
} from 'oauth4webapi';
import type { Exchange } from '../../config/exchange-config.ts';
import { createClientAuth } from '../fetching/client-authentication.ts';
import { IssuerClient, IssuerFetchError } from '../fetching/issuer-client.ts';
import { type ExchangeFailure, failExchange } from './exchange-failure.ts';
import { type IssuedToken, readTokenAnswer } from './issued-token.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
/** Bytes. A token is much shorter; to parse 1 MiB of nested lists would keep every other request waiting for a second. */
const LARGEST_ANSWER = 256 * 1024;

export class TokenEndpoint {
  readonly #settings: Exchange;
  readonly #client: IssuerClient;
  #authentication: Promise<ClientAuth> | undefined;

  constructor(settings: Exchange) {
    this.#settings = settings;
    this.#client = new IssuerClient({ ...settings, largestAnswer: LARGEST_ANSWER });
  }

  /** Ends every call that is under way. */
  close(): void {
    this.#client.close();
  }

  /** @param subjectToken is sent to the endpoint, and nowhere else. @returns the issued token, checked, or why there is none. */
  async exchange(subjectToken: string): Promise<IssuedToken | ExchangeFailure> {
    const { tokenEndpoint, clientId, authentication } = this.#settings;
    // The `aud` of a client assertion is what stands as the issuer here (RFC 7523 section 3).
    const server = { issuer: tokenEndpoint, token_endpoint: tokenEndpoint };
    const secrets = this.#secretsWith(subjectToken);
    const options = { [customFetch]: this.#createFetch(secrets), [allowInsecureRequests]: true };
    const { grantType, form } = createForm(this.#settings, subjectToken);
    this.#authentication ??= createClientAuth(authentication);
    const askedAt = Date.now();
    try {
      const shown = await this.#authentication;
      const client = { client_id: clientId };
      const response = await genericTokenEndpointRequest(server, client, shown, grantType, form, options);
      const { status, headers } = response;
      const answer = { status, contentType: headers.get('content-type'), text: await response.text(), askedAt };
      return readTokenAnswer(answer, this.#settings, subjectToken, secrets);
    } catch (error) {
      // Only messages of ours go on: one of a library may quote what was sent.
      return failExchange(
        'exchange_unavailable',
        error instanceof IssuerFetchError ? error.message : 'the call failed',
      );
    }
  }

  /** @param secrets gets what Authorization shows the endpoint, as it is encoded there. */
  #createFetch(secrets: string[]) {
    return (url: string, { headers, body }: CustomFetchOptions<'POST', URLSearchParams>) => {
      secrets.push(...(headers['authorization']?.split(' ').slice(1) ?? []));
      return this.#client.fetch(url, { method: 'POST', headers, body });
    };
  }

  #secretsWith(subjectToken: string): string[] {
    const { authentication } = this.#settings;
    return 'secret' in authentication ? [subjectToken, authentication.secret] : [subjectToken];
  }
}

/** @returns the parameters; those of the client are added by the library. `requested_token_type` is left to the endpoint. */
function createForm({ grant, resource, audience, scopes }: Exchange, token: string) {
  const form = new URLSearchParams();
  if (grant === 'jwt-bearer') {
    form.set('assertion', token);
    form.set('requested_token_use', 'on_behalf_of');
  } else {
    form.set('subject_token', token);
    form.set('subject_token_type', ACCESS_TOKEN);
    if (resource !== undefined) form.set('resource', resource);
    if (audience !== undefined) form.set('audience', audience);
  }
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  return { grantType: grant === 'jwt-bearer' ? JWT_BEARER : TOKEN_EXCHANGE, form };
}
