/** The client of the MCP SDK (1.x) with the login of its user: it knows nothing but the URL of the server. */

import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js';
import { type Authorization, Visitor } from './visitor.ts';

const CALLBACK = 'http://127.0.0.1:3333/callback';

/** What a client says of itself when it registers, or in its metadata document. @param refreshes whether it takes refresh tokens. */
export function describeClient(refreshes: boolean): OAuthClientMetadata {
  return {
    client_name: 'An MCP client',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', ...(refreshes ? ['refresh_token'] : [])],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
}

export interface SdkClientOptions {
  /** The https URL of its client ID metadata document; without one, it registers itself (RFC 7591). */
  readonly document?: string;
  /** Default: true. */
  readonly refreshes?: boolean;
}

/** What the SDK asks of an application; the user logs in where it would open a browser. */
class Login implements OAuthClientProvider {
  readonly redirectUrl = CALLBACK;
  readonly clientMetadata: OAuthClientMetadata;
  /** The `scope` of each authorization request. */
  readonly asked: (string | null)[] = [];
  readonly clientMetadataUrl?: string;
  answer: Authorization = {};
  readonly #visitor = new Visitor();
  #client: OAuthClientInformationMixed | undefined;
  #tokens: OAuthTokens | undefined;
  #verifier = '';

  constructor({ document, refreshes = true }: SdkClientOptions) {
    this.clientMetadata = describeClient(refreshes);
    if (document !== undefined) this.clientMetadataUrl = document;
  }

  clientInformation() {
    return this.#client;
  }

  saveClientInformation(client: OAuthClientInformationMixed) {
    this.#client = client;
  }

  tokens() {
    return this.#tokens;
  }

  saveTokens(tokens: OAuthTokens) {
    this.#tokens = tokens;
  }

  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }

  codeVerifier() {
    return this.#verifier;
  }

  async redirectToAuthorization(url: URL) {
    this.asked.push(url.searchParams.get('scope'));
    this.answer = await this.#visitor.authorize(url, CALLBACK);
  }
}

export class SdkClient {
  readonly #url: URL;
  readonly #login: Login;
  #transport: StreamableHTTPClientTransport;
  #client = new Client({ name: 'keycloak', version: '1.0.0' });

  constructor(url: string, options: SdkClientOptions) {
    this.#url = new URL(url);
    this.#login = new Login(options);
    this.#transport = this.#createTransport();
  }

  /** The `scope` of each login so far. */
  get asked(): readonly (string | null)[] {
    return this.#login.asked;
  }

  get clientId(): string | undefined {
    return this.#login.clientInformation()?.client_id;
  }

  get accessToken(): string {
    return this.#login.tokens()?.access_token ?? '';
  }

  /** Connects, with a login where the server asks for one. @throws the `error` of the authorization server. */
  async connect(): Promise<void> {
    await this.#loggingIn(async () => {
      this.#transport = this.#createTransport();
      this.#client = new Client({ name: 'keycloak', version: '1.0.0' });
      await this.#client.connect(this.#transport as Parameters<Client['connect']>[0]);
    });
  }

  /** Calls a tool, with a login where it needs more scopes. @returns its text. @throws as `connect`. */
  async call(name: string): Promise<string> {
    const { content } = await this.#loggingIn(() => this.#client.callTool({ name }));
    return (content as { readonly text: string }[]).map(({ text }) => text).join('');
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #loggingIn<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
    }
    const { code, error = 'no code' } = this.#login.answer;
    if (code === undefined) throw new Error(error);
    await this.#transport.finishAuth(code);
    return act();
  }

  #createTransport(): StreamableHTTPClientTransport {
    return new StreamableHTTPClientTransport(this.#url, { authProvider: this.#login });
  }
}
