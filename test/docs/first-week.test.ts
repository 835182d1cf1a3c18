/** docs/tutorial/first-week.md, from Monday to Friday: its commands against a real gateway, and four clients between them. Needs `npm run build` before. */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { request } from '../support/raw-http.ts';
import { findDifferences } from './console.ts';
import { readPages } from './markdown.ts';
import { ISSUER, startWorld, type World } from './world.ts';

const BILLING = 'https://billing.example.com/';
/** How often each client calls, and what its token is for. */
const CLIENTS = {
  'web-shop': { calls: 120, claims: { aud: BILLING, scope: 'billing:read' } },
  'mobile-app': { calls: 40, claims: { aud: 'https://billing.example.com', scope: 'billing:read' } },
  'invoice-export': { calls: 12, claims: { aud: 'https://profile.example.com/', scope: 'profile:read' } },
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
  'rehearse again': async () => {
    const start = world.gateway.lines().length;
    await call(['invoice-export', 'nightly-batch']);
    keepLog('after.ndjson', start);
  },
};

const isSkipped = ['bash', 'curl', 'jq'].some(tool => spawnSync(tool, ['--version']).status !== 0);

test.skipIf(isSkipped)(
  'every step (needs bash, curl, jq): prints what the page shows',
  async () => {
    for (const block of blocks) {
      await BEFORE[block.notes.step ?? '']?.();
      if (block.language === 'console') expect(await findDifferences(world, block.text)).toEqual([]);
      if (block.notes.step === 'matrix') await compareMatrix(block.text);
      if (block.notes.in) await edit(block.text.trim());
    }
    expect(blocks.filter(({ language }) => language === 'console').length).toBeGreaterThan(6);
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

/** Puts a line into the route, in the place of the one with the same key where there is one, and waits until it serves. */
async function edit(line: string): Promise<void> {
  const { file } = world.gateway;
  const loaded = world.gateway.lines().filter(({ msg }) => msg === 'configuration loaded').length;
  const [key = ''] = line.split(' ');
  const lines = readFileSync(file, 'utf8').split('\n');
  const route = lines.indexOf('  /billing:');
  const at = lines.findIndex((text, index) => index > route && text.startsWith(`    ${key}`));
  lines.splice(at === -1 ? route + 1 : at, at === -1 ? 0 : 1, `    ${line}`);
  writeFileSync(file, lines.join('\n'));
  await world.gateway.line('configuration loaded', loaded + 1);
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
