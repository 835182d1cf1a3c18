/** Each ```sh and ```console block of README and docs is run, and what a page shows of the output is compared. Needs `npm run build` before. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDifferences, readConsole } from './console.ts';
import { type Block, ROOT, readPages } from './markdown.ts';
import { isShown } from './shown-output.ts';
import { startWorld, type World } from './world.ts';
import { placeExamples } from './world-files.ts';

/** Commands that cannot run on a test machine, by their first words. A block with one of them is parsed, not run. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'docker ': 'needs a container engine',
  'kubectl ': 'needs a cluster; test/kubernetes checks the manifests',
  'helm ': 'needs a cluster; test/kubernetes renders the chart',
  'sudo ': 'changes the system; test/docs/systemd.test.ts checks the unit',
  'npm ci': 'the tests run in what it installed; .ci/run runs the demo and the tests',
  'npm pack': 'test/package packs and installs',
  'npm install': 'test/package installs what it packed',
  'npm run': 'development: .ci/run runs what has to hold, the others measure for minutes',
  'git ': 'changes the clone',
  'patch ': 'changes the configuration of the other pages; test/docs/first-week.test.ts runs it',
};

const pages = readPages().filter(({ path }) => /^(README\.md|docs\/|\.github\/|config\/)/.test(path));
const blocks = pages.flatMap(page => page.blocks);
const scripts = blocks.filter(({ language }) => language === 'sh' || language === 'console');
/** For the commands themselves; .ci/run installs them. */
const TOOLS = ['bash', 'curl', 'jq'];
const hasTools = TOOLS.every(tool => spawnSync(tool, ['--version']).status === 0);
/** The README's configuration, with which the gateway runs. */
const EXAMPLE =
  blocks.find(({ page, notes }) => page === 'README.md' && notes.file?.endsWith('audgate.yaml'))?.text ?? '';

function commandsOf({ language, text }: Block): readonly string[] {
  return language === 'console' ? readConsole(text).map(({ command }) => command) : text.trim().split('\n');
}

function isRun(block: Block): boolean {
  return !commandsOf(block).some(command => Object.keys(NOT_RUN).some(start => command.startsWith(start)));
}

const nameOf = ({ page, line }: Block) => `${page}:${line}`;

describe('every block', () => {
  test.each(scripts.map(block => [nameOf(block), block] as const))('%s: bash can parse it', (_name, block) => {
    const script = commandsOf(block).join('\n');
    expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
    const paths = script.match(/(?<![\w./-])(?:config|docs|test|src)\/[\w./-]+/g) ?? [];
    expect(paths.filter(path => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('no language says sh in another way', () => {
    expect(blocks.filter(({ language }) => /^(bash|shell|shell-session|zsh|)$/.test(language)).map(nameOf)).toEqual([]);
  });

  test('each exception is needed', () => {
    const commands = scripts.flatMap(commandsOf);
    expect(Object.keys(NOT_RUN).filter(start => !commands.some(command => command.startsWith(start)))).toEqual([]);
  });
});

/** Pages whose commands need more than one gateway, with a test of their own. */
const WITH_OWN_TEST = [
  'docs/tutorial/first-week.md',
  'docs/tutorial/legacy-web-application.md',
  'docs/tutorial/protect-an-mcp-server.md',
];

const withCommands = pages.filter(
  ({ path, blocks: own }) =>
    !WITH_OWN_TEST.includes(path) && own.some(block => scripts.includes(block) && isRun(block)),
);

let world: World;
beforeAll(async () => {
  world = await startWorld(EXAMPLE);
  await placeExamples(world);
});
afterAll(() => world?.close());

describe.skipIf(!hasTools)(`commands against a real gateway (needs ${TOOLS.join(', ')})`, () => {
  test.each(withCommands.map(page => [page.path, page] as const))(
    '%s: each does what the page says',
    async (_path, page) => {
      for (const block of page.blocks) {
        if (block.notes.file) world.write(block.notes.file, world.adapt(block.text));
        if (!scripts.includes(block) || !isRun(block)) continue;
        if (block.notes.serves !== undefined) await serve(block.text);
        else await runBlock(block);
      }
    },
  );

  test('README.md, its configuration: forwards a token for the API, refuses one for the other API', async () => {
    const ask = (path: string, token: string) =>
      `curl -s -w '%{http_code}\\n' -o body -H "Authorization: Bearer $(cat ${token}.jwt)" localhost:8080/${path}`;
    const requests = [
      ask('profile/me', 'profile'),
      ask('billing/invoices', 'billing'),
      ask('billing/invoices', 'profile'),
      ask('profile/me', 'billing'),
    ];
    expect((await world.run(requests.join('\n'))).text).toBe('200\n200\n401\n401\n');
    expect(EXAMPLE.trim().split('\n')).toHaveLength(12);
  });
});

async function runBlock(block: Block): Promise<void> {
  if (block.language === 'sh') {
    expect({ block: nameOf(block), ...(await world.run(block.text)) }).toMatchObject({ code: 0 });
    return;
  }
  const differences = await findDifferences(world, block.text);
  expect(differences, nameOf(block)).toEqual([]);
}

/** A command that goes on until it is stopped: it listens, and SIGTERM ends it with 0. */
async function serve(script: string): Promise<void> {
  const [, file = ''] = /--config (\S+)/.exec(script) ?? [];
  const child = spawn(process.execPath, [join(ROOT, 'dist/main.js'), '--config', file], { cwd: world.folder });
  const exit = once(child, 'close');
  for await (const line of createInterface(child.stdout)) {
    if ((JSON.parse(line) as { msg: string }).msg === 'listening') child.kill('SIGTERM');
  }
  expect(await exit).toEqual([0, null]);
}

describe('the comparison itself', () => {
  test('a command that fails, or prints something else: reported', async () => {
    const block = (language: string, text: string): Block => ({ page: 'x', line: 1, language, text, notes: {} });
    await expect(runBlock(block('sh', 'false\n'))).rejects.toThrow();
    await expect(runBlock(block('sh', 'audgate check absent.yaml\ntrue\n'))).rejects.toThrow();
    await expect(runBlock(block('console', '$ false\n'))).rejects.toThrow();
    await expect(runBlock(block('console', '$ echo a\nb\n'))).rejects.toThrow();
    await runBlock(
      block('console', '$ false\n$ echo $?\n1\n$ echo a \\\n  b\na …\n$ printf "1\\n2\\n3\\n"\n1\n…\n3\n'),
    );
  });

  test.each([
    ['a', 'a\n', true],
    ['a…c', 'abbbc', true],
    ['a\n…\nz', 'a\nz', true],
    ['a\n…\nz', 'a\nb\nc\nz', true],
    ['a', 'a\nb', false],
    ['a.c', 'abc', false],
    ['a\n…', 'b\n', false],
  ])('%j shown, %j printed: %s', (shown, printed, expected) => {
    expect(isShown(shown, printed)).toBe(expected);
  });

  test('a block that a shell cannot parse: reported', () => {
    const folder = mkdtempSync(join(tmpdir(), 'audgate-docs-'));
    writeFileSync(join(folder, 'x'), 'if true\n');
    expect(spawnSync('bash', ['-n', join(folder, 'x')]).status).not.toBe(0);
    rmSync(folder, { recursive: true });
  });
});
