/** Exceptions in several workers: they lapse in all of them at once by the clock, and their uses are summed and kept. */

import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  childProcessIds,
  closeGatewayProcesses,
  type GatewayProcess,
  isWhole,
  reloadWith,
  startGatewayProcess,
} from '../../support/gateway-process.ts';
import { statusWithToken } from '../../support/outcome.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';

const SIBLING = 'https://sibling.example/';
const DAY = 86_400_000;
const CLOCK = pathToFileURL(join(import.meta.dirname, '../../support/moved-clock.mjs')).href;
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
const UNTIL = dayOf(Date.now() + 2 * DAY);
const LAPSE = Date.parse(UNTIL) + DAY;
/** Enough for each of two workers to get some. */
const REQUESTS = 20;

let issuer: TokenIssuer;
let upstream: Upstream;
let folder: string;
let excused: string;
let good: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const exp = Math.floor(Date.now() / 1000) + 10 * 86_400;
  excused = await issuer.sign({ claims: { aud: SIBLING, client_id: 'batch', exp } });
  good = await issuer.sign({ claims: { aud: 'https://api.example/', exp } });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-clock-'));
});
afterEach(async () => {
  await closeGatewayProcesses();
  rmSync(folder, { recursive: true });
});
afterAll(() => Promise.all([issuer?.close(), upstream?.close()]));

const yaml = (until: string, owner = 'team-batch', enforcement = 'enforce') => `workers: 2
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /api:
    resource: https://api.example/
    upstream: "${upstream.origin}"
    enforcement: ${enforcement}
    exceptions: [{ client_id: batch, reasons: [wrong_audience], until: ${until}, owner: ${owner} }]
  /sibling: { resource: ${SIBLING}, upstream: "${upstream.origin}" }
`;

const start = (until: string) =>
  startGatewayProcess(yaml(until), { nodeOptions: ['--import', `${CLOCK}?folder=${encodeURIComponent(folder)}`] });

/** Settles when every process has seen the new time. */
async function moveTo(time: number, { child }: GatewayProcess): Promise<void> {
  const ahead = String(time - Date.now());
  writeFileSync(join(folder, 'next'), ahead);
  renameSync(join(folder, 'next'), join(folder, 'ahead'));
  const pids = childProcessIds(child.pid);
  expect(pids).toHaveLength(2);
  const hasSeen = (pid: number) => {
    try {
      return readFileSync(join(folder, String(pid)), 'utf8') === ahead;
    } catch {
      return false;
    }
  };
  await eventually(() => [child.pid ?? 0, ...pids].every(hasSeen));
}

/** Each over a connection of its own. @returns the statuses that occurred. */
async function statuses({ port }: GatewayProcess, token: string): Promise<readonly number[]> {
  const all = await Promise.all(Array.from({ length: REQUESTS }, () => statusWithToken(port, '/api', token)));
  return [...new Set(all)];
}

interface ShownException {
  readonly owner: string;
  readonly until: string;
  readonly days_left: number;
  readonly lapsed: boolean;
  readonly uses: Readonly<Record<string, number>>;
  readonly last_used?: string;
}

async function readExceptions({ adminPort }: GatewayProcess): Promise<readonly ShownException[]> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/status.json`);
  return ((await response.json()) as { exceptions: ShownException[] }).exceptions;
}

const LABELS = '{route="/api",exception="batch"}';
const USED = 'audgate_exceptions_used_total{route="/api",exception="batch",reason="wrong_audience"}';

test('the end of the last day: refused by every worker, without a reload; others go on', async () => {
  const gateway = await start(UNTIL);
  expect(await statuses(gateway, excused)).toEqual([200]);
  await moveTo(LAPSE - 20_000, gateway);
  expect(await statuses(gateway, excused)).toEqual([200]);
  await moveTo(LAPSE, gateway);
  expect(await statuses(gateway, excused)).toEqual([401]);
  expect(await statuses(gateway, good)).toEqual([200]);
  expect(await gateway.sample('audgate_config_reloads_total{outcome="success"}')).toBe(0);
  const page = await gateway.scrape();
  expect(page).toContain(`${USED} ${2 * REQUESTS}\n`);
  expect(page).toContain(`audgate_exception_expiry_timestamp_seconds${LABELS} ${LAPSE / 1000}\n`);
  expect(await readExceptions(gateway)).toMatchObject([
    { lapsed: true, days_left: 0, uses: { wrong_audience: 2 * REQUESTS } },
  ]);
});

test('uses: summed over the workers, and kept over reloads that change the day, the owner and the mode', async () => {
  const gateway = await start(UNTIL);
  expect(await gateway.sample(`audgate_exception_last_used_timestamp_seconds${LABELS}`)).toBe(0);
  const [unused] = await readExceptions(gateway);
  expect(unused).toMatchObject({ owner: 'team-batch', until: UNTIL, lapsed: false, uses: {} });
  expect(unused).not.toHaveProperty('last_used');

  const startedAt = Date.now();
  await statuses(gateway, excused);
  const lastUsed = async () => (await gateway.sample(`audgate_exception_last_used_timestamp_seconds${LABELS}`)) * 1000;
  await eventually(async () => (await lastUsed()) >= startedAt);
  const later = dayOf(Date.now() + 40 * DAY);
  const before = await lastUsed();
  await reloadWith(gateway, yaml(later, 'team-other'));
  await reloadWith(gateway, yaml(later, 'team-other', 'verify'));
  expect(await readExceptions(gateway)).toMatchObject([
    { owner: 'team-other', until: later, uses: { wrong_audience: REQUESTS } },
  ]);
  expect(await lastUsed()).toBe(before);

  await statuses(gateway, excused);
  await eventually(async () => (await gateway.sample(USED)) === 2 * REQUESTS);
});

test('a worker that dies: what it counted stays', async () => {
  const gateway = await start(UNTIL);
  await statuses(gateway, excused);
  await eventually(async () => (await gateway.sample(USED)) === REQUESTS);
  const [before] = await readExceptions(gateway);
  for (const pid of childProcessIds(gateway.child.pid)) process.kill(pid, 'SIGKILL');
  await eventually(async () => (await gateway.sample('audgate_worker_restarts_total')) === 2);
  await eventually(() => isWhole(gateway));
  const [after] = await readExceptions(gateway);
  expect(after).toEqual(before);
});
