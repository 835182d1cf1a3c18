/** The built gateway with everything on: metrics, access log to a file, a table of routes, the cache. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readText, waitForAnswer } from '../probe.ts';
import { MEASURED, run, start } from '../processes.ts';
import { findFreePort, type TestBed } from '../test-bed.ts';
import { ISSUER, resourceOf, SCOPE } from '../tokens/sign.ts';
import { createLog } from './access-log.ts';
import { type Peer, PeerMissing, type RunningPeer } from './peer.ts';

export const BUILT_GATEWAY = join(import.meta.dirname, '../../../dist/main.js');
const ROUTES = 100;

export interface GatewayOptions {
  readonly name?: string;
  /** The `dist/main.js` to run. */
  readonly main?: string;
  readonly routes?: number;
  readonly issuers?: number;
  /** Only for versions of the gateway that have this key. */
  readonly workers?: number;
  readonly cores?: string;
  /** Whether it listens with TLS. */
  readonly isSecure?: boolean;
  /** Where it answers other proxies, if it does. */
  readonly authorizerPort?: number;
}

export function createGatewayPeer(options: GatewayOptions = {}): Peer {
  const { name = 'audgate' } = options;
  return { name, verifiesTokens: true, start: bed => startGateway(name, options, bed) };
}

async function startGateway(name: string, options: GatewayOptions, bed: TestBed): Promise<RunningPeer> {
  const { main = BUILT_GATEWAY, cores = MEASURED } = options;
  const [port, adminPort] = [await findFreePort(), await findFreePort()];
  const base = join(bed.folder, `${name.replaceAll(/\W+/g, '-')}-${port}`);
  const [configuration, log, errors] = [`${base}.yaml`, createLog(`${base}.ndjson`), `${base}.err`];
  writeFileSync(configuration, createConfiguration(options, bed, port, adminPort));
  await run(process.execPath, [main, 'check', configuration]).catch(() => {
    throw new PeerMissing('`audgate check` refuses its configuration: this build does not know a key of it');
  });
  const server = start(process.execPath, [main, 'serve', '--config', configuration], {
    cores,
    output: log.file,
    errors,
  });
  await waitForAnswer(adminPort, '/readyz', server);
  return {
    port,
    isSecure: options.isSecure ?? false,
    pid: server.pid,
    cacheLookups: async () => readLookups(await readText(adminPort, '/metrics')),
    tidy: log.truncate,
    end: () => server.end(),
  };
}

function createConfiguration(options: GatewayOptions, bed: TestBed, port: number, adminPort: number): string {
  const { routes = ROUTES, issuers = 1, workers } = options;
  const keys = `{ jwks_file: '${join(bed.keys.folder, 'jwks.json')}', algorithms: [RS256, ES256] }`;
  const others = Array.from({ length: issuers - 1 }, (_, number) => `  https://login${number}.example.com: ${keys}`);
  return [
    `listen: 127.0.0.1:${port}`,
    `admin: 127.0.0.1:${adminPort}`,
    ...(options.isSecure ? [`tls: { cert_file: ${bed.certificate.cert}, key_file: ${bed.certificate.key} }`] : []),
    ...(options.authorizerPort === undefined ? [] : [`authorizer: 127.0.0.1:${options.authorizerPort}`]),
    ...(workers === undefined ? [] : [`workers: ${workers}`]),
    'issuers:',
    `  ${ISSUER}: ${keys}`,
    ...others,
    'routes:',
    ...Array.from({ length: routes }, (_, number) => createRoute(number, bed.upstreamPort)),
    '',
  ].join('\n');
}

function createRoute(number: number, upstreamPort: number): string {
  return `  /api${number}: { resource: '${resourceOf(number)}', upstream: 'http://127.0.0.1:${upstreamPort}', scopes: ['${SCOPE}'] }`;
}

function readLookups(metrics: string) {
  const read = (outcome: string) =>
    Number(metrics.match(`audgate_token_cache_lookups_total\\{outcome="${outcome}"\\} (\\d+)`)?.[1] ?? 0);
  return { hits: read('hit'), misses: read('miss') };
}
