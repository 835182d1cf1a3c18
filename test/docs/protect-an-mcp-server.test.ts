/**
 * docs/tutorial/protect-an-mcp-server.md: its commands in the order of the page, against the processes that they start. Needs
 * `npm run build` before.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reservePort } from '../support/reserved-port.ts';
import { eventually } from '../support/waiting.ts';
import { findDifferences } from './console.ts';
import { type Block, ROOT, readPages } from './markdown.ts';
import { writeExecutable } from './world.ts';
import { runScript } from './world-script.ts';

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

let folder: string;
/** From a port of the page to one that is free. */
const ports = new Map<string, string>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-tutorial-'));
  for (const port of PORTS) ports.set(port, String(await reservePort()));
  // Modules are found from the folder of the repository: the links are followed.
  for (const name of ['test', 'node_modules']) symlinkSync(join(ROOT, name), join(folder, name));
  writeExecutable(join(folder, 'bin', 'audgate'), `exec ${process.execPath} ${join(ROOT, 'dist/main.js')} "$@"`);
});

afterAll(() => {
  for (const name of readdirSync(folder).filter(each => each.endsWith('.pid'))) stop(name);
  rmSync(folder, { recursive: true });
});

const TOOLS = ['bash', 'curl', 'jq'];
const isSkipped = TOOLS.some(tool => spawnSync(tool, ['--version']).status !== 0);

test.skipIf(isSkipped)(
  `every step (needs ${TOOLS.join(', ')}): prints what the page shows`,
  async () => {
    for (const block of blocks) await take(block);
    expect(blocks.filter(({ language }) => language === 'console')).toHaveLength(6);
    await eventually(async () => !(await isListening('8080')));
  },
  120_000,
);

async function take({ language, notes, text }: Block): Promise<void> {
  if (notes.file !== undefined) writeFileSync(join(folder, notes.file), withFreePorts(text));
  if (language === 'sh') expect({ step: notes.step, ...(await run(text)) }).toMatchObject({ code: 0 });
  for (const port of STARTED[notes.step ?? ''] ?? []) await eventually(() => isListening(port));
  if (notes.step === 'start') await eventually(isReady);
  if (language === 'console') expect(await findDifferences({ run }, text), notes.step ?? '').toEqual([]);
}

/** Runs commands of the page, with the ports that are free here. */
async function run(script: string) {
  const environment = { PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter), TZ: 'UTC' };
  const { code, text } = await runScript(withFreePorts(script), folder, environment);
  return { code, text: [...ports].reduce((shown, [named, port]) => shown.replaceAll(`:${port}`, `:${named}`), text) };
}

function withFreePorts(text: string): string {
  return text.replace(/\b(?:8080|9090|3001|3002|9400)\b/g, port => ports.get(port) ?? port);
}

async function isReady(): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${ports.get('9090')}/readyz`)).ok;
}

function isListening(port: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(Number(ports.get(port)), '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}

function stop(file: string): void {
  if (!existsSync(join(folder, file))) return;
  try {
    process.kill(Number(readFileSync(join(folder, file), 'utf8')));
  } catch {
    // It has ended by itself.
  }
}
