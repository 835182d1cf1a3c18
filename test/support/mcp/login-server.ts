/**
 * An authorization server (oidc-provider) on loopback for MCP clients: they register themselves (RFC 7591), use PKCE and name their
 * `resource`. Its only user agrees to everything at once.
 */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import type * as OidcProvider from 'oidc-provider';
import { listenOnLoopback } from '../listener.ts';

export interface LoginServer {
  readonly issuer: string;
  readonly jwksUri: string;
  /** The parameters of each request to the authorization endpoint: one is one login. */
  readonly logins: readonly URLSearchParams[];
  close(): Promise<void>;
}

/** As in authorization-server.ts: without the notice of the package's entry point. */
const PROVIDER_FILE: string = 'oidc-provider/lib/provider.js';

/** @param resources from a resource URI to its scopes. */
export async function startLoginServer(
  resources: Readonly<Record<string, readonly string[]>>,
  lifetime = 600,
): Promise<LoginServer> {
  const server = createServer();
  const issuer = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'ES256', use: 'sig' };
  const { Provider }: Pick<typeof OidcProvider, 'Provider'> = await import(PROVIDER_FILE);
  const provider = new Provider(issuer, describe(resources, key, lifetime));
  const answer = provider.callback();
  const logins: URLSearchParams[] = [];
  server.on('request', async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', issuer);
    if (pathname === '/auth') logins.push(searchParams);
    if (!pathname.startsWith('/login/')) return answer(req, res);
    // A native client is to be agreed to each time.
    return provider.interactionFinished(req, res, { login: { accountId: 'alice' }, consent: {} });
  });
  const close = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { issuer, jwksUri: `${issuer}/jwks`, logins, close };
}

function describe(
  resources: Readonly<Record<string, readonly string[]>>,
  key: object,
  lifetime: number,
): OidcProvider.Configuration {
  return {
    clientBasedCORS: () => false,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: [randomUUID()] },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_context, { uid }) => `/login/${uid}` },
    jwks: { keys: [key as never] },
    pkce: { required: () => true },
    ttl: { AccessToken: lifetime, AuthorizationCode: 60, Grant: 600, Interaction: 600, Session: 600 },
    scopes: [...new Set(Object.values(resources).flat())],
    // A client that names a scope when it registers (1.x and 2.x name that of the first challenge) would be kept to it.
    extraClientMetadata: {
      properties: ['any'],
      validator: (_context, _key, _value, metadata) => {
        delete metadata.scope;
      },
    },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: resources[resource]?.join(' ') ?? '',
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: lifetime,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client?.clientId, accountId: oidc.session?.accountId });
      for (const [resource, scopes] of Object.entries(resources)) {
        // The library asks for consent to a scope that is its own, too, and only its own can be registered.
        grant.addOIDCScope(scopes.join(' '));
        grant.addResourceScope(resource, scopes.join(' '));
      }
      await grant.save();
      return grant;
    },
  };
}
