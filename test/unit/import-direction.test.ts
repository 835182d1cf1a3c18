/** The modules of src import in one direction. Reads the import lines of src. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const SOURCE = join(import.meta.dirname, '../../src');

interface Import {
  readonly from: string;
  /** A file of src, or the name of a package. */
  readonly to: string;
  /** What is there at run time; types are not. */
  readonly values: readonly string[];
}

/** In the order of a request. A room may import types from the rooms before it. */
const ROOMS = [
  'http',
  'client',
  'config',
  'route',
  'token',
  'authorization',
  'challenge',
  'upstream',
  'telemetry',
  'admin',
];

/** Rooms are put together here, so these may import from any of them. */
const COMPOSERS = [
  'main.ts',
  'library.ts',
  'process',
  'server',
  'gateway.ts',
  'transaction.ts',
  'concurrency-limit.ts',
  'indexes.ts',
  'time-slices.ts',
  'cli',
];

const DOORS: Readonly<Record<string, string>> = {
  yaml: 'config',
  zod: 'config',
  jose: 'token',
  'lru-cache': 'token',
  undici: 'upstream',
  'http-proxy': 'upstream',
  'prom-client': 'telemetry',
  pino: 'telemetry',
};

/** Values that cross a wall all the same. Each was looked at; a new one fails, and so does one that is gone. */
const JUDGED: readonly string[] = [
  // Pure functions and tables of one room, asked by a later one.
  'admin/page/configuration-section.ts takes CHECK_CODES from config/lint/check-codes.ts',
  'telemetry/metrics/zero-series.ts takes listPresentable from authorization/audience.ts',
  // One judgement of keys, for `check` and for what verifies.
  'token/keys/held-keys.ts takes checkKey from config/values/key-set/json-web-key.ts',
  'token/keys/held-keys.ts takes countReasons from config/values/key-set/json-web-key-set.ts',
  'token/keys/json-fetch.ts takes parseJsonObject from config/values/key-set/json-web-key-set.ts',
  'token/keys/key-source.ts takes MOST_KEYS, readKeyFile from config/values/key-set/json-web-key-set.ts',
  'token/keys/verification-key.ts takes checkKey from config/values/key-set/json-web-key.ts',
  'admin/page/clients-section.ts takes MOST_CLIENTS from telemetry/recent/client-denials.ts',
  'admin/status-json.ts takes CHECK_CODES from config/lint/check-codes.ts',
  'telemetry/recent/client-denials.ts takes readClient from token/client.ts',
  'upstream/client-info.ts takes isAuthority from route/request-head.ts',
  'telemetry/log/access-line.ts takes escapeJson from config/diagnostics/visible-text.ts',
  'telemetry/log/log.ts takes escapeJson from config/diagnostics/visible-text.ts',
  'telemetry/log/shared-output.ts takes escapeJson from config/diagnostics/visible-text.ts',
  'telemetry/log/access-line.ts takes readClient from token/client.ts',
  'upstream/request-headers.ts takes findReservedField, foldFieldName from config/values/header/reserved-fields.ts',
  'upstream/request-headers.ts takes readClient from token/client.ts',
  'upstream/request-body.ts takes MALFORMED from client/unparsed-request.ts',
  'upstream/upstreams.ts takes stripPrefix from route/match.ts',
];

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
const textOf = (file: string) => withoutComments(readFileSync(join(SOURCE, file), 'utf8'));
const imports = files.flatMap(readImports);
const local = imports.filter(({ to }) => to.endsWith('.ts'));
const roomOf = (file: string) => file.split('/')[0] ?? '';
const between = local.filter(({ from, to }) => roomOf(from) !== roomOf(to));

test('there is something to look at', () => {
  expect(files.length).toBeGreaterThan(40);
  expect(imports.length).toBeGreaterThan(100);
  const values = expect.arrayContaining(['canonicalizePath']);
  expect(imports).toContainEqual({ from: 'route/match.ts', to: 'route/path.ts', values });
  expect(imports).toContainEqual({ from: 'route/match.ts', to: 'config/config.ts', values: [] });
  expect(imports).toContainEqual({ from: 'client/local-reply.ts', to: 'node:http', values: ['ServerResponse'] });
});

test('every folder is a room, and every file outside is a composer or denial.ts', () => {
  const places = new Set(files.map(roomOf));
  expect([...places].sort()).toEqual([...ROOMS, ...COMPOSERS, 'denial.ts'].sort());
});

test('denial.ts imports nothing', () => {
  expect(imports.filter(({ from }) => from === 'denial.ts')).toEqual([]);
});

test('a room takes values only from itself and denial.ts; types from rooms before it', () => {
  const crossings = between.filter(
    ({ from, to }) => ROOMS.includes(roomOf(from)) && to !== 'denial.ts' && roomOf(to) !== 'http',
  );
  const backward = crossings.filter(({ from, to }) => ROOMS.indexOf(roomOf(to)) >= ROOMS.indexOf(roomOf(from)));
  const outward = crossings.filter(({ to }) => !ROOMS.includes(roomOf(to)));
  expect([...backward, ...outward].map(describeImport)).toEqual([]);
  const values = crossings.filter(each => each.values.length > 0).map(describeImport);
  expect(values.sort()).toEqual([...JUDGED].sort());
});

test('main → process → server → gateway → the modules of a request, and main → cli: no import against it', () => {
  const importersOf = (place: string) =>
    new Set(between.filter(({ to }) => roomOf(to) === place).map(({ from }) => roomOf(from)));
  expect(importersOf('main.ts')).toEqual(new Set());
  expect(importersOf('process')).toEqual(new Set(['main.ts']));
  expect(importersOf('server')).toEqual(new Set(['main.ts', 'process']));
  expect(importersOf('cli')).toEqual(new Set(['main.ts']));
  expect(['process', 'server']).toEqual(expect.arrayContaining([...importersOf('gateway.ts')]));
  expect(importersOf('indexes.ts')).toEqual(new Set(['gateway.ts']));
});

test('one library has one door', () => {
  const packages = imports.filter(({ to }) => !to.endsWith('.ts') && !to.startsWith('node:'));
  const doors = packages.map(({ from, to }) => `${to} in ${roomOf(from)}`);
  expect([...new Set(doors)].sort()).toEqual(
    Object.entries(DOORS)
      .map(([name, room]) => `${name} in ${room}`)
      .sort(),
  );
});

test('no file imports itself by way of others', () => {
  const targetsOf = (file: string) => local.filter(({ from }) => from === file).map(({ to }) => to);
  const cycles = files.filter(file => {
    const seen = new Set<string>();
    const pending = targetsOf(file);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      pending.push(...targetsOf(next));
    }
    return seen.has(file);
  });
  expect(cycles).toEqual([]);
});

describe('in no file of src', () => {
  const filesWith = (pattern: RegExp) => files.filter(file => pattern.test(textOf(file)));

  test('a default export, a barrel or an import at run time', () => {
    expect(filesWith(/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/)).toEqual([]);
    expect(filesWith(/\bexport\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*(?:as\s+\w+\s+)?from\b/)).toEqual([]);
    expect(filesWith(/\bimport\s*\(|\brequire\s*\(|\bcreateRequire\b/)).toEqual([]);
  });

  test('the process, save in main.ts; process.nextTick belongs to the event loop', () => {
    expect(
      filesWith(
        /(?<![-/])\bprocess\s*(?:\?\.|[.[])(?!nextTick\b)|globalThis\s*(?:\.|\[')process|['"](?:node:)?process['"]/,
      ),
    ).toEqual(['main.ts']);
  });

  test('a word that says nothing, for a name', () => {
    const vague = /(?:^|[/-])(?:auth|utils?|helpers?|common|managers?|services?|middleware|types|index)(?:[/.-]|$)/;
    expect(files.filter(file => vague.test(file))).toEqual([]);
    expect(files.filter(file => !/^[a-z0-9/-]+\.ts$/.test(file))).toEqual([]);
  });
});

function readImports(file: string): Import[] {
  const text = textOf(file);
  const from = /^(?:import|export)\s+(type\s+)?([\w*\s{},$]*?)\s*\bfrom\s*['"]([^'"]+)['"]/gm;
  const named = [...text.matchAll(from)].map(([, type, clause = '', target = '']) => ({
    from: file,
    to: resolveTarget(file, target),
    values: type === undefined ? readValues(clause) : [],
  }));
  const bare = [...text.matchAll(/^import\s*['"]([^'"]+)['"]/gm)].map(([, target = '']) => ({
    from: file,
    to: resolveTarget(file, target),
    values: ['its effects'],
  }));
  return [...named, ...bare];
}

function resolveTarget(file: string, target: string): string {
  return target.startsWith('.') ? relative(SOURCE, join(SOURCE, dirname(file), target)) : target;
}

/** `a, { type B, c as d }` → `a`, `c`. */
function readValues(clause: string): string[] {
  const names = clause.replace(/[{}]/g, ',').split(',');
  return names.flatMap(name => (/^\s*(?:type\s|$)/.test(name) ? [] : [name.trim().replace(/\s+as\s.*$/s, '')]));
}

function describeImport({ from, to, values }: Import): string {
  return `${from} takes ${values.length > 0 ? values.join(', ') : 'types'} from ${to}`;
}

function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*\*?[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
}
