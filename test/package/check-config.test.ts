/** `checkConfig`, the function that the package exports, as it was built. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as library from '../../src/library.ts';
import { runProgram } from '../support/program.ts';

const built = new URL('../../dist/library.js', import.meta.url).href;
const { checkConfig } = (await import(built)) as typeof library;

const PUBLIC_ROUTE = 'routes: { /status: { upstream: "http://127.0.0.1:9", public: true } }\n';
const KEYS = '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a valid file: ok, no problems', async () => {
  expect(await checkConfig(PUBLIC_ROUTE)).toEqual({ ok: true, problems: [] });
});

test('a file with a warning only: ok, the warning with its severity', async () => {
  const { ok, problems } = await checkConfig(`admin: 0.0.0.0:9090\n${PUBLIC_ROUTE}`);
  expect(ok).toBe(true);
  expect(problems).toEqual([expect.objectContaining({ severity: 'warning', path: 'admin', line: 1, column: 8 })]);
});

test('a file with errors: the problems of audgate check', async () => {
  const text = 'listen: nowhere\nroutes:\n  /a: { upstream: http://127.0.0.1:9 }\n  b: {}\n';
  const file = join(folder, 'errors.yaml');
  writeFileSync(file, text);
  const { stdout } = await runProgram(['check', '--format', 'json', file]);
  const { problems: expected } = JSON.parse(stdout) as { readonly problems: readonly library.ConfigProblem[] };
  const { ok, problems } = await checkConfig(text, { file });
  expect(ok).toBe(false);
  expect(problems.length).toBeGreaterThan(3);
  expect(problems).toEqual(
    expected.map(({ severity, line, column, path, message }) => ({ file, severity, line, column, path, message })),
  );
});

test('jwks_file and ${file:PATH}: read beside the file that is named, which need not exist', async () => {
  writeFileSync(join(folder, 'keys.json'), KEYS);
  writeFileSync(join(folder, 'secret'), '0123456789abcdef0123456789abcdef\n');
  const text = `admin_token: "\${file:secret}"
issuers: { "https://as.example.com": { jwks_file: keys.json } }
routes: { /a: { resource: "https://a.example.com/", upstream: "http://127.0.0.1:9", scopes: ["a"] } }
`;
  expect(await checkConfig(text, { file: join(folder, 'absent.yaml') })).toEqual({ ok: true, problems: [] });
  const elsewhere = await checkConfig(text, { file: join(folder, 'absent', 'audgate.yaml') });
  expect(elsewhere.problems.map(({ path }) => path)).toEqual([
    'admin_token',
    'issuers.https://as.example.com.jwks_file',
  ]);
});

describe('variables', () => {
  const text = 'routes: { /status: { upstream: "${UPSTREAM}", public: true } }\n';

  test('of env: substituted', async () => {
    expect(await checkConfig(text, { env: { UPSTREAM: 'http://127.0.0.1:9' } })).toEqual({ ok: true, problems: [] });
  });

  test('of the process: not used', async () => {
    process.env['UPSTREAM'] = 'http://127.0.0.1:9';
    const { ok, problems } = await checkConfig(text);
    delete process.env['UPSTREAM'];
    expect(ok).toBe(false);
    expect(problems[0]?.message).toContain('the environment variable UPSTREAM is not set');
  });

  test('a value that is wrong: not in the message', async () => {
    const { ok, problems } = await checkConfig(text, { env: { UPSTREAM: 'ftp://s3cret@host' } });
    expect(ok).toBe(false);
    expect(JSON.stringify(problems)).not.toContain('s3cret');
  });
});

describe('bad input: an error, never a rejection', () => {
  const deep = `a: ${'['.repeat(5000)}`;
  const aliases = `a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefgh'.replace(/./g, (name, at: number) => {
    const before = 'abcdefgh'[at];
    return `${name}: &${name} [${`*${before}, `.repeat(9)}]\n`;
  })}`;
  const texts: Readonly<Record<string, unknown>> = {
    'an empty text': '',
    'broken YAML': 'routes: [',
    'control characters': '\u0000\u0001\ufffe',
    'a lone surrogate': 'routes: "\ud800"',
    'lists 5,000 deep': deep,
    'aliases that stand for millions of values': aliases,
    'more than 4 MiB': `# ${'x'.repeat(4 * 1024 * 1024)}\n`,
    'a device as jwks_file': 'issuers: { "https://a.example": { jwks_file: /dev/zero } }',
    'no text': undefined,
    bytes: Buffer.from(PUBLIC_ROUTE),
  };

  test.each(Object.entries(texts))('%s', async (_, text) => {
    const { ok, problems } = await checkConfig(text as string, { file: 'a.yaml' });
    expect(ok).toBe(false);
    expect(problems[0]).toMatchObject({ file: 'a.yaml', severity: 'error', message: expect.stringMatching(/./) });
  });

  // It is a regular file of size 0 that would fill the memory, outside of the heap that a thread is held to.
  test.skipIf(!existsSync('/proc/self/pagemap'))('a file of /proc without an end: an error', async () => {
    const text = 'issuers: { "https://a.example": { jwks_file: /proc/self/pagemap } }';
    const { ok, problems } = await checkConfig(text);
    expect(ok).toBe(false);
    expect(problems.map(({ message }) => message)).toContainEqual(expect.stringContaining('is larger than'));
  });

  test('options that are null or of another type: an error, or as if they were not there', async () => {
    const check = (options: unknown) => checkConfig(PUBLIC_ROUTE, options as library.CheckConfigOptions);
    expect(await check(null)).toEqual({ ok: true, problems: [] });
    expect(await check({ env: null })).toEqual({ ok: true, problems: [] });
    for (const file of [5, () => 'a.yaml', null]) {
      expect(await check({ file })).toMatchObject({
        ok: false,
        problems: [{ file: 'audgate.yaml', severity: 'error' }],
      });
    }
  });

  test('variables that are not strings: as if they were not set', async () => {
    const env = { UPSTREAM: () => 'http://127.0.0.1:9' } as unknown as Record<string, string>;
    const { problems } = await checkConfig('routes: { /: { upstream: "${UPSTREAM}", public: true } }', { env });
    expect(problems[0]?.message).toContain('UPSTREAM is not set');
  });
});

test('10,000 routes: other work of the process goes on meanwhile', async () => {
  const routes = Array.from({ length: 10_000 }, (_, n) => `  /r${n}: { upstream: http://127.0.0.1:9, public: true }\n`);
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 5);
  const { ok } = await checkConfig(`routes:\n${routes.join('')}`);
  clearInterval(timer);
  expect(ok).toBe(true);
  // A check on this thread leaves room for one or two.
  expect(ticks).toBeGreaterThan(10);
});
