/**
 * docs/tutorial/legacy-web-application.md: its commands in the order of the page, against the gateway, two processes of the
 * application and a real authorization server. Needs `npm run build` before.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { eventually } from '../support/waiting.ts';
import { findDifferences } from './console.ts';
import { type Block, readPages } from './markdown.ts';
import { startTutorial, type Tutorial } from './tutorial.ts';

const ISSUER = 'https://login.example.com';
const APIS = { orders: 'https://portal.example.com/api/orders', invoices: 'https://portal.example.com/api/invoices' };
/** The ports of the page. */
const PORTS = ['8443', '8444', '8445', '9090'];

const page = readPages().find(({ path }) => path === 'docs/tutorial/legacy-web-application.md');
const blocks = page?.blocks ?? [];

let tutorial: Tutorial;
let issuer: AuthorizationServer;

beforeAll(async () => {
  tutorial = await startTutorial(PORTS);
  const resources = Object.entries(APIS).map(([name, resource]) => ({ resource, scopes: [`${name}:read`] }));
  issuer = await startAuthorizationServer({ issuer: ISSUER, resources });
  for (const [name, resource] of Object.entries(APIS)) {
    const { accessToken } = await issuer.requestToken({ resource, scope: `${name}:read` });
    writeFileSync(join(tutorial.folder, `${name}.jwt`), `${accessToken}\n`);
  }
});

afterAll(async () => {
  tutorial?.close();
  await issuer?.close();
});

const TOOLS = ['bash', 'curl', 'jq', 'openssl'];
const isSkipped = TOOLS.some(tool => spawnSync(tool, [tool === 'openssl' ? 'version' : '--version']).status !== 0);

test.skipIf(isSkipped)(
  `every step (needs ${TOOLS.join(', ')}): prints what the page shows`,
  async () => {
    for (const block of blocks) await take(block);
    expect(blocks.filter(({ language }) => language === 'console')).toHaveLength(7);
  },
  120_000,
);

async function take(block: Block): Promise<void> {
  const { language, notes, text } = block;
  if (notes.file !== undefined) write(notes.file, tutorial.withFreePorts(text));
  if (notes.in !== undefined) await edit(notes.in.split(' ').filter(Boolean), text);
  if (language === 'sh') {
    expect({ step: notes.step, ...(await tutorial.run(text)) }).toMatchObject({ code: 0 });
    await untilListening(text);
  }
  if (language === 'console') expect(await findDifferences(tutorial, text)).toEqual([]);
}

function write(name: string, text: string): void {
  writeFileSync(join(tutorial.folder, name), text.replace(/(jwks_uri: )[^\s}]+/, `$1${issuer.jwksUri}`));
}

/** Puts what the page says into the configuration, and waits until it serves. */
async function edit(path: readonly string[], text: string): Promise<void> {
  const loaded = readLog('configuration loaded');
  const file = join(tutorial.folder, 'audgate.yaml');
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const [key, value] of Object.entries(parse(tutorial.withFreePorts(text)))) document.setIn([...path, key], value);
  write('audgate.yaml', document.toString());
  await eventually(() => readLog('configuration loaded') > loaded);
}

/** What was started in the background listens a little later. */
async function untilListening(script: string): Promise<void> {
  const started = [...script.matchAll(/--port (\d+)/g)].map(([, port = '']) => tutorial.ports.get(port) ?? port);
  if (script.includes('> audgate.ndjson')) await eventually(() => readLog('listening') > 0);
  for (const port of started) {
    const probe = ['-sk', '-o', '/dev/null', `https://127.0.0.1:${port}/`];
    await eventually(() => spawnSync('curl', probe).status === 0);
  }
}

/** @returns how many lines of the gateway's log have this message. */
function readLog(message: string): number {
  const file = join(tutorial.folder, 'audgate.ndjson');
  return existsSync(file) ? readFileSync(file, 'utf8').split(`"msg":"${message}"`).length - 1 : 0;
}
