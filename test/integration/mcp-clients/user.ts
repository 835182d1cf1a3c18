/** The user of an MCP client and the client's memory (`OAuthClientProvider` of both SDKs): follows the login to its end, as a browser does. */

const REDIRECT = 'http://127.0.0.1:1/callback';

interface Registered {
  readonly client_id: string;
}

interface Tokens {
  readonly access_token: string;
  readonly token_type: string;
}

export class User {
  readonly redirectUrl = REDIRECT;
  /** What the authorization server sent the browser back with; `undefined` before the first login. */
  answer: URLSearchParams | undefined;
  /** The scope of each login. */
  readonly logins: (string | null)[] = [];
  readonly #cookies = new Map<string, string>();
  #client: Registered | undefined;
  #tokens: Tokens | undefined;
  #verifier = '';
  #discovery: unknown;

  get clientMetadata() {
    return {
      client_name: 'a client',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  clientInformation = () => this.#client as never;
  saveClientInformation = (client: unknown) => {
    this.#client = client as Registered;
  };
  tokens = () => this.#tokens;
  saveTokens = (tokens: unknown) => {
    this.#tokens = tokens as Tokens;
  };
  saveCodeVerifier = (verifier: string) => {
    this.#verifier = verifier;
  };
  codeVerifier = () => this.#verifier;
  saveDiscoveryState = (state: unknown) => {
    this.#discovery = state;
  };
  discoveryState = () => this.#discovery;

  async redirectToAuthorization(url: URL): Promise<void> {
    this.logins.push(url.searchParams.get('scope'));
    let at = url;
    while (!at.href.startsWith(REDIRECT)) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(at, { redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        this.#cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) throw new Error(`${at}: ${response.status} ${await response.text()}`);
      at = new URL(location, at);
    }
    this.answer = at.searchParams;
  }
}
