import { renameSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type CheckOptions, check } from '../../../src/cli/check.ts';
import { EXAMPLE, writeConfiguration } from '../config/configuration.ts';

const CLEAN = 'routes:\n  /:\n    public: true\n    upstream: http://x\n';
const OPEN = `issuers: { https://i.example: }\n${CLEAN}`;
const BROKEN = 'routes: {}\nlisten: x\n"a\\nb": 1\n"%,c": 1\n';

async function run(text: string, options: CheckOptions = {}): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const file = writeConfiguration(text);
  const code = await check(file, {}, line => lines.push(line.replaceAll(file, 'FILE')), options);
  return { code, lines };
}

test('a clean file: a summary', async () => {
  expect(await run(CLEAN)).toEqual({ code: 0, lines: ['FILE: ok, 1 route, 0 issuers'] });
});

test('a file with warnings: printed, exit 0', async () => {
  const { code, lines } = await run(EXAMPLE);
  expect(code).toBe(0);
  expect(lines.at(-1)).toBe('FILE: ok, 3 routes, 1 issuer, 1 warning');
  const warnings = lines.slice(0, -1).filter(line => !line.startsWith('  '));
  expect(warnings.map(line => /^FILE:\d+:\d+: warning: .* \[[a-z-]+\]$/.test(line))).toEqual([true]);
});

test('text: a code on each line; consequence and remedy below the first of a code', async () => {
  const text = OPEN.replace('public', 'pubic').replace('upstream', 'upsteam');
  const { code, lines } = await run(text);
  expect(code).toBe(1);
  expect(lines.map(line => line.replace(/key ".*(?= \[)/, '…'))).toEqual([
    'FILE:3:3: routes./.resource: missing … [missing-key]',
    '  consequence: There is no default that would be safe.',
    '  remedy: Add the key.',
    'FILE:4:5: routes./.pubic: unknown … [unknown-key]',
    '  consequence: What it was meant to switch on would silently stay off.',
    '  remedy: Write the nearest valid name, or remove the key.',
    'FILE:5:5: routes./.upsteam: unknown … [unknown-key]',
  ]);
});

test('a file with errors: no summary', async () => {
  const lines = (await run('routes: {}\nlisten: x\n')).lines.filter(line => !line.startsWith('  '));
  expect(lines).toEqual([
    'FILE:1:1: routes: no routes, expected at least one route [invalid-value]',
    'FILE:2:9: listen: "x" is not the address of a listener, expected host:port, [::]:port, :port or unix:/path [invalid-value]',
  ]);
});

test('--strict: exit 1 for warnings, named in the summary; a clean file passes', async () => {
  const { code, lines } = await run(OPEN, { strict: true });
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe('FILE: not ok, because of --strict, 1 route, 1 issuer, 1 warning');
  expect((await run(CLEAN, { strict: true })).code).toBe(0);
  expect((await run(BROKEN, { strict: true })).code).toBe(1);
});

test('--format json: one object; ok matches the exit code', async () => {
  const read = async (text: string, strict = false) => {
    const { code, lines } = await run(text, { format: 'json', strict });
    expect(lines.length).toBe(1);
    const answer = JSON.parse(lines[0] ?? '');
    expect(answer).toMatchObject({ file: 'FILE', ok: code === 0 });
    return answer;
  };
  expect(await read(CLEAN)).toEqual({ file: 'FILE', ok: true, problems: [] });
  expect((await read(OPEN)).ok).toBe(true);
  expect((await read(OPEN, true)).ok).toBe(false);
  expect((await read(OPEN)).problems).toEqual([
    {
      severity: 'warning',
      code: 'unused-issuer',
      file: 'FILE',
      line: 1,
      column: 12,
      path: 'issuers.https://i.example',
      message: 'no route accepts tokens of this issuer',
      consequence: 'Its keys are fetched and its tokens refused everywhere.',
      remedy: 'Name it under issuers of a route, or remove it.',
    },
  ]);
  expect(await read(BROKEN)).toMatchObject({ ok: false, problems: { length: 4 } });
});

test('--format github: one escaped workflow command for each problem', async () => {
  expect((await run(CLEAN, { format: 'github' })).lines).toEqual([]);
  expect((await run(OPEN, { format: 'github' })).lines).toEqual([
    '::warning file=FILE,line=1,col=12,title=unused-issuer::issuers.https://i.example: no route accepts tokens of this issuer%0AIts keys are fetched and its tokens refused everywhere.%0ARemedy: Name it under issuers of a route, or remove it.',
  ]);
  const { code, lines } = await run(BROKEN, { format: 'github' });
  expect(code).toBe(1);
  expect(lines.every(line => /^::error file=FILE,line=\d+,col=\d+,title=[a-z-]+::[^\r\n]+$/.test(line))).toBe(true);
  expect(lines[3]).toMatch(/^::error file=FILE,line=4,col=1,title=unknown-key::%25,c: unknown key "%25,c"/);
});

test('a hostile file name: cannot begin a line or end a property', async () => {
  const file = 'a\n::error::b,c:d%';
  const lines: string[] = [];
  for (const format of ['text', 'github'] as const) await check(file, {}, line => lines.push(line), { format });
  expect(lines.filter(line => line.includes('\n'))).toEqual([]);
  expect(lines[0]).toMatch(/^a\\u\{a\}::error::b,c:d%:1:1: /);
  expect(lines.at(-1)).toMatch(/^::error file=a%0A%3A%3Aerror%3A%3Ab%2Cc%3Ad%25,line=1,col=1,/);
});

test.each(['text', 'json', 'github'] as const)(
  '--format %s: nothing in the file or in its name acts on a terminal',
  async format => {
    const active = '\x7f\x85\x9b\u2028\u202e\u2066\ufeff\u{e0041}\u3164';
    const plain = writeConfiguration(
      `routes: { "/${active}": { resource: "${active}", upstream: x, "${active}": 1 } }\n"${active}": 1\n`,
    );
    const file = plain.replace('audgate.yaml', `${active}.yaml`);
    renameSync(plain, file);
    for (const name of [file, `${file}.absent`]) {
      const lines: string[] = [];
      expect(await check(name, {}, line => lines.push(line), { format })).toBe(1);
      expect(lines.join('')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
    }
  },
);
