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

/** In the order in which a request passes them. A module may import types from the modules before it. */
const MODULES = [
  'http',
  'json',
  'config',
  'route',
  'token',
  'mcp',
  'authorization',
  'challenge',
  'cors',
  'upstream',
  'telemetry',
  'admin',
];

/** These put the modules together, and may import from any of them. */
const COMPOSERS = [
  'main.ts',
  'library.ts',
  'library',
  'process',
  'server',
  'gateway.ts',
  'authorizer',
  'decision-steps.ts',
  'transaction.ts',
  'judged-request.ts',
  'local-replies.ts',
  'open-exchanges.ts',
  'mcp-asking.ts',
  'mcp-sessions.ts',
  'token-exchanging.ts',
  'whole-body.ts',
  'body-memory.ts',
  'request-count.ts',
  'route-limits.ts',
  'indexes.ts',
  'time-slices.ts',
  'probe',
  'cli',
];

/** Every module may import values from here. They import nothing of ours. */
const FOUNDATIONS = ['denial.ts', 'http', 'json'];

/** The one module that imports a library. */
const IMPORTERS: Readonly<Record<string, string>> = {
  yaml: 'config',
  zod: 'config',
  jose: 'token',
  oauth4webapi: 'token',
  'lru-cache': 'token',
  undici: 'token',
  // Its build of llhttp.
  'undici/lib/llhttp/llhttp-wasm.js': 'http',
  'http-proxy': 'upstream',
  'prom-client': 'telemetry',
  pino: 'telemetry',
};

/** The values that a module imports from one before it: pure functions and tables. A new one fails, and so does one that is gone. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'admin from config': ['CHECK_CODES', 'daysLeft', 'listExceptions'],
  'admin from authorization': ['NON_RESOURCES'],
  'admin from telemetry': ['MOST_CLIENTS', 'NO_ROUTE'],
  'telemetry from authorization': ['NON_RESOURCES', 'hasOnlyKnownAudiences', 'listPresentable'],
  'telemetry from config': ['OMITTABLE_FIELDS', 'escapeJson', 'listExceptions', 'resolveClaim'],
  'telemetry from mcp': ['MCP_METHODS'],
  'telemetry from token': ['readClient'],
  // `check` and the verifier accept the same keys.
  'token from config': [
    'MOST_KEYS',
    'checkKeys',
    'countReasons',
    'escapeJson',
    'isLoopback',
    'mayExcuse',
    'parseJsonObject',
    'readKeyFile',
    'readText',
    'readTokenFile',
    'resolveClaim',
  ],
  'mcp from config': ['WEB_ORIGIN_FORM', 'foldFieldName'],
  'mcp from token': ['readClient'],
  'authorization from config': ['SCOPE_FORM', 'resolveClaim'],
  'authorization from mcp': ['hasMethod'],
  'authorization from route': ['isBelowPath'],
  'authorization from token': ['readClient', 'readScopes'],
  'challenge from config': ['isServerUrl'],
  'upstream from config': ['findReservedField', 'foldFieldName'],
  'upstream from route': ['decodeAsKey', 'isAuthority', 'isBelowPath', 'isSameAuthority', 'readHost', 'stripPrefix'],
  'upstream from token': ['readClient'],
};

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
const textOf = (file: string) => withoutComments(readFileSync(join(SOURCE, file), 'utf8'));
const imports = files.flatMap(readImports);
const local = imports.filter(({ to }) => to.endsWith('.ts'));
const moduleOf = (file: string) => file.split('/')[0] ?? '';
const isModule = (file: string) => MODULES.includes(moduleOf(file));
const orderOf = (file: string) => MODULES.indexOf(moduleOf(file));
const crossing = local.filter(({ from, to }) => moduleOf(from) !== moduleOf(to));

test('the reader of imports: finds files, values and types', () => {
  expect(files.length).toBeGreaterThan(40);
  expect(imports.length).toBeGreaterThan(100);
  const values = expect.arrayContaining(['canonicalizePath']);
  expect(imports).toContainEqual({ from: 'route/match.ts', to: 'route/path.ts', values });
  expect(imports).toContainEqual({ from: 'route/match.ts', to: 'config/config.ts', values: [] });
  expect(imports).toContainEqual({ from: 'server/admin-server.ts', to: 'node:http', values: ['createServer'] });
});

test('every file: in a module, or a composer, or denial.ts', () => {
  const places = new Set(files.map(moduleOf));
  expect([...places].sort()).toEqual([...MODULES, ...COMPOSERS, 'denial.ts'].sort());
});

test('denial.ts imports nothing, http nothing of ours', () => {
  expect(imports.filter(({ from }) => from === 'denial.ts')).toEqual([]);
  const ours = crossing.filter(({ from }) => FOUNDATIONS.includes(moduleOf(from)));
  expect(ours.map(describeImport)).toEqual([]);
});

describe('a module', () => {
  const ofModules = crossing.filter(({ from, to }) => isModule(from) && !FOUNDATIONS.includes(moduleOf(to)));

  test('imports from modules before it only', () => {
    const backward = ofModules.filter(({ from, to }) => !isModule(to) || orderOf(to) >= orderOf(from));
    expect(backward.map(describeImport)).toEqual([]);
  });

  test('imports types, and no values but those listed', () => {
    const found: Record<string, string[]> = {};
    for (const { from, to, values } of ofModules) {
      const pair = `${moduleOf(from)} from ${moduleOf(to)}`;
      if (values.length > 0) found[pair] = [...new Set([...(found[pair] ?? []), ...values])].sort();
    }
    expect(found).toEqual(ALLOWED);
  });
});

test('main → process → server → gateway, and main → cli: no import against it', () => {
  const importersOf = (place: string) =>
    new Set(crossing.filter(({ to }) => moduleOf(to) === place).map(({ from }) => moduleOf(from)));
  expect(importersOf('main.ts')).toEqual(new Set());
  expect(importersOf('process')).toEqual(new Set(['main.ts']));
  expect(importersOf('server')).toEqual(new Set(['main.ts', 'process']));
  expect(importersOf('cli')).toEqual(new Set(['main.ts']));
  expect(['process', 'server']).toEqual(expect.arrayContaining([...importersOf('gateway.ts')]));
  expect(importersOf('local-replies.ts')).toEqual(
    new Set(['authorizer', 'decision-steps.ts', 'gateway.ts', 'library', 'mcp-asking.ts']),
  );
  expect(importersOf('transaction.ts')).toEqual(
    new Set([
      'authorizer',
      'decision-steps.ts',
      'gateway.ts',
      'judged-request.ts',
      'local-replies.ts',
      'open-exchanges.ts',
    ]),
  );
  expect(importersOf('indexes.ts')).toEqual(new Set(['authorizer', 'gateway.ts', 'library', 'process']));
  expect(importersOf('library')).toEqual(new Set(['library.ts']));
});

test('a library: imported by one module only', () => {
  const packages = imports.filter(({ to }) => !to.endsWith('.ts') && !to.startsWith('node:'));
  const doors = packages.map(({ from, to }) => `${to} in ${moduleOf(from)}`);
  expect([...new Set(doors)].sort()).toEqual(
    Object.entries(IMPORTERS)
      .map(([name, module]) => `${name} in ${module}`)
      .sort(),
  );
});

test('imports of files: no cycle', () => {
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

describe('not in src', () => {
  const filesWith = (pattern: RegExp) => files.filter(file => pattern.test(textOf(file)));

  test('default exports, barrels, imports at run time but those of a command', () => {
    expect(filesWith(/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/)).toEqual([]);
    expect(filesWith(/\bexport\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*(?:as\s+\w+\s+)?from\b/)).toEqual([]);
    expect(filesWith(/\bimport\s*\(|\brequire\s*\(|\bcreateRequire\b/)).toEqual(['main.ts']);
  });

  test('the process outside of main.ts, but for process.nextTick', () => {
    expect(
      filesWith(
        /(?<![-/])\bprocess\s*(?:\?\.|[.[])(?!nextTick\b)|globalThis\s*(?:\.|\[')process|['"](?:node:)?process['"]/,
      ),
    ).toEqual(['main.ts']);
  });

  test('files that only tests import, but for the entry points', () => {
    const imported = new Set(local.map(({ to }) => to));
    expect(files.filter(file => !imported.has(file) && !file.endsWith('.d.ts')).sort()).toEqual([
      'library.ts',
      'main.ts',
    ]);
  });

  test('files that are no source, such as output of the compiler', () => {
    const entries = readdirSync(SOURCE, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
    expect(entries.map(({ name }) => name).filter(name => !name.endsWith('.ts'))).toEqual(['tsconfig.json']);
  });

  test('files of more than 250 lines', () => {
    const lengthOf = (file: string) => readFileSync(join(SOURCE, file), 'utf8').trimEnd().split('\n').length;
    expect(files.filter(file => lengthOf(file) > 250)).toEqual([]);
  });

  test('file names that say nothing', () => {
    const vague = /(?:^|[/-])(?:auth|utils?|helpers?|common|managers?|services?|middleware|types|index)(?:[/.-]|$)/;
    expect(files.filter(file => vague.test(file))).toEqual([]);
    expect(files.filter(file => !/^[a-z0-9/-]+(?:\.d)?\.ts$/.test(file))).toEqual([]);
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
  const later = [...text.matchAll(/\{\s*([\w\s,]+?)\s*\} = await import\(['"]([^'"]+)['"]\)/g)].map(
    ([, names = '', target = '']) => ({
      from: file,
      to: resolveTarget(file, target),
      values: names.split(/,\s*/),
    }),
  );
  return [...named, ...bare, ...later];
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
