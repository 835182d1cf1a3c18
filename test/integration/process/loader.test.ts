/** The thread that loads a configuration: every outcome is a result or a failure without secrets. Needs `npm run build` before. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatDiagnostic } from '../../../src/config/diagnostics/diagnostic.ts';
import { LoaderFailure, loadInThread } from '../../../src/config/loader/loader.ts';
import { fromPieces } from '../../../src/config/loader/pieces.ts';

const THREAD = pathToFileURL(join(import.meta.dirname, '../../../dist/config/loader/thread.js'));
const LIMITS = { seconds: 30, megabytes: 256 };
const YAML = 'admin_token: "${file:token}"\nroutes: { /a: { public: true, upstream: "${UP}" } }\n';
const SECRET = 'a-secret-of-the-admin';

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-loader-'));
  file = join(folder, 'audgate.yaml');
  writeFileSync(file, YAML);
  writeFileSync(join(folder, 'token'), SECRET);
});

afterAll(() => rmSync(folder, { recursive: true }));

const load = (environment = {}, isWanted = () => true, limits = LIMITS, thread = THREAD) =>
  loadInThread({ file, environment }, isWanted, limits, thread);

/** A thread that does something else. */
function threadOf(code: string): URL {
  const path = join(folder, `${encodeURIComponent(code).slice(0, 40)}.mjs`);
  writeFileSync(path, code);
  return pathToFileURL(path);
}

test('a good file: the configuration in pieces, with its warnings, and no text of the file', async () => {
  const loading = await load({ UP: 'http://up:8080' });
  if (loading?.kind !== 'loaded') throw new Error('it was not loaded');
  const { routes, adminTokenHash } = await fromPieces(loading.pieces, () => undefined);
  expect(routes.map(({ upstream }) => upstream.endpoints[0]?.origin)).toEqual(['http://up:8080']);
  expect(adminTokenHash).toMatch(/^[0-9a-f]{64}$/);
  for (const piece of loading.pieces) expect(Buffer.from(piece).includes(SECRET)).toBe(false);
});

test('a bad file: every problem, at its place', async () => {
  const loading = await load();
  if (loading?.kind !== 'failed') throw new Error('it was loaded');
  expect(loading.diagnostics.map(formatDiagnostic)).toEqual([
    `${file}:2:41: routes./a.upstream: the environment variable UP is not set, expected a value for it, or a default: \${UP:-default}`,
  ]);
});

test('an unchanged file: not loaded again', async () => {
  const asked: unknown[] = [];
  const loading = await loadInThread(
    { file, environment: {} },
    (...args) => {
      asked.push(args);
      return false;
    },
    LIMITS,
    THREAD,
  );
  expect(loading).toBeUndefined();
  expect(asked).toEqual([[expect.stringMatching(/^[0-9a-f]{64}$/), true, []]]);
});

describe('a loader thread that never ends: a failure with our message', () => {
  test.each([
    [
      'fills the memory',
      'const all = []; for (;;) all.push(new Array(1e5).fill(all.length).map(String));',
      'needed too much memory',
    ],
    ['hangs', 'for (;;);', 'did not end within 2 s'],
    ['throws', `throw new TypeError('${SECRET}')`, 'failed (TypeError)'],
    ['throws no error', `throw '${SECRET}'`, 'failed'],
    ['ends', 'export const nothing = 0;', 'ended'],
    ['exits', 'process.exit(3)', 'ended'],
  ])('a loader thread that %s', { timeout: 60_000 }, async (_what, code, expected) => {
    const seconds = expected.includes('within') ? 2 : 60;
    const failure = await load({}, () => true, { seconds, megabytes: 64 }, threadOf(code)).then(
      () => undefined,
      error => error,
    );
    expect(failure).toBeInstanceOf(LoaderFailure);
    expect(failure.message).toContain(expected);
    expect(failure.message).not.toContain(SECRET);
  });
});
