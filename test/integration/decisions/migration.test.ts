/**
 * From no check to enforced, as in docs/tutorial/first-week.md: the built gateway and commands, a real authorization server, an API
 * that reads tokens itself, and four clients, of which one is right. From the proposal on all four are under load, until an
 * exception has lapsed. MIGRATION_TRANSCRIPT names a file for what is printed.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Clients, startClients } from '../../load/clients.ts';
import { type AuthorizationServer, type Client, startAuthorizationServer } from '../../support/authorization-server.ts';
import { runExplain, runSimulate } from '../../support/commands.ts';
import type { LogLine } from '../../support/gateway.ts';
import { changeAndSignal, type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { runProgram } from '../../support/program.ts';
import { bearer, headerValues, request } from '../../support/raw-http.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';

const BILLING = 'https://billing.example.com/';
const PROFILE = 'https://profile.example.com/';
const OLD_BILLING = 'https://billing.example.com';
const NOTHING_NAMED = 'urn:example:default';
const INVOICES = '/billing/invoices';
const CONNECTIONS_EACH = 2;
/** Milliseconds between the requests on one connection: the commands that run meanwhile need the CPU, too. */
const REST = 5;
/** Requests of all clients that each step sees. */
const ENOUGH = 200;
const DAY = 86_400_000;
/** The last day of the exception of `nightly-batch`, which its owner has promised. `propose` writes one in 90 days. */
const PROMISED = new Date(Date.now() + 30 * DAY).toISOString().slice(0, 10);
const LAPSE = Date.parse(PROMISED) + DAY;
/** Milliseconds of load before the lapse, by the clock that is put forward. */
const BEFORE_LAPSE = 1_000;
const CLOCK = pathToFileURL(join(import.meta.dirname, '../../support/shifted-clock.mjs'));

/** The resource that each requests its token for on Monday, and how often it calls. */
const CLIENTS = {
  'web-shop': { resource: BILLING, scope: 'billing:read', calls: 120 },
  'mobile-app': { resource: OLD_BILLING, scope: 'billing:read', calls: 40 },
  'invoice-export': { resource: PROFILE, scope: 'profile:read', calls: 12 },
  'nightly-batch': { scope: 'billing:read', calls: 3 },
} as const;
type Name = keyof typeof CLIENTS;
type Tokens = Readonly<Record<Name, string>>;
const NAMES = Object.keys(CLIENTS) as Name[];
const CALLS = NAMES.reduce((sum, name) => sum + CLIENTS[name].calls, 0);
const CREDENTIALS = Object.fromEntries(
  NAMES.map(name => [name, { clientId: name, clientSecret: `${name}-secret` }]),
) as Readonly<Record<Name, Client>>;

let server: AuthorizationServer;
let billing: Upstream;
let gateway: GatewayProcess;
/** Where the operator works. It has `audgate.yaml`, which is deployed to the gateway. */
let folder: string;
const transcript: string[] = [];

beforeAll(async () => {
  server = await startAuthorizationServer({
    issuer: 'https://login.example.com',
    clients: Object.values(CREDENTIALS),
    defaultResource: NOTHING_NAMED,
    // Longer than the exception, by the clock that is put forward.
    accessTokenTtl: (60 * DAY) / 1000,
    resources: [
      { resource: BILLING, scopes: ['billing:read'] },
      { resource: OLD_BILLING, scopes: ['billing:read'] },
      { resource: PROFILE, scopes: ['profile:read'] },
      { resource: NOTHING_NAMED, scopes: ['billing:read'], audience: [] },
    ],
  });
  // The API as it was before: it requires a token and does not check its audience.
  billing = await startUpstream({
    handle: (req, res) => res.writeHead(req.headers.authorization?.startsWith('Bearer ') ? 200 : 401).end('invoices'),
  });
  folder = mkdtempSync(join(tmpdir(), 'audgate-migration-'));
  CLOCK.searchParams.set('folder', folder);
  gateway = await startGatewayProcess(mondayYaml(), { nodeOptions: [`--import=${CLOCK.href}`] });
  write('audgate.yaml', gateway.configure(mondayYaml()));
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([server?.close(), billing?.close()]);
  rmSync(folder, { recursive: true, force: true });
  const file = process.env['MIGRATION_TRANSCRIPT'];
  if (file !== undefined) writeFileSync(file, transcript.join('\n'));
});

function mondayYaml(): string {
  return `
issuers:
  ${server.issuer}: { jwks_uri: ${server.jwksUri} }

routes:
  /billing: # the one that has clients
    resource: ${BILLING}
    upstream: ${billing.origin}
    multiple_audiences: known
    scopes: [billing:read]
    enforcement: report
    upstream_token: forward
  /profile:
    resource: ${PROFILE}
    upstream: ${billing.origin}
    multiple_audiences: known
    scopes: [profile:read]
`;
}

test('from report to enforce with exceptions, under load: no request fails until one lapses, then those of its client only', async () => {
  const tokens = await requestTokens();
  await call(tokens, 'nothing changes for anybody');
  await seeOnMetricsPageAndLog();
  await explainEachCause(tokens);

  const load = startLoad(tokens);
  await propose();
  await applyPatch();
  await deploy();
  nameOwners();
  await deploy();
  await enforce();
  await refuseOthers();
  await lapse();
  await stopLoad(load);
}, 180_000);

async function requestTokens(): Promise<Tokens> {
  const ask = async (name: Name) => {
    const { calls: _, ...target } = CLIENTS[name];
    const answer = await server.requestToken({ ...CREDENTIALS[name], ...target });
    return [name, answer.accessToken] as const;
  };
  return Object.fromEntries(await Promise.all(NAMES.map(ask))) as Tokens;
}

/** Every client calls the API, each on a connection that it keeps. */
async function call(tokens: Tokens, promise: string): Promise<void> {
  const logged = gateway.lines('request').length;
  const callAll = async (name: Name) => {
    const agent = new Agent({ keepAlive: true });
    for (let left = CLIENTS[name].calls; left > 0; left--) {
      expect(await callOnce(agent, tokens[name]), `${promise}: ${name}`).toBe(200);
    }
    agent.destroy();
  };
  await Promise.all(NAMES.map(callAll));
  await gateway.line('request', logged + CALLS);
}

function callOnce(agent: Agent, token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get({ port: gateway.port, path: INVOICES, agent, headers }, response => {
      response.once('end', () => resolve(response.statusCode)).resume();
    }).once('error', reject);
  });
}

async function seeOnMetricsPageAndLog(): Promise<void> {
  const lines = (await gateway.scrape()).split('\n').filter(line => /_total\{.*"forwarded"\} [1-9]/.test(line));
  say("curl -s 127.0.0.1:9090/metrics | grep 'forwarded\"} [1-9]'", lines.join('\n'));
  const counted = (presented: string, count: number) =>
    `audgate_confused_deputy_rejections_total{route="/billing",resource="${BILLING}",presented="${presented}",issuer="${server.issuer}",action="forwarded"} ${count}`;
  expect(lines.toSorted()).toEqual(
    [
      counted(PROFILE, 12),
      counted('foreign', 40),
      counted('missing', 3),
      'audgate_denials_total{route="/billing",reason="wrong_audience",action="forwarded"} 55',
    ].toSorted(),
  );

  const matrix = await readMatrix();
  say('the status page: token for → used at', matrix.map(row => row.join(' | ')).join('\n'));
  const column = matrix[0]?.indexOf('/billing') ?? -1;
  const cellOf = (presented: string) => matrix.find(([name]) => name?.startsWith(presented))?.[column];
  expect([PROFILE, 'foreign', 'missing'].map(cellOf)).toEqual(['12 forwarded', '40 forwarded', '3 forwarded']);

  const line = gateway.lines('request').find(({ client_id }) => client_id === 'invoice-export');
  say('a line of the access log', JSON.stringify(line));
  expect(line).toMatchObject({ outcome: 'reported', reason: 'wrong_audience', status: 200, enforcement: 'report' });
  expect(line).toMatchObject({ aud: [PROFILE], resource: BILLING, iss: server.issuer });
}

/** The rows of the matrix on the status page, as text. */
async function readMatrix(): Promise<string[][]> {
  const page = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/`)).text();
  const [table = ''] = /<table class="matrix">.*?<\/table>/s.exec(page) ?? [];
  const textOf = (cell: string) => cell.replace(/<[^>]*>/g, '').trim();
  const cellsOf = (row: string) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => textOf(cell));
  return [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) => cellsOf(row));
}

async function explainEachCause(tokens: Tokens): Promise<void> {
  const causes: Readonly<Record<Name, readonly string[]>> = {
    'web-shop': ['\nforwarded\n'],
    'mobile-app': ['^ trailing slash', `/billing.audiences: add "${OLD_BILLING}"`],
    'invoice-export': [`forwarded, and reported: wrong_audience, presented: ${PROFILE}`, `resource=${BILLING}`],
    'nightly-batch': ['forwarded, and reported: wrong_audience, presented: missing', `resource=${BILLING}`],
  };
  for (const name of NAMES) {
    const url = `https://api.example.com${INVOICES}`;
    const { code, stdout } = await runExplain(
      ['--config', join(folder, 'audgate.yaml'), '--token-file', '-', url],
      tokens[name],
    );
    expect(code).toBe(0);
    for (const part of causes[name]) expect(stdout).toContain(part);
  }
}

type Load = Readonly<Record<Name, Clients>>;

function startLoad(tokens: Tokens): Load {
  const start = (name: Name) =>
    [name, startClients(gateway.port, CONNECTIONS_EACH, tokens[name], INVOICES, REST)] as const;
  return Object.fromEntries(NAMES.map(start)) as Load;
}

/** @returns the requests of the load since the last step, once there are enough. */
async function moreRequests(): Promise<void> {
  await gateway.line('request', gateway.lines('request').length + ENOUGH);
}

/** The proposal from the log so far: the alias, and an exception for each of the two that have no token for the API. */
async function propose(): Promise<void> {
  await moreRequests();
  write('access.ndjson', gateway.stdout());
  const { code, stdout } = await run(['propose', '--config', 'audgate.yaml', 'access.ndjson']);
  expect(code).toBe(3);
  write('proposal.patch', stdout);
  const added = stdout.split('\n').filter(line => /^[+-]/.test(line));
  const entry = (client: string, reasons: string, presented: string) =>
    expect.stringMatching(
      new RegExp(
        `^\\+ +- \\{ client_id: ${client}, reasons: \\[${reasons}\\], presented: ${presented}, until: [0-9-]{10}, owner: TODO \\}$`,
      ),
    );
  const evidence = (client: string) => expect.stringMatching(new RegExp(`^\\+ +# ${client}: \\d+ requests, `));
  expect(added).toEqual([
    '--- a/audgate.yaml',
    '+++ b/audgate.yaml',
    '+    audiences:',
    expect.stringContaining('trailing slash'),
    evidence('mobile-app'),
    `+      - ${OLD_BILLING}`,
    '+    exceptions:',
    evidence('invoice-export'),
    entry('invoice-export', 'wrong_audience, insufficient_scope', PROFILE),
    evidence('nightly-batch'),
    entry('nightly-batch', 'wrong_audience', 'missing'),
  ]);
}

/** Nobody is named yet, which only `simulate` overlooks: it finds nobody who would break. */
async function applyPatch(): Promise<void> {
  const patched = spawnSync('patch', ['-p1', '--input', 'proposal.patch'], { cwd: folder, encoding: 'utf8' });
  say('patch -p1 < proposal.patch', patched.stdout);
  expect(patched).toMatchObject({ status: 0, stdout: 'patching file audgate.yaml\n' });
  write('enforce.yaml', read('audgate.yaml').replace('enforcement: report', 'enforcement: enforce'));
  const files = { config: join(folder, 'enforce.yaml'), log: join(folder, 'access.ndjson') };
  const simulated = await runSimulate({ ...files, json: false });
  say('audgate simulate --config enforce.yaml access.ndjson; echo $?', `${simulated.stdout}${simulated.code}`);
  expect(simulated).toMatchObject({ code: 3, stdout: expect.stringMatching(/\b0 {2}would break/) });
}

function nameOwners(): void {
  const [first, second, ...others] = read('audgate.yaml').split('owner: TODO');
  expect(others).toHaveLength(1);
  const named = `${first}owner: team-reports${second}owner: team-billing${others[0]}`;
  write('audgate.yaml', named.replace(/(client_id: nightly-batch.*until: )[\d-]+/, `$1${PROMISED}`));
}

/** Saves the file for the gateway, and waits until it serves it, or has refused it while nobody is named as owner. */
async function deploy(): Promise<void> {
  const text = read('audgate.yaml');
  const message = text.includes('owner: TODO') ? 'reload failed' : 'configuration loaded';
  const before = gateway.lines(message).length;
  await changeAndSignal(gateway.child, () => writeFileSync(gateway.file, text));
  const line = await gateway.line(message, before + 1);
  if (message === 'reload failed') expect(JSON.stringify(line)).toContain('exceptions[0].owner');
  await moreRequests();
}

async function enforce(): Promise<void> {
  write('audgate.yaml', read('audgate.yaml').replace('enforcement: report', 'enforcement: enforce'));
  await deploy();
  const used = (client: string, reason: string) =>
    gateway.sample(`audgate_exceptions_used_total{route="/billing",exception="${client}",reason="${reason}"}`);
  await eventually(async () => (await used('nightly-batch', 'wrong_audience')) > 0);
  await eventually(async () => (await used('invoice-export', 'insufficient_scope')) > 0);
  expect(await used('nightly-batch', 'insufficient_scope')).toBe(0);
}

/** What is excused to one client is refused to another with the very same audience. */
async function refuseOthers(): Promise<void> {
  const { accessToken } = await server.requestToken({
    ...CREDENTIALS['web-shop'],
    resource: PROFILE,
    scope: 'profile:read',
  });
  const path = '/billing/replayed';
  const answer = await request(gateway.port, { path, headers: [bearer(accessToken)] });
  const [challenge = ''] = headerValues(answer.headers, 'www-authenticate');
  say(
    'the token of a sibling, from a client without an exception',
    `${answer.status} ${challenge}
${answer.body}`,
  );
  expect(answer.status).toBe(401);
  expect(challenge).toMatch(/^Bearer error="invalid_token", .*scope="billing:read", resource_metadata="https:/);
  expect(billing.received.filter(({ url }) => url === path)).toEqual([]);
  const series = (action: string) =>
    `audgate_confused_deputy_rejections_total{route="/billing",resource="${BILLING}",presented="${PROFILE}",issuer="${server.issuer}",action="${action}"}`;
  await eventually(async () => (await gateway.sample(series('refused'))) === 1);
}

/** Puts the clock forward to a second before the end of an exception, and waits for the second behind it. */
async function lapse(): Promise<void> {
  write('shift', String(LAPSE - BEFORE_LAPSE - Date.now()));
  const isBehind = (line: LogLine | undefined) => Date.parse(String(line?.['time'])) > LAPSE + BEFORE_LAPSE;
  await eventually(() => isBehind(gateway.lines('request').at(-1)));
}

async function stopLoad(load: Load): Promise<void> {
  const tallies = await Promise.all(NAMES.map(async name => ({ name, ...(await load[name].stop()) })));
  const answered = tallies.reduce((sum, tally) => sum + tally.answered, 0);
  await gateway.line('request', CALLS + answered + 1);
  for (const { name, refused, failures, statuses, answered: own } of tallies) {
    const denied = name === 'nightly-batch' ? (statuses['401'] ?? 0) : 0;
    expect({ name, refused, failures, ok: statuses['200'] }).toEqual({
      name,
      refused: 0,
      failures: {},
      ok: own - denied,
    });
  }
  compareWithLog(
    gateway
      .lines('request')
      .slice(CALLS)
      .filter(({ path }) => path === INVOICES),
  );
}

/** Before the lapse all are answered as ever; behind it one client is refused, and only that one. */
function compareWithLog(lines: readonly LogLine[]): void {
  // A request is decided on between its begin and the time of its line, which are rounded to milliseconds.
  const timeOf = (line: LogLine) => Date.parse(String(line['time']));
  const before = lines.filter(line => timeOf(line) < LAPSE);
  const behind = lines.filter(line => timeOf(line) - Number(line['duration_ms']) >= LAPSE + 2);
  const count = (part: readonly LogLine[]) => {
    const counts: Record<string, number> = {};
    for (const { client_id, enforcement, outcome, reason = '-', exception = '-', status } of part) {
      const key = [client_id, enforcement, outcome, reason, exception, status].join(' ');
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  };
  say('before the lapse', JSON.stringify(count(before), null, 2));
  say('behind it', JSON.stringify(count(behind), null, 2));
  const steady = ['web-shop enforce forwarded - - 200', 'mobile-app enforce forwarded - - 200'];
  const excused = 'invoice-export enforce reported wrong_audience invoice-export 200';
  expect(Object.keys(count(behind)).sort()).toEqual(
    [excused, ...steady, 'nightly-batch enforce denied wrong_audience - 401'].sort(),
  );
  expect(Object.keys(count(before)).sort()).toEqual(
    [
      ...[excused, ...steady, 'nightly-batch enforce reported wrong_audience nightly-batch 200'],
      ...['web-shop', 'mobile-app'].map(name => `${name} report forwarded - - 200`),
      ...['mobile-app', 'invoice-export', 'nightly-batch'].map(name => `${name} report reported wrong_audience - 200`),
    ].sort(),
  );
  const first = lines.find(({ client_id, status }) => client_id === 'nightly-batch' && status === 401);
  const last = before.findLast(({ client_id }) => client_id === 'nightly-batch');
  say('around the lapse', `last ${last?.['time']} ${last?.['status']}, first ${first?.['time']} ${first?.['status']}`);
}

function read(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** Runs the program in the operator's folder, and notes what it prints. */
async function run(args: readonly string[]) {
  const finished = await runProgram(args, { cwd: folder });
  say(`audgate ${args.join(' ')}; echo $?`, `${finished.stdout}${finished.stderr}${finished.code}`);
  return finished;
}

function say(title: string, text: string): void {
  transcript.push(`## ${title}`, '', text, '');
}
