/** An authorization server (oidc-provider) on loopback: client credentials (RFC 6749 section 4.4), resource indicators (RFC 8707). */

import { generateKeyPair, type JsonWebKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { promisify } from 'node:util';
import type * as OidcProvider from 'oidc-provider';
import { listenOnLoopback } from './listener.ts';

type Algorithm = 'ES256' | 'RS256';

/** A protected resource that tokens may be requested for. */
export interface ProtectedResource {
  /** The resource URI, as in the `resource` parameter (RFC 8707 section 2). */
  readonly resource: string;
  readonly scopes: readonly string[];
  /** The `aud` of its tokens; default: the resource. `[]`: an empty list, as some issuers send. */
  readonly audience?: string | readonly [];
  /** Opaque tokens, which `/token/introspection` tells of; default: JWTs. */
  readonly isOpaque?: true;
}

export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The scopes that it may request; default: all. */
  readonly scopes?: readonly string[];
}

export interface AuthorizationServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** The `iss` of its tokens; default `http://127.0.0.1:PORT`. Any other needs a gateway with `jwks_uri` to find its keys. */
  readonly issuer?: string;
  /** Default ES256. */
  readonly algorithm?: Algorithm;
  readonly resources: readonly ProtectedResource[];
  /** Default `DEFAULT_CLIENTS`. */
  readonly clients?: readonly Client[];
  /** Which resource a token request without `resource` is for. Absent: such a token is opaque, and for the issuer itself. */
  readonly defaultResource?: string;
  /** Seconds; default 600. */
  readonly accessTokenTtl?: number;
}

export interface TokenRequest {
  /** Default: the first client. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly resource?: string;
  /** Separated by spaces. */
  readonly scope?: string;
}

export interface TokenResponse {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly scope: string | undefined;
}

export interface AuthorizationServer {
  readonly issuer: string;
  readonly port: number;
  readonly jwksUri: string;
  readonly tokenEndpoint: string;
  /** Every request so far, as `GET /jwks`. */
  readonly requests: readonly string[];
  /** Requests a token over HTTP. @throws where it is refused. */
  requestToken(request?: TokenRequest): Promise<TokenResponse>;
  /** Signs with a new key from now on. The key set keeps the previous keys, unless `forget`. */
  rotateKeys(options?: { readonly forget?: boolean }): Promise<void>;
  close(): Promise<void>;
}

const NO_AUDIENCE = 'urn:nobody';

export const DEFAULT_CLIENTS: readonly [Client, Client] = [
  { clientId: 'client-one', clientSecret: 'secret-one' },
  { clientId: 'client-two', clientSecret: 'secret-two' },
];

/** Starts an authorization server on 127.0.0.1. */
export async function startAuthorizationServer(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const algorithm = options.algorithm ?? 'ES256';
  const requests: string[] = [];
  let answer: RequestListener;
  const server = createServer((req, res) => {
    requests.push(`${req.method} ${req.url}`);
    answer(req, res);
  });
  const port = await listenOnLoopback(server, options.port);
  const origin = `http://127.0.0.1:${port}`;
  const issuer = options.issuer ?? origin;
  let keys: JsonWebKey[] = [];

  const rotateKeys = async ({ forget = false } = {}) => {
    keys = [await generateKey(algorithm), ...(forget ? [] : keys)];
    answer = await createAnswer(issuer, describeProvider(options, algorithm, keys));
  };
  await rotateKeys();

  const [firstClient] = options.clients ?? DEFAULT_CLIENTS;
  const tokenEndpoint = `${origin}/token`;
  return {
    issuer,
    port,
    jwksUri: `${origin}/jwks`,
    tokenEndpoint,
    requests,
    requestToken: request => requestToken(tokenEndpoint, { ...firstClient, ...request }),
    rotateKeys,
    close: () => close(server),
  };
}

function describeProvider(
  options: AuthorizationServerOptions,
  algorithm: Algorithm,
  keys: JsonWebKey[],
): OidcProvider.Configuration {
  const { resources, clients = DEFAULT_CLIENTS, defaultResource, accessTokenTtl = 600 } = options;
  const hasOpaque = resources.some(({ isOpaque }) => isOpaque);
  return {
    ...(hasOpaque ? {} : { adapter: forgetfulAdapter }),
    clients: clients.map(describeClient),
    clientDefaults: { id_token_signed_response_alg: algorithm },
    clientBasedCORS: () => false,
    cookies: { keys: [randomUUID()] },
    jwks: { keys: keys as OidcProvider.JWKS['keys'] },
    scopes: [...new Set(resources.flatMap(({ scopes }) => scopes))],
    ttl: { ClientCredentials: accessTokenTtl },
    formats: {
      customizers: {
        // The library makes no JWT without `aud`; an empty list is the closest.
        jwt: (_ctx, token, { payload }) => {
          if (token.aud === NO_AUDIENCE) Object.assign(payload, { aud: [] });
        },
      },
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: hasOpaque },
      revocation: { enabled: hasOpaque },
      resourceIndicators: {
        enabled: true,
        // The library takes `undefined` for no default; its types allow only strings.
        defaultResource: () => defaultResource as string,
        getResourceServerInfo: async (_ctx, resource) => {
          const known = resources.find(candidate => candidate.resource === resource);
          if (known === undefined && resource !== defaultResource) throw await invalidTarget(resource);
          return {
            scope: known?.scopes.join(' ') ?? '',
            audience: typeof known?.audience === 'object' ? NO_AUDIENCE : (known?.audience ?? resource),
            accessTokenFormat: known?.isOpaque ? 'opaque' : 'jwt',
            accessTokenTTL: accessTokenTtl,
            jwt: { sign: { alg: algorithm } },
          };
        },
      },
    },
  };
}

function describeClient({ clientId, clientSecret, scopes }: Client): OidcProvider.ClientMetadata {
  return {
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    ...(scopes !== undefined && { scope: scopes.join(' ') }),
  };
}

/** Signed tokens are not stored, so without opaque ones there is nothing to keep. */
function forgetfulAdapter(): OidcProvider.Adapter {
  const nothing = () => Promise.resolve(undefined);
  return {
    upsert: nothing,
    find: nothing,
    findByUserCode: nothing,
    findByUid: nothing,
    consume: nothing,
    destroy: nothing,
    revokeByGrantId: nothing,
  };
}

const generateKeyPairAsync = promisify(generateKeyPair);

async function generateKey(algorithm: Algorithm): Promise<JsonWebKey> {
  const { privateKey } =
    algorithm === 'ES256'
      ? await generateKeyPairAsync('ec', { namedCurve: 'P-256' })
      : await generateKeyPairAsync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: algorithm, use: 'sig' };
}

// The package's entry point only exports these two files and writes a notice on Node.js 20, where they work
// as well. Its types describe the entry point only, so the files are named by variables.
const PROVIDER_FILE: string = 'oidc-provider/lib/provider.js';
const ERRORS_FILE: string = 'oidc-provider/lib/helpers/errors.js';

async function createAnswer(issuer: string, configuration: OidcProvider.Configuration): Promise<RequestListener> {
  const { Provider }: Pick<typeof OidcProvider, 'Provider'> = await import(PROVIDER_FILE);
  return new Provider(issuer, configuration).callback();
}

async function invalidTarget(resource: string): Promise<Error> {
  const { InvalidTarget }: typeof OidcProvider.errors = await import(ERRORS_FILE);
  return new InvalidTarget(`no resource ${resource} here`);
}

async function requestToken(
  endpoint: string,
  { clientId = '', clientSecret = '', resource, scope }: TokenRequest,
): Promise<TokenResponse> {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  if (resource !== undefined) body.set('resource', resource);
  if (scope !== undefined) body.set('scope', scope);

  const response = await fetch(endpoint, { method: 'POST', headers: { authorization: `Basic ${basic}` }, body });
  if (!response.ok) throw new Error(`the token endpoint answered ${response.status}: ${await response.text()}`);
  const answer = (await response.json()) as { access_token: string; expires_in: number; scope?: string };
  return { accessToken: answer.access_token, expiresIn: answer.expires_in, scope: answer.scope };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
