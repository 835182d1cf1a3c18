/** docs/tutorial/first-week.md, from Monday to Friday: its commands against a real gateway, and five clients between them. Needs `npm run build` before. */

import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { request } from '../support/raw-http.ts';
import { eventually } from '../support/waiting.ts';
import { findDifferences } from './console.ts';
import { readPages } from './markdown.ts';
import { ISSUER, startWorld, type World } from './world.ts';

const BILLING = 'https://billing.example.com/';
/** How often each client calls, and what its token is for. */
const CLIENTS = {
  'web-shop': { calls: 120, claims: { aud: BILLING, scope: 'billing:read' } },
  'mobile-app': { calls: 40, claims: { aud: 'https://billing.example.com', scope: 'billing:read' } },
  'invoice-export': { calls: 12, claims: { aud: 'https://profile.example.com/', scope: 'profile:read' } },
  'partner-portal': { calls: 5, claims: { aud: BILLING, scope: 'openid' } },
  'nightly-batch': { calls: 3, claims: { scope: 'billing:read' } },
} as const;
const CALLS = Object.values(CLIENTS).reduce((sum, { calls }) => sum + calls, 0);

const page = readPages().find(({ path }) => path === 'docs/tutorial/first-week.md');
const blocks = page?.blocks ?? [];
let world: World;

beforeAll(async () => {
  const yaml = blocks.find(({ notes }) => notes.file === 'audgate.yaml')?.text ?? '';
  world = await startWorld(yaml, (_, response) => response.end('invoices'));
});
afterAll(() => world?.close());

/** What happens beside the commands, before the block with this note. */
const BEFORE: Readonly<Record<string, () => Promise<void>>> = {
  metrics: async () => {
    await call();
    keepLog('before.ndjson', 0);
  },
  replay: async () => {
    // On report there are none, since nothing is excused.
    await untilSeries('audgate_exceptions_used_total', 4);
    await call();
    // The page of the metrics is made once a second: it has the last of them.
    const last = 'audgate_exceptions_used_total{route="/billing",exception="nightly-batch",reason="wrong_audience"}';
    await eventually(async () => (await world.gateway.sample(last)) === CLIENTS['nightly-batch'].calls);
    const claims = { ...CLIENTS['invoice-export'].claims, iss: ISSUER, client_id: 'unknown' };
    world.write('stolen.jwt', await world.issuer.sign({ claims }));
  },
  left: async () => {
    const start = world.gateway.lines().length;
    await call(['nightly-batch']);
    keepLog('after.ndjson', start);
  },
  two: () => untilSeries('audgate_exception_expiry_timestamp_seconds', 2),
};

const isSkipped = ['bash', 'curl', 'jq', 'patch'].some(tool => spawnSync(tool, ['--version']).status !== 0);

test.skipIf(isSkipped)(
  'every step (needs bash, curl, jq, patch): prints what the page shows',
  async () => {
    for (const block of blocks) {
      await BEFORE[block.notes.step ?? '']?.();
      if (block.language === 'console') expect(await findDifferences(world, block.text)).toEqual([]);
      if (block.notes.step === 'matrix') await compareMatrix(block.text);
    }
    expect(blocks.filter(({ language }) => language === 'console').length).toBeGreaterThan(8);
  },
  120_000,
);

/** Every client calls as often as it does; each is answered 200. @param mended those who have the right token by now. */
async function call(mended: readonly string[] = []): Promise<void> {
  const logged = countRequests();
  for (const [name, { calls, claims }] of Object.entries(CLIENTS)) {
    const own = mended.includes(name) ? CLIENTS['web-shop'].claims : claims;
    const token = await world.issuer.sign({ claims: { iss: ISSUER, client_id: name, ...own } });
    if (mended.length === 0) world.write(`${name}.jwt`, token);
    for (let left = calls; left > 0; left--) {
      const path = '/billing/invoices';
      const headers = [['Authorization', `Bearer ${token}`] as const];
      expect((await request(world.gateway.port, { path, headers })).status, name).toBe(200);
    }
  }
  await world.gateway.line('request', logged + CALLS);
}

function countRequests(): number {
  return world.gateway.lines().filter(({ msg }) => msg === 'request').length;
}

function keepLog(name: string, start: number): void {
  const lines = world.gateway.lines().slice(start);
  world.write(name, lines.map(line => `${JSON.stringify(line)}\n`).join(''));
}

/** Waits until the configuration that serves has so many series of this name, at the billing route. */
function untilSeries(name: string, count: number): Promise<void> {
  const start = `${name}{route="/billing"`;
  return eventually(
    async () => (await world.gateway.scrape()).split('\n').filter(line => line.startsWith(start)).length === count,
  );
}

/** Cell by cell: the page sets them in columns. */
async function compareMatrix(shown: string): Promise<void> {
  const html = await (await fetch(`http://127.0.0.1:${world.gateway.adminPort}/`)).text();
  const [table = ''] = /<table class="matrix">.*?<\/table>/s.exec(html) ?? [];
  const flatten = (text: string) =>
    text
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
  const rows = [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => flatten(cell)),
  );
  const wanted = shown
    .trim()
    .split('\n')
    .map(row => row.split('|').map(flatten));
  expect(rows).toEqual(wanted);
}
