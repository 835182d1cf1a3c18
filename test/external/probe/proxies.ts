/** HAProxy with jwt_verify behind nginx, and Envoy with jwt_authn, each with and without the line that compares the audience. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configureNginx } from '../../support/nginx.ts';

export interface ProxySettings {
  readonly issuer: string;
  readonly audience: string;
  readonly upstreamPort: number;
  readonly port: number;
  /** Whether the audience is compared. */
  readonly hasAudience: boolean;
}

/** @param pem file with the public key. */
export function configureHaproxy(
  { issuer, audience, upstreamPort, port, hasAudience }: ProxySettings,
  pem: string,
): string {
  const refuse = (unless: string) =>
    `  http-request deny deny_status 401 hdr WWW-Authenticate 'Bearer error="invalid_token"' unless ${unless}`;
  return `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend api
  bind 127.0.0.1:${port}
  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny deny_status 401 hdr WWW-Authenticate Bearer unless { var(txn.bearer) -m found }
  http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
  http-request set-var(txn.iss) http_auth_bearer,jwt_payload_query('$.iss')
  http-request set-var(txn.aud) http_auth_bearer,jwt_payload_query('$.aud')
  http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
${refuse('{ var(txn.alg) -m str RS256 }')}
${refuse(`{ var(txn.iss) -m str ${issuer} }`)}
${refuse(`{ http_auth_bearer,jwt_verify(txn.alg,"${pem}") -m int 1 }`)}
${refuse('{ var(txn.exp),sub(txn.now) -m int gt 0 }')}
${hasAudience ? refuse(`{ var(txn.aud) -m str ${audience} }`) : ''}
  default_backend upstream
backend upstream
  server api 127.0.0.1:${upstreamPort}
`;
}

/** nginx in front of `port`, as where it ends TLS. */
export function configureFrontNginx(folder: string, ownPort: number, port: number): string {
  return configureNginx(
    folder,
    `access_log off;
  server {
    listen 127.0.0.1:${ownPort};
    location / { proxy_pass http://127.0.0.1:${port}; }
  }`,
  );
}

/** @param jwks file with the key set. @returns JSON. */
export function configureEnvoy(
  { issuer, audience, upstreamPort, port, hasAudience }: ProxySettings,
  jwks: string,
): string {
  const typed = (name: string, content: object) => ({
    name,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.${name}`, ...content },
  });
  const provider = { issuer, ...(hasAudience && { audiences: [audience] }), local_jwks: { filename: jwks } };
  const manager = {
    stat_prefix: 'api',
    route_config: {
      virtual_hosts: [
        { name: 'api', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }] },
      ],
    },
    http_filters: [
      typed('http.jwt_authn.v3.JwtAuthentication', {
        providers: { login: provider },
        rules: [{ match: { prefix: '/' }, requires: { provider_name: 'login' } }],
      }),
      typed('http.router.v3.Router', {}),
    ],
  };
  const address = (port_value: number) => ({ socket_address: { address: '127.0.0.1', port_value } });
  const endpoint = { endpoint: { address: address(upstreamPort) } };
  return JSON.stringify({
    static_resources: {
      listeners: [
        {
          address: address(port),
          filter_chains: [{ filters: [typed('network.http_connection_manager.v3.HttpConnectionManager', manager)] }],
        },
      ],
      clusters: [
        {
          name: 'upstream',
          type: 'STATIC',
          load_assignment: { cluster_name: 'upstream', endpoints: [{ lb_endpoints: [endpoint] }] },
        },
      ],
    },
  });
}

/** @returns the file, written. */
export function writeInto(folder: string, name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}
