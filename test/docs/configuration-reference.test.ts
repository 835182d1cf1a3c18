/** docs/reference/configuration.md has each key of the schema, each default as the program has it, and each limit. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { LIMITS } from '../../src/config/source/limits.ts';
import { createAuthority } from '../support/certificates.ts';
import { ROOT } from './markdown.ts';

type Tree = Record<string, unknown>;
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
}

const PAGE = readFileSync(join(ROOT, 'docs/reference/configuration.md'), 'utf8');
const SCHEMA = JSON.parse(readFileSync(join(ROOT, 'config/audgate.schema.json'), 'utf8')) as Schema;
const SECTIONS = { 'The gateway': [], Issuers: ['issuers', 'https://i'], Routes: ['routes', '/a'] } as const;
const BASE: Tree = {
  issuers: { 'https://i': { jwks_uri: 'https://i/jwks' } },
  routes: { '/a': { resource: 'https://a/', upstream: { url: 'https://a' } } },
};

/** The keys of a map that is absent by default are read beside those that it needs. */
const INTROSPECTING: Tree = {
  ...BASE,
  issuers: { 'https://i': { introspection: { endpoint: 'https://i/ask', client_id: 'a', client_secret: 'b' } } },
};

const WITH_CORS: Tree = {
  ...BASE,
  routes: { '/a': { resource: 'https://a/', upstream: { url: 'https://a' }, cors: { origins: ['https://b'] } } },
};

const WITH_MCP: Tree = {
  ...BASE,
  routes: { '/a': { resource: 'https://a/', upstream: { url: 'https://a' }, mcp: {} } },
};

const EXCHANGING: Tree = {
  ...BASE,
  routes: {
    '/a': {
      ...{ resource: 'https://a/', upstream: { url: 'https://a' }, upstream_token: 'exchange' },
      exchange: { token_endpoint: 'https://b/token', client_id: 'a', client_secret: 'b', resource: 'https://c/' },
    },
  },
};

/** @returns the first two cells of each row of a section's table. */
function readRows(section: string): readonly { key: string; standard: string }[] {
  const [, text = ''] = PAGE.split(new RegExp(`^## ${section}$`, 'm'));
  const [own = ''] = text.split(/^##+ /m);
  return [...own.matchAll(/^\| `([\w.]+)` \| ([^|]*) \|/gm)].map(([, key = '', standard = '']) => ({ key, standard }));
}

/** @returns the keys of a map, those of a map within it behind a dot. */
function listKeys({ properties = {}, anyOf = [] }: Schema): string[] {
  const own = Object.entries(properties).flatMap(([key, below]) => {
    const maps = [below, ...(below.anyOf ?? [])].filter(map => map.additionalProperties === false);
    const nested = maps.flatMap(listKeys).map(name => `${key}.${name}`);
    // A map that may also be something else has a row of its own.
    return nested.length > 0 && below.anyOf === undefined ? nested : [key, ...nested];
  });
  return [...own, ...anyOf.flatMap(listKeys)];
}

function entryOf(key: 'issuers' | 'routes'): Schema {
  const entry = SCHEMA.properties?.[key]?.additionalProperties;
  return typeof entry === 'object' ? entry : {};
}

describe('keys', () => {
  test.each([
    ['The gateway', SCHEMA],
    ['Issuers', entryOf('issuers')],
    ['Routes', entryOf('routes')],
  ])('%s: the table has those of the schema', (section, schema) => {
    const keys = listKeys(schema);
    expect(keys.length).toBeGreaterThan(5);
    expect(
      readRows(section)
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(keys.toSorted());
  });
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-docs-'));
  const { cert, key } = createAuthority(folder).issue('DNS:api.example.com');
  writeFileSync(join(folder, 'tls.crt'), cert);
  writeFileSync(join(folder, 'tls.key'), key);
});
afterAll(() => rmSync(folder, { recursive: true }));

function baseOf(key: string): Tree {
  if (key.startsWith('introspection.')) return INTROSPECTING;
  if (key.startsWith('tls.')) return { ...BASE, tls: { cert_file: 'tls.crt', key_file: 'tls.key' } };
  if (key.startsWith('authorizer.')) return { ...BASE, authorizer: { listen: '127.0.0.1:9191' } };
  if (key.startsWith('mcp.')) return WITH_MCP;
  if (key.startsWith('exchange.')) return EXCHANGING;
  return key.startsWith('cors.') ? WITH_CORS : BASE;
}

/** @returns what the gateway would run with where `key`, below `path`, has `value`. */
function load(path: readonly string[], key: string, value?: unknown): unknown {
  const tree = structuredClone(baseOf(key));
  if (value !== undefined) {
    const names = [...path, ...key.split('.')];
    const last = names.pop() ?? '';
    const place = names.reduce<Tree>((node, name) => {
      node[name] ??= {};
      return node[name] as Tree;
    }, tree);
    place[last] = value;
  }
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, stringify(tree));
  const loaded = loadConfig(file, {});
  if (!loaded.ok) throw new Error(`${key}: ${JSON.stringify(value)} is refused`);
  const { source: _, ...config } = loaded.config;
  return config;
}

const defaults = Object.entries(SECTIONS).flatMap(([section, path]) =>
  readRows(section).flatMap(({ key, standard }) => {
    const [, written] = /^`([^`]+)`$/.exec(standard) ?? [];
    return written === undefined || key === 'issuers' ? [] : [[key, written, path] as const];
  }),
);

describe('defaults', () => {
  test.each(defaults)('%s: %s is what holds without the key', (key, written, path) => {
    expect(load(path, key, parse(written))).toEqual(load(path, key));
  });

  test('another value: not what holds without the key', () => {
    expect(defaults.length).toBeGreaterThan(20);
    expect(load([], 'drain.limit', '31s')).not.toEqual(load([], 'drain.limit'));
    expect(load(['routes', '/a'], 'multiple_audiences', 'known')).not.toEqual(load([], 'x'));
  });
});

test('limits: the page has the numbers of the program', () => {
  const [, section = ''] = PAGE.split('## What a file may hold');
  const numbers = [...section.matchAll(/\d[\d,]*/g)].map(([number]) => Number(number.replaceAll(',', '')));
  const shown = new Set(numbers.flatMap(number => [number, number * 1024 ** 2]));
  expect(Object.entries(LIMITS).filter(([, limit]) => !shown.has(limit))).toEqual([]);
});
