/**
 * From no check to enforced, as in docs/tutorial/first-week.md: the built gateway and commands, a real authorization server, an API
 * that reads tokens itself, and four clients, of which one is right. MIGRATION_TRANSCRIPT names a file for what they print.
 */

import { writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startClients } from '../../load/clients.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../../support/authorization-server.ts';
import type { LogLine } from '../../support/gateway.ts';
import { type GatewayProcess, reloadWith, startGatewayProcess } from '../../support/gateway-process.ts';
import { runProgram } from '../../support/program.ts';
import { bearer, headerValues, request } from '../../support/raw-http.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const BILLING = 'https://billing.example.com/';
const PROFILE = 'https://profile.example.com/';
const OLD_BILLING = 'https://billing.example.com';
const NOTHING_NAMED = 'urn:example:default';
const INVOICES = '/billing/invoices';
const CONNECTIONS_EACH = 2;

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

let server: AuthorizationServer;
let billing: Upstream;
let gateway: GatewayProcess;
const transcript: string[] = [];

beforeAll(async () => {
  server = await startAuthorizationServer({
    issuer: 'https://login.example.com',
    clients: NAMES.map(clientId => ({ clientId, clientSecret: `${clientId}-secret` })),
    defaultResource: NOTHING_NAMED,
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
  gateway = await startGatewayProcess(migrationYaml('report'));
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([server?.close(), billing?.close()]);
  const file = process.env['MIGRATION_TRANSCRIPT'];
  if (file !== undefined) writeFileSync(file, transcript.join('\n'));
});

function migrationYaml(enforcement: 'report' | 'enforce', alias?: string): string {
  return `
issuers:
  ${server.issuer}: { jwks_uri: ${server.jwksUri} }

routes:
  /billing:
    resource: ${BILLING}
${alias === undefined ? '' : `    audiences: [${alias}]\n`}    upstream: ${billing.origin}
    multiple_audiences: known
    scopes: [billing:read]
    enforcement: ${enforcement}
    upstream_token: forward
  /profile:
    resource: ${PROFILE}
    upstream: ${billing.origin}
    multiple_audiences: known
    scopes: [profile:read]
`;
}

test('from report to enforce with real clients: no request fails on the way', async () => {
  const before = await requestTokens();
  await call(before, 'nothing changes for anybody');
  await seeOnMetricsPageAndLog();
  await explainEachCause(before);
  const then = await simulate('before.ndjson', gateway.lines());
  expect(then).toMatchObject({ code: 3, stdout: expect.stringMatching(/\b55 {2}would break/) });

  const mendedAt = gateway.lines().length;
  await reloadWith(gateway, migrationYaml('report', OLD_BILLING));
  const after = await requestTokens(['invoice-export', 'nightly-batch']);
  await call(after, 'nothing changes for those who were mended');
  const now = await simulate('after.ndjson', gateway.lines().slice(mendedAt));
  expect(now).toMatchObject({ code: 0, stdout: expect.stringMatching(/\b0 {2}would break/) });
  expect(now.stdout).toMatch(new RegExp(`\\b${CALLS} {2}unchanged`));

  await enforceUnderLoad(after);
  await refuseTheSibling(before['invoice-export']);
}, 180_000);

/** @param fixed the clients that request the right resource by now. */
async function requestTokens(fixed: readonly Name[] = []): Promise<Tokens> {
  const ask = async (name: Name) => {
    const { calls: _, ...right } = CLIENTS[fixed.includes(name) ? 'web-shop' : name];
    const answer = await server.requestToken({ clientId: name, clientSecret: `${name}-secret`, ...right });
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
    const args = ['explain', '--config', 'audgate.yaml', '--token-file', '-', `https://api.example.com${INVOICES}`];
    const { code, stdout } = await runInFolder(args, tokens[name]);
    say(`audgate ${args.join(' ')} < ${name}.jwt`, stdout);
    expect(code).toBe(0);
    for (const part of causes[name]) expect(stdout).toContain(part);
  }
}

/** What the next configuration would refuse of the requests of `lines`. */
async function simulate(name: string, lines: readonly LogLine[]) {
  writeFileSync(join(folder(), name), lines.map(line => `${JSON.stringify(line)}\n`).join(''));
  const alias = name === 'after.ndjson' ? OLD_BILLING : undefined;
  writeFileSync(join(folder(), 'enforce.yaml'), gateway.configure(migrationYaml('enforce', alias)));
  const args = ['simulate', '--config', 'enforce.yaml', name];
  const finished = await runInFolder(args);
  say(`audgate ${args.join(' ')}; echo $?`, `${finished.stdout}${finished.code}`);
  return finished;
}

async function enforceUnderLoad(tokens: Tokens): Promise<void> {
  const first = gateway.lines('request').length;
  const clients = NAMES.map(name => startClients(gateway.port, CONNECTIONS_EACH, tokens[name], INVOICES));
  await gateway.line('request', first + 200);
  await reloadWith(gateway, migrationYaml('enforce', OLD_BILLING));
  await gateway.line('request', gateway.lines('request').length + 200);
  const tallies = await Promise.all(clients.map(client => client.stop()));
  const answered = tallies.reduce((sum, tally) => sum + tally.answered, 0);
  await gateway.line('request', first + answered);

  const lines = gateway.lines('request').slice(first);
  const on = (enforcement: string) => lines.filter(line => line['enforcement'] === enforcement).length;
  const failed = tallies.reduce((sum, { refused, failures, statuses, answered: own }) => {
    return sum + refused + Object.keys(failures).length + own - (statuses['200'] ?? 0);
  }, 0);
  say(
    'enforced under load',
    `${answered} answered, ${on('report')} on report, ${on('enforce')} on enforce; failed ${failed}`,
  );
  for (const { statuses, failures, refused, answered: own } of tallies) {
    expect({ statuses, failures, refused }).toEqual({ statuses: { 200: own }, failures: {}, refused: 0 });
  }
  expect(Math.min(on('report'), on('enforce'))).toBeGreaterThanOrEqual(200);
  expect(lines.filter(line => line['outcome'] !== 'forwarded')).toEqual([]);
  expect(await gateway.sample('audgate_config_reloads_total{outcome="success"}')).toBe(2);
}

async function refuseTheSibling(token: string): Promise<void> {
  const received = billing.received.length;
  const answer = await request(gateway.port, { path: INVOICES, headers: [bearer(token)] });
  const [challenge = ''] = headerValues(answer.headers, 'www-authenticate');
  const series = (action: string) =>
    `audgate_confused_deputy_rejections_total{route="/billing",resource="${BILLING}",presented="${PROFILE}",issuer="${server.issuer}",action="${action}"}`;
  say('the token of the sibling, tried again', `${answer.status} ${challenge}\n${answer.body}`);
  say('and counted', `${series('refused')} ${await gateway.sample(series('refused'))}`);
  expect(answer.status).toBe(401);
  expect(challenge).toMatch(/^Bearer error="invalid_token", .*scope="billing:read", resource_metadata="https:/);
  expect(billing.received).toHaveLength(received);
  expect(await gateway.sample(series('refused'))).toBe(1);
  expect(await gateway.sample(series('forwarded'))).toBe(12);
  expect((await readMatrix()).flat()).toContain('1 refused12 forwarded');
}

function folder(): string {
  return dirname(gateway.file);
}

function runInFolder(args: readonly string[], input = '') {
  return runProgram(args, { input, cwd: folder() });
}

function say(title: string, text: string): void {
  transcript.push(`## ${title}`, '', text, '');
}
