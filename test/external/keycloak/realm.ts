/** A realm of Keycloak as docs/how-to/issuers.md sets it up, made by its administration API. */

import { randomUUID } from 'node:crypto';
import { ADMINISTRATOR } from './server.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Client {
  readonly clientId: string;
  /** Scopes that it may ask for beside the realm's own. */
  readonly scopes?: readonly string[];
  /** "Full scope allowed", which is on for a new client. */
  readonly fullScope?: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface Tokens {
  readonly access_token: string;
  readonly id_token?: string;
  readonly refresh_token?: string;
}

interface Policy {
  readonly id: string;
  readonly providerId: string;
}

const SECRET = 'secret';
/** Of a token for the administration API. */
const TOKEN_LIFETIME_MS = 60_000;
/** As a new client has them; `roles` writes roles, and the clients that they are of, into tokens. */
const DEFAULT_SCOPES = ['basic', 'roles', 'web-origins', 'profile', 'email', 'acr'];
export const USER = { username: 'alice', password: 'alice' };

export class Realm {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  readonly #origin: string;
  readonly #name: string;
  #administrator = { token: '', until: 0 };

  private constructor(origin: string, name: string) {
    this.#origin = origin;
    this.#name = name;
    this.issuer = `${origin}/realms/${name}`;
  }

  /** Makes a realm with one user. */
  static async create(origin: string): Promise<Realm> {
    const realm = new Realm(origin, `shop-${randomUUID()}`);
    await realm.administer('POST', '', { realm: realm.#name, enabled: true }, '');
    const credentials = [{ type: 'password', value: USER.password, temporary: false }];
    const profile = { email: 'alice@example.com', firstName: 'Alice', lastName: 'Example', emailVerified: true };
    await realm.administer('POST', '/users', { username: USER.username, enabled: true, ...profile, credentials });
    return realm;
  }

  /** One call of the administration API, below this realm. @throws with the answer where it is refused. */
  async administer(method: string, path: string, body?: Json, realm = `/${this.#name}`): Promise<unknown> {
    const response = await fetch(`${this.#origin}/admin/realms${realm}${path}`, {
      method,
      headers: { authorization: `Bearer ${await this.#administratorToken()}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async remove(): Promise<void> {
    await this.administer('DELETE', '');
  }

  /** A client scope whose audience mapper writes `resource`, also into lightweight tokens. */
  async addScope(name: string, resource: string): Promise<void> {
    const config = {
      'included.client.audience': resource,
      'access.token.claim': 'true',
      'introspection.token.claim': 'true',
      'lightweight.claim': 'true',
      'id.token.claim': 'false',
    };
    const mapper = { name: 'audience', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper', config };
    const attributes = { 'include.in.token.scope': 'true' };
    await this.administer('POST', '/client-scopes', {
      name,
      protocol: 'openid-connect',
      attributes,
      protocolMappers: [mapper],
    });
  }

  /** Gives the client scope to every client that is made from now on, of the type Optional. */
  async offerScope(name: string): Promise<void> {
    const scopes = (await this.administer('GET', '/client-scopes')) as { readonly id: string; readonly name: string }[];
    const scope = scopes.find(each => each.name === name);
    await this.administer('PUT', `/default-optional-client-scopes/${scope?.id}`);
  }

  /** Lets anybody register a client whose URIs are on these hosts (policy "Trusted Hosts" of anonymous access). */
  async trustHosts(...hosts: readonly string[]): Promise<void> {
    const type = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy';
    const policies = (await this.administer('GET', `/components?type=${type}`)) as Policy[];
    const policy = policies.find(({ providerId }) => providerId === 'trusted-hosts');
    const config = {
      'trusted-hosts': hosts,
      'host-sending-registration-request-must-match': ['false'],
      'client-uris-must-match': ['true'],
    };
    await this.administer('PUT', `/components/${policy?.id}`, { ...policy, config });
  }

  /** Takes https URLs on these hosts as client ids, and fetches the metadata documents there (feature `cimd`). */
  async trustClientDocuments(...hosts: readonly string[]): Promise<void> {
    const executor = {
      executor: 'client-id-metadata-document',
      configuration: {
        'cimd-allow-http-scheme': 'false',
        'cimd-allow-permitted-domains': [...hosts, '127.0.0.1'],
        'cimd-restrict-same-domain': 'false',
        'only-allow-confidential-client': 'false',
      },
    };
    const condition = {
      condition: 'client-id-uri',
      configuration: { 'client-id-uri-scheme': ['https'], 'client-id-uri-allow-permitted-domains': hosts },
    };
    const name = 'mcp-clients';
    await this.administer('PUT', '/client-policies/profiles', { profiles: [{ name, executors: [executor] }] });
    const policy = { name, enabled: true, conditions: [condition], profiles: [name] };
    await this.administer('PUT', '/client-policies/policies', { policies: [policy] });
  }

  async addClient({ clientId, scopes = [], fullScope = false, attributes = {} }: Client): Promise<void> {
    await this.administer('POST', '/clients', {
      clientId,
      secret: SECRET,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
      directAccessGrantsEnabled: true,
      fullScopeAllowed: fullScope,
      defaultClientScopes: DEFAULT_SCOPES,
      optionalClientScopes: [...scopes, 'offline_access'],
      attributes,
    });
  }

  /** Signs with a new key from now on. */
  async rotateKeys(): Promise<void> {
    const config = { priority: ['200'], enabled: ['true'], active: ['true'], algorithm: ['RS256'] };
    const provider = { providerId: 'rsa-generated', providerType: 'org.keycloak.keys.KeyProvider' };
    await this.administer('POST', '/components', { name: 'next', ...provider, config });
  }

  /** @returns the token response for a client, or for the user where `scope` has `openid`. */
  requestTokens(client: string, scope: string, more: Readonly<Record<string, string>> = {}): Promise<Tokens> {
    const isUser = scope.includes('openid');
    const grant: Record<string, string> = isUser
      ? { grant_type: 'password', ...USER }
      : { grant_type: 'client_credentials' };
    const asked = scope === '' ? {} : { scope };
    return this.#request(this.#name, { ...grant, client_id: client, client_secret: SECRET, ...asked, ...more });
  }

  /** Exchanges a token (RFC 8693) as the client `client`. */
  exchange(client: string, subject: string, audience: string, scope: string): Promise<Tokens> {
    return this.requestTokens(client, scope, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience,
    });
  }

  /** Ends every session of the user. */
  async logOut(): Promise<void> {
    const [user] = (await this.administer('GET', `/users?username=${USER.username}`)) as { readonly id: string }[];
    await this.administer('POST', `/users/${user?.id}/logout`);
  }

  /** Asked for anew before it ends: Keycloak takes half a second of CPU for a password. */
  async #administratorToken(): Promise<string> {
    if (Date.now() < this.#administrator.until) return this.#administrator.token;
    const until = Date.now() + TOKEN_LIFETIME_MS / 2;
    const tokens = await this.#request('master', {
      grant_type: 'password',
      client_id: 'admin-cli',
      username: ADMINISTRATOR,
      password: ADMINISTRATOR,
    });
    this.#administrator = { token: tokens.access_token, until };
    return tokens.access_token;
  }

  async #request(realm: string, form: Readonly<Record<string, string>>): Promise<Tokens> {
    const url = `${this.#origin}/realms/${realm}/protocol/openid-connect/token`;
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
    if (!response.ok) throw new Error(`the token endpoint answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Tokens;
  }
}
