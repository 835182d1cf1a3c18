import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { readSample } from '../../support/gateway.ts';
import { readPorts } from '../../support/gateway-process.ts';
import { killPrograms, launchProgram, type RunningProgram } from '../../support/program.ts';
import { bearer, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually, withTimeout } from '../../support/waiting.ts';

export const ROOT = join(import.meta.dirname, '../../..');

export const RESOURCE = 'https://api.example.com/';

export const OTHER = 'https://other.example.com/';

const NO_CONFIG = { AUDGATE_CONFIG: undefined };

export let folder: string;

export let issuer: TokenIssuer;

export let upstream: Upstream;

export let token: string;

export const BROKEN = `
issuers:
  not-a-uri: {}
routes:
  /api:
    upstream: ftp://example.com/
    resource: https://api.example.com/#fragment
    enforcment: report
  /other: {}
`;

export function expectEveryProblem(text: string): void {
  for (const culprit of ['not-a-uri', 'upstream', 'fragment', 'enforcement', '/other']) expect(text).toContain(culprit);
  expect(text.match(/:\d+:\d+: /g)?.length).toBeGreaterThanOrEqual(5);
}

type Ports = readonly [data: number, admin: number];

export function gatewayYaml(data = 0, adminPort = 0): string {
  return `
listen: 127.0.0.1:${data}
admin: 127.0.0.1:${adminPort}
drain: { delay: 1ms, limit: 10s }
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
  /other: { resource: "${OTHER}", upstream: "${upstream.origin}" }
  /report: { resource: "${RESOURCE}", upstream: "${upstream.origin}", enforcement: report }
  /open: { public: true, upstream: "${upstream.origin}" }
`;
}

export function writeConfig(text: string): string {
  const file = join(mkdtempSync(join(folder, 'config-')), 'audgate.yaml');
  writeFileSync(file, text);
  return file;
}

export function get(gateway: RunningProgram, path = '/api/a', accessToken = token) {
  return request(portsOf(gateway)[0], { path, headers: [bearer(accessToken)] }, { timeout: 15_000 });
}

/** Over a connection of its own. */
export function admin(
  gateway: RunningProgram,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest({ host: '127.0.0.1', port: portsOf(gateway)[1], path, agent: false }, answer => {
      let body = '';
      answer.setEncoding('utf8').on('data', piece => {
        body += piece;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    asking.on('error', reject).end();
  });
}

export async function sample(gateway: RunningProgram, series: string): Promise<number> {
  return readSample((await admin(gateway, '/metrics')).body, series);
}

export function holdNextRequest(): Promise<ServerResponse> {
  return new Promise(resolve => {
    upstream.handle = (_req, res) => {
      upstream.handle = answerWithWhatArrived;
      resolve(res);
    };
  });
}

export async function startReady(): Promise<RunningProgram> {
  const gateway = launch(['--config', writeConfig(gatewayYaml())]);
  await gateway.line('listening');
  // It listens before the first fetch of keys has ended.
  await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
  return gateway;
}

export function launch(args: readonly string[], environment: Readonly<Record<string, string>> = {}): RunningProgram {
  return launchProgram(args, { env: { ...process.env, ...NO_CONFIG, ...environment }, cwd: folder });
}

/** Where it listens, once the line `listening` is there. */
export function portsOf(gateway: RunningProgram): Ports {
  const [listening] = gateway.lines('listening');
  if (!listening) throw new Error('it does not listen yet');
  const { port, adminPort } = readPorts(listening);
  return [port, adminPort];
}

export async function runToEnd(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const gateway = launch(args, environment);
  const code = await withTimeout(10_000, gateway.exit, 'it did not exit');
  return { code, stdout: gateway.stdout(), stderr: gateway.stderr() };
}

/** Registers the hooks that start and stop all of this. Called once at the top of a test file. */
export function useProcessFixture(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-process-'));
    [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
    token = await issuer.sign({ claims: { aud: RESOURCE } });
  });

  afterEach(async () => {
    await killPrograms();
    upstream.handle = answerWithWhatArrived;
    upstream.received.length = 0;
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([issuer.close(), upstream.close()]);
  });
}
