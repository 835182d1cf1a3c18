/** One call of the introspection endpoint (RFC 7662 section 2). */

import {
  allowInsecureRequests,
  type ClientAuth,
  type CustomFetchOptions,
  customFetch,
  introspectionRequest,
} from 'oauth4webapi';
import type { Issuer } from '../../config/config.ts';
import type { Introspection } from '../../config/introspection-config.ts';
import { createClientAuth } from '../fetching/client-authentication.ts';
import { describeStatus, describeUrl } from '../fetching/fetch-failure.ts';
import { IssuerClient, IssuerFetchError } from '../fetching/issuer-client.ts';
import { readJsonAnswer } from '../fetching/json-answer.ts';

/** The members of an answer, apart from `active`: the claims of the token. */
export type Answer = { readonly active: false } | { readonly active: true; readonly claims: Claims };

type Claims = Readonly<Record<string, unknown>>;

export type IntrospectingIssuer = Issuer & { readonly introspection: Introspection };

/** Its message is written here: it holds no token, no secret and no text of the issuer. */
export class IntrospectionError extends Error {}

export class IntrospectionEndpoint {
  /** Its name, which is also the `aud` of a client assertion (RFC 7523 section 3). */
  readonly #issuer: string;
  readonly #settings: Introspection;
  readonly #client: IssuerClient;
  #authentication: Promise<ClientAuth> | undefined;

  constructor({ issuer, keys, introspection }: IntrospectingIssuer) {
    this.#issuer = issuer;
    this.#settings = introspection;
    const { authentication } = introspection;
    this.#client = new IssuerClient({
      ...keys,
      clientCertificate: authentication.method === 'tls' ? authentication : undefined,
    });
  }

  /** Ends every call that is under way. */
  close(): void {
    this.#client.close();
  }

  /**
   * @returns what the endpoint says of `token`.
   * @throws IntrospectionError where that is anything but status 200 with a JSON object whose `active` is a boolean.
   */
  async ask(token: string): Promise<Answer> {
    const { endpoint, clientId, authentication } = this.#settings;
    const server = { issuer: this.#issuer, introspection_endpoint: endpoint };
    const options = { [customFetch]: this.#fetch, [allowInsecureRequests]: true };
    this.#authentication ??= createClientAuth(authentication);
    try {
      const shown = await this.#authentication;
      const response = await introspectionRequest(server, { client_id: clientId }, shown, token, options);
      return readAnswer(await response.text());
    } catch (error) {
      // Only messages of ours go on: one of a library may quote what was sent.
      const why = isOurs(error) ? error.message : 'the call failed';
      throw new IntrospectionError(`${describeUrl(endpoint)}: ${why}`);
    }
  }

  /** Refuses every status but 200 here, where a redirect still tells where it leads. */
  readonly #fetch = async (url: string, { headers, body }: CustomFetchOptions<'POST', URLSearchParams>) => {
    const response = await this.#client.fetch(url, { method: 'POST', headers, body });
    if (response.status !== 200) throw new IntrospectionError(describeRefusal(response, url));
    return response;
  };
}

function isOurs(error: unknown): error is Error {
  return error instanceof IntrospectionError || error instanceof IssuerFetchError;
}

/**
 * The member `jwt` (RFC 9701) is a token by itself, and never read.
 *
 * @param text the body of the answer. @throws IntrospectionError where it has no boolean `active`.
 */
export function readAnswer(text: string): Answer {
  const answer = readJsonAnswer(text);
  if (typeof answer === 'string') throw new IntrospectionError(`the answer ${answer}`);
  const { active, jwt: _, ...claims } = answer;
  if (typeof active !== 'boolean') throw new IntrospectionError('the answer has no "active" that is true or false');
  return active ? { active, claims } : { active };
}

function describeRefusal(response: Response, url: string): string {
  const status = describeStatus(response, url);
  if (![400, 401, 403].includes(response.status)) return status;
  return `${status}: see that client_id and its secret or key are those of a client that may introspect`;
}
