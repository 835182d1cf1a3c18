/** How a client gets a token for a route: which request it sends to which authorization server. */

import { listServers, protectedResourceMetadataUrl } from '../../../challenge/metadata.ts';
import { recogniseProduct } from '../../../config/lint/identity-products/issuer-product.ts';
import { authorizationServerMetadataUrl } from '../../../token/keys/issuer-metadata.ts';
import type { Evaluation } from '../evaluate/evaluation.ts';

export interface TokenRequest {
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopes: readonly string[];
  readonly metadata: string;
  /** Lines for a POSIX shell. The client's id and secret come from the environment. */
  readonly commands: readonly string[];
}

/** @returns how to get a token with which the request would be forwarded; `undefined` where none is needed. */
export function describeTokenRequest({ match, decision }: Evaluation): TokenRequest | undefined {
  if (!match?.ok || match.route.public) return undefined;
  const { resource, metadata } = match.route;
  const scopes = metadata.scopes ?? decision?.denial?.scopes ?? [];
  const authorizationServers = listServers(match.route);
  const [issuer] = authorizationServers;
  return {
    resource,
    authorizationServers,
    scopes,
    metadata: protectedResourceMetadataUrl(resource),
    commands: issuer === undefined ? [] : describeCommands(issuer, resource, scopes),
  };
}

/** Client credentials (RFC 6749 section 4.4) with a resource (RFC 8707 section 2). */
function describeCommands(issuer: string, resource: string, scopes: readonly string[]): readonly string[] {
  const own = recogniseProduct(issuer).parameters?.(resource) ?? [['resource', resource] as const];
  const isScopeGiven = own.some(([name]) => name === 'scope');
  const scope = scopes.length > 0 && !isScopeGiven ? [['scope', scopes.join(' ')] as const] : [];
  const fields = [['grant_type', 'client_credentials'] as const, ...own, ...scope];
  return [
    `TOKEN_ENDPOINT=$(curl -s ${quoteForShell(authorizationServerMetadataUrl(issuer))} | jq -r .token_endpoint)`,
    'curl -s "$TOKEN_ENDPOINT" -u "$CLIENT_ID:$CLIENT_SECRET" \\',
    ...fields.map(([name, value], index) => {
      const end = index < fields.length - 1 ? ' \\' : ' | jq -r .access_token > token.txt';
      return `  --data-urlencode ${quoteForShell(`${name}=${value}`)}${end}`;
    }),
  ];
}

function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
