/**
 * `audgate probe --all` against what other projects make of a token: the table of docs/explanation/who-checks-audiences.md, which says
 * why each failure is one. PROBE_TABLE=FILE writes what was found there, with the requests and the seconds.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProbeReport } from '../../../src/probe/run.ts';
import { createTestIssuer, idsOf, probeAll } from '../../support/probed/probe-all.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';
import { envoy } from '../front-proxies/proxies/envoy.ts';
import { configureEnvoy, configureFrontNginx, configureHaproxy, writeInto } from './proxies.ts';

const PACKAGES = [
  'express@5.3.0',
  'express-oauth2-jwt-bearer@1.10.0',
  'fastify@5.12.8',
  '@fastify/jwt@10.2.8',
  '@modelcontextprotocol/sdk@1.32.2',
  'jose@6.2.18',
];
const AUDIENCE = 'https://billing.example.com/';
const ISSUER = await createTestIssuer('https://login.example.com/', 'RS256');
const JWKS = JSON.stringify({ keys: [ISSUER.publicJwk] });

const folder = mkdtempSync(join(tmpdir(), 'audgate-probed-'));
const folders = [folder];
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
  for (const each of folders) rmSync(each, { recursive: true });
  if (process.env['PROBE_TABLE'] !== undefined) writeFileSync(process.env['PROBE_TABLE'], formatTable());
});

function exportPem(): string {
  return createPublicKey(ISSUER.key.key).export({ format: 'pem', type: 'spki' }).toString();
}

/** Keeps them for the next time. @returns `undefined` where they cannot be had. */
function installPackages(): string | undefined {
  const hash = createHash('sha256').update(PACKAGES.join()).digest('hex').slice(0, 8);
  const packages = join(tmpdir(), `audgate-probed-packages-${hash}`);
  const isComplete = () => existsSync(join(packages, 'complete'));
  if (isComplete()) return packages;
  mkdirSync(packages, { recursive: true });
  writeFileSync(join(packages, 'package.json'), '{"private":true,"type":"module"}');
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', ...PACKAGES], { cwd: packages });
  if (status !== 0) return undefined;
  writeFileSync(join(packages, 'complete'), '');
  return packages;
}

async function startPackages(): Promise<void> {
  const pem = exportPem();
  const packages = installPackages();
  if (packages === undefined) return;
  // Beneath the packages, so that it finds them.
  const own = mkdtempSync(join(packages, 'run-'));
  folders.push(own);
  const file = join(own, 'npm-servers.mjs');
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
  const { program } = envoy;
  if (program === undefined) return;
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

/** Where nobody compares the audience. */
const ANY_AUDIENCE = [
  'other-audience',
  'id-token',
  'no-audience',
  'audience-substring',
  'audience-case',
  'audience-slash',
  'audience-list',
];
const HAPROXY = ['not-yet-valid', 'exp-as-text', 'crit', 'duplicate-members'];
const ENVOY_ALWAYS = ['crit', 'padded', 'whitespace', 'token-in-query'];

/** Every check that fails: a request that was answered with 200, but for `challenge`, a 401 without a challenge. */
const FAILS: Readonly<Record<string, readonly string[]>> = {
  'express-oauth2-jwt-bearer': ['padded', 'token-in-query'],
  '@fastify/jwt with allowedAud': ['no-audience', 'wrong-issuer', 'challenge'],
  '@fastify/jwt without allowedAud': [
    ...ANY_AUDIENCE,
    'audience-object',
    'wrong-issuer',
    'duplicate-members',
    'challenge',
  ],
  'MCP SDK, audience verified': ['padded', 'whitespace'],
  'MCP SDK, audience not verified': [...ANY_AUDIENCE, 'audience-object', 'duplicate-members', 'padded', 'whitespace'],
  'nginx and HAProxy jwt_verify, aud compared': HAPROXY,
  'nginx and HAProxy jwt_verify, aud not compared': [...ANY_AUDIENCE, 'audience-object', ...HAPROXY],
  'Envoy jwt_authn with audiences': ['audience-slash', ...ENVOY_ALWAYS],
  'Envoy jwt_authn without audiences': [...ANY_AUDIENCE, ...ENVOY_ALWAYS],
};

for (const [name, fails] of Object.entries(FAILS)) {
  test(`${name}: fails what the page says, and nothing else`, async ({ skip }) => {
    const report = await reportOf(name);
    if (!report) return skip('it is not installed, and cannot be had');
    expect(idsOf(report, 'fails').toSorted()).toEqual(fails.toSorted());
  });
}
