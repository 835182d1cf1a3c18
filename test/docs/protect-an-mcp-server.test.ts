/**
 * docs/tutorial/protect-an-mcp-server.md: its commands in the order of the page, against the processes that they start. Needs
 * `npm run build` before.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isListening } from '../support/listener.ts';
import { eventually } from '../support/waiting.ts';
import { findDifferences } from './console.ts';
import { type Block, readPages } from './markdown.ts';
import { startTutorial, type Tutorial } from './tutorial.ts';

/** The ports of the page. */
const PORTS = ['8080', '9090', '3001', '3002', '9400'];
/** Those that are listened on after a step. */
const STARTED: Readonly<Record<string, readonly string[]>> = {
  servers: ['3001', '3002'],
  issuer: ['9400'],
  start: ['8080', '9090'],
};

const page = readPages().find(({ path }) => path === 'docs/tutorial/protect-an-mcp-server.md');
const blocks = page?.blocks ?? [];

let tutorial: Tutorial;

beforeAll(async () => {
  tutorial = await startTutorial(PORTS);
});
afterAll(() => tutorial?.close());

const TOOLS = ['bash', 'curl', 'jq'];
const isSkipped = TOOLS.some(tool => spawnSync(tool, ['--version']).status !== 0);

test.skipIf(isSkipped)(
  `every step (needs ${TOOLS.join(', ')}): prints what the page shows`,
  async () => {
    for (const block of blocks) await take(block);
    expect(blocks.filter(({ language }) => language === 'console')).toHaveLength(7);
    await eventually(async () => !(await isListening(freePort('8080'))));
  },
  120_000,
);

async function take({ language, notes, text }: Block): Promise<void> {
  if (notes.file !== undefined) writeFileSync(join(tutorial.folder, notes.file), tutorial.withFreePorts(text));
  if (language === 'sh') expect({ step: notes.step, ...(await tutorial.run(text)) }).toMatchObject({ code: 0 });
  for (const port of STARTED[notes.step ?? ''] ?? []) await eventually(() => isListening(freePort(port)));
  if (notes.step === 'start') await eventually(isReady);
  if (notes.step === 'bob-log') await eventually(isRefusalLogged);
  if (language === 'console') expect(await findDifferences(tutorial, text), notes.step ?? '').toEqual([]);
}

function freePort(port: string): number {
  return Number(tutorial.ports.get(port));
}

/** The gateway gathers the lines of its log for up to 100 ms. */
async function isRefusalLogged(): Promise<boolean> {
  return readFileSync(join(tutorial.folder, 'audgate.ndjson'), 'utf8').includes('"status":403');
}

async function isReady(): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${freePort('9090')}/readyz`)).ok;
}
