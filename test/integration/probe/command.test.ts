/** `audgate probe` as a program: what it sends and never sends, what it prints and never prints, and how it ends. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { createTestIssuer } from '../../support/probed/probe-all.ts';
import { startProbedApi } from '../../support/probed/probed-api.ts';
import { type Finished, runProgram } from '../../support/program.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { type Handle, startUpstream, type Upstream } from '../../support/upstream.ts';

const folder = mkdtempSync(join(tmpdir(), 'audgate-probe-'));
const running: { close(): Promise<void> }[] = [];
let tokens: TokenIssuer;
const sent = new Map<string, string>();

beforeEach(async () => {
  tokens = await startTokenIssuer();
  running.push(tokens);
  sent.clear();
  await place('right', { aud: 'https://billing.example.com/' });
  await place('other', { aud: 'https://profile.example.com/' });
});

afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

async function place(name: string, claims: Record<string, unknown>): Promise<string> {
  const token = await tokens.sign({ claims });
  sent.set(name, token);
  writeFileSync(join(folder, name), `${token}\n`);
  return token;
}

const probe = (...args: readonly string[]) => runProgram(['probe', ...args, '--rate', '50/s'], { cwd: folder });
const GIVEN = ['--token-file', 'right', '--other-token-file', 'other'];

async function startApi(handle: Handle): Promise<Upstream> {
  const api = await startUpstream({ handle });
  running.push(api);
  return api;
}

const openToAll: Handle = (req, res) => res.writeHead(req.headers.authorization ? 200 : 401).end();

function expectNoToken({ stdout, stderr }: Finished): void {
  for (const token of sent.values()) {
    for (const part of token.split('.')) expect(stdout + stderr).not.toContain(part);
  }
}

test('an API that accepts any token: exit 2, the confused deputy in the second line, no token in the output', async () => {
  const api = await startApi(openToAll);
  const finished = await probe(`${api.origin}/billing`, ...GIVEN);
  expect(finished.code).toBe(2);
  const [target, verdict] = finished.stdout.split('\n');
  expect(target).toBe(`GET ${api.origin}/billing`);
  expect(verdict).toMatch(/^FAILS: accepts tokens issued for another API/);
  expectNoToken(finished);
});

test('its remedy: a configuration without errors, with the issuer and the audience of the right token', async () => {
  const api = await startApi(openToAll);
  const { stdout } = await probe(`${api.origin}/billing`, ...GIVEN, '--json');
  const { yaml } = JSON.parse(stdout) as { yaml: string };
  const file = join(folder, 'remedy.yaml');
  writeFileSync(file, yaml);
  const loaded = loadConfig(file, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  expect([...loaded.config.issuers.keys()]).toEqual([tokens.issuer]);
  expect(loaded.config.routes).toMatchObject([{ prefix: '/billing', resource: 'https://billing.example.com/' }]);
});

test('--json: verdict and checks, each with id, clause, sent, got, verdict and remedy', async () => {
  const api = await startApi(openToAll);
  const { stdout, code } = await probe(`${api.origin}/billing`, ...GIVEN, '--all', '--json');
  const report = JSON.parse(stdout) as { verdict: string; checks: Record<string, string>[] };
  expect([code, report.verdict, report.checks[0]?.['id']]).toEqual([2, 'fails', 'other-audience']);
  for (const check of report.checks) {
    expect(Object.keys(check)).toEqual(expect.arrayContaining(['id', 'clause', 'sent', 'got', 'verdict', 'remedy']));
    expect(['holds', 'fails', 'unclear', 'not_run']).toContain(check['verdict']);
  }
  const notRun = report.checks.filter(({ verdict }) => verdict === 'not_run').map(({ id }) => id);
  expect(notRun).toEqual(expect.arrayContaining(['no-audience', 'wrong-issuer', 'crit', 'expired', 'path-readings']));
});

test('requests: they say what they are, and are no more than a dozen', async () => {
  const api = await startApi(openToAll);
  await probe(`${api.origin}/billing?page=2`, ...GIVEN);
  const agents = api.received.map(({ rawHeaders }) => rawHeaders.find(([name]) => name === 'User-Agent')?.[1]);
  expect(new Set(agents)).toEqual(new Set(['audgate-probe (tests whether this API checks its access tokens)']));
  expect(api.received.length).toBeLessThanOrEqual(12);
  expect(new Set(api.received.map(({ method }) => method))).toEqual(new Set(['GET']));
  expect(api.received[0]?.url).toBe('/billing?page=2');
});

test('a redirect: not followed, and no verdict', async () => {
  const elsewhere = await startApi((_req, res) => res.end());
  const api = await startApi((_req, res) => res.writeHead(302, { location: elsewhere.origin }).end());
  const { code, stdout } = await probe(api.origin, ...GIVEN);
  expect(code).toBe(1);
  expect(stdout).toContain('a redirect, which the probe does not follow');
  expect(elsewhere.received).toEqual([]);
});

test('429: nothing more is sent, exit 1', async () => {
  const api = await startApi((_req, res) => res.writeHead(api.received.length > 4 ? 429 : 200).end());
  api.handle = (req, res) => {
    const status = req.headers.authorization === `Bearer ${sent.get('right')}` ? 200 : 401;
    res.writeHead(api.received.length > 4 ? 429 : status).end();
  };
  const { code, stdout } = await probe(api.origin, ...GIVEN, '--all');
  expect([code, api.received.length]).toEqual([1, 5]);
  expect(stdout).toContain('not judged: stopped: the server answered 429');
});

test('an API that breaks, for the right token too: nothing more is sent, exit 1', async () => {
  const api = await startApi((_req, res) => res.end());
  api.handle = (req, res) => {
    const status = req.headers.authorization === `Bearer ${sent.get('right')}` ? 200 : 401;
    res.writeHead(api.received.length > 4 ? 503 : status).end();
  };
  const { code, stdout } = await probe(api.origin, ...GIVEN, '--all');
  expect([code, api.received.length]).toEqual([1, 8]);
  expect(stdout).toContain('stopped: 3 requests in a row without an answer, or with 5xx');
});

test('an API that refuses the right token: two requests, exit 1', async () => {
  const api = await startApi((_req, res) => res.writeHead(403).end());
  const { code, stdout } = await probe(api.origin, ...GIVEN);
  expect([code, api.received.length]).toEqual([1, 2]);
  expect(stdout).toContain('not judged: the right token: it gets 403');
});

test("without another API's token: the audience is not judged, exit 1", async () => {
  const api = await startApi((req, res) => {
    res.writeHead(req.headers.authorization === `Bearer ${sent.get('right')}` ? 200 : 401).end();
  });
  const { code, stdout } = await probe(api.origin, '--token-file', 'right');
  expect(code).toBe(1);
  expect(stdout).toContain('needs --other-token-file or --mint-key');
});

test.each([
  [['https://billing.example.com/', ...GIVEN], 'billing.example.com is not this machine'],
  [['http://user:secret@127.0.0.1/', ...GIVEN], 'the URL has a name or a password in it'],
  [['http://127.0.0.1/', '--token-file', '-', '--other-token-file', '-'], 'standard input, -, holds one token'],
  [['http://127.0.0.1/', ...GIVEN, '--header', 'Authorization: Basic a2V5'], 'a field that the probe writes itself'],
  [['http://127.0.0.1/', '--token-file', 'absent'], '--token-file cannot be read'],
  [['http://127.0.0.1/', '--mint-key', 'right', '--issuer', 'https://a.example'], '--mint-key needs --resource'],
  [['http:/127.0.0.1/', ...GIVEN], 'the URL is no absolute http:// or https:// URL'],
  [['http://127.0.0.1\\@example.com/', ...GIVEN], 'the URL is no absolute http:// or https:// URL'],
  [['http://127.0.0.1/', ...GIVEN, '--jwks', 'keys.json'], '--jwks is no absolute http:// or https:// URL'],
  [['http://127.0.0.1/'], 'probe needs a token that the API accepts'],
])('arguments %j: exit 1, nothing is sent', async (args, message) => {
  const { code, stderr, stdout } = await probe(...args);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('secret');
});

test('a token as an argument: refused, and not repeated', async () => {
  const finished = await probe('http://127.0.0.1/', '--token-file', sent.get('right') ?? '');
  expect(finished.code).toBe(1);
  expectNoToken(finished);
});

test('--junit: a failure for each check that fails', async () => {
  const api = await startApi(openToAll);
  await probe(api.origin, ...GIVEN, '--junit', 'report.xml');
  const xml = readFileSync(join(folder, 'report.xml'), 'utf8');
  expect(xml).toMatch(/<testsuite name="GET [^"]*" tests="8" failures="3" errors="0" skipped="3"/);
  expect(xml).toContain('<failure message="accepts tokens issued for another API">');
});

test('--mint-key: the right token has the scope that the challenge asks for', async () => {
  const issuer = await createTestIssuer('https://login.example.com');
  writeFileSync(join(folder, 'key.jwk'), issuer.privateJwk);
  tokens.jwks = { keys: [issuer.publicJwk] };
  const gateway = await startExample(issuer.issuer);
  const minting = ['--mint-key', 'key.jwk', '--issuer', issuer.issuer, '--resource', 'https://billing.example.com/'];
  const { code, stdout } = await probe(`${gateway.origin}/billing`, ...minting, '--json');
  expect([code, JSON.parse(stdout).verdict]).toEqual([0, 'holds']);
});

test('--mint-key: the scope that a refusal names (403) is asked for, too, and a token without it is one of the tokens', async () => {
  const issuer = await createTestIssuer('https://login.example.com');
  writeFileSync(join(folder, 'key.jwk'), issuer.privateJwk);
  const api = await startApi((req, res) => {
    const payload = req.headers.authorization?.split('.')[1];
    const claims = Buffer.from(payload ?? '', 'base64url').toString();
    if (claims.includes('"scope":"items:read"')) return res.end();
    const challenge = payload ? 'Bearer error="insufficient_scope", scope="items:read"' : 'Bearer';
    return res.writeHead(payload ? 403 : 401, { 'www-authenticate': challenge }).end();
  });
  const minting = ['--mint-key', 'key.jwk', '--issuer', issuer.issuer, '--resource', 'https://items.example.com/'];
  const { stdout } = await probe(api.origin, ...minting, '--all', '--json');
  const { checks } = JSON.parse(stdout) as { checks: { id: string; verdict: string }[] };
  const verdicts = new Map(checks.map(({ id, verdict }) => [id, verdict]));
  expect([verdicts.get('right-token'), verdicts.get('missing-scope')]).toEqual(['holds', 'holds']);
  expect(verdicts.get('other-audience')).toBe('fails');
});

test('--config: every protected route, each with the tokens that are for it', async () => {
  const gateway = await startExample(tokens.issuer);
  await place('right', { aud: 'https://billing.example.com/', scope: 'billing:read' });
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, exampleYaml(tokens.issuer, 'http://127.0.0.1:9'));
  const { code, stdout } = await probe('--config', file, '--base', gateway.origin, ...GIVEN, '--json');
  const { verdict, routes } = JSON.parse(stdout) as { verdict: string; routes: Record<string, string>[] };
  expect([code, verdict]).toEqual([0, 'holds']);
  expect(routes.map(({ route, verdict: each }) => [route, each])).toEqual([
    ['/billing', 'holds'],
    ['/profile', 'holds'],
  ]);
});

test('the right API: exit 0', async () => {
  const issuer = await createTestIssuer('https://login.example.com');
  writeFileSync(join(folder, 'key.jwk'), issuer.privateJwk);
  const keys = [issuer.publicJwk as Record<string, unknown>];
  const api = await startProbedApi({ issuer: issuer.issuer, keys, mistake: undefined });
  running.push(api);
  const minting = ['--mint-key', 'key.jwk', '--issuer', issuer.issuer, '--resource', api.resource];
  const { code, stdout } = await probe(api.url, ...minting, '--all', '--strict');
  expect(stdout).toContain('holds: refuses tokens issued for another API');
  expect(code).toBe(0);
});

function exampleYaml(issuer: string, upstream: string): string {
  return `
issuers:
  ${issuer}: { jwks_uri: ${tokens.jwksUri} }
routes:
  /billing: { resource: https://billing.example.com/, upstream: "${upstream}", scopes: [billing:read] }
  /profile: { resource: https://profile.example.com/, upstream: "${upstream}" }
  /public: { public: true, upstream: "${upstream}" }
`;
}

async function startExample(issuer: string): Promise<RunningGateway> {
  const upstream = await startApi((_req, res) => res.end('{}'));
  const gateway = await startGateway(exampleYaml(issuer, upstream.origin));
  running.push(gateway);
  return gateway;
}
