/** Each ```yaml block of README and docs is what it says: a configuration that `audgate check` accepts, or YAML of another program. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { createAuthority } from '../support/certificates.ts';
import { ROOT, readPages } from './markdown.ts';

/** What a fragment is put into. */
const BASE = {
  issuers: { 'https://login.example.com': { jwks_uri: 'https://login.example.com/jwks' } },
  routes: {
    '/billing': { resource: 'https://billing.example.com/', upstream: 'https://billing', scopes: ['billing:read'] },
    '/profile': { resource: 'https://profile.example.com/', upstream: 'https://profile' },
  },
};
type Tree = Record<string, unknown>;

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

const blocks = readPages()
  .filter(({ path }) => /^(README\.md|docs\/|\.github\/|config\/)/.test(path))
  .flatMap(page => page.blocks)
  .filter(({ language }) => language === 'yaml')
  .map(block => [`${block.page}:${block.line}`, block] as const);

let folder: string;
/** PEM files that blocks name. */
let files: Readonly<Record<string, string>>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-docs-'));
  const authority = createAuthority(folder);
  files = { 'ca.crt': readFileSync(authority.file, 'utf8') };
  for (const name of ['tls', 'other', 'client']) {
    const { cert, key } = authority.issue(`DNS:${name}.example.com`);
    files = { ...files, [`${name}.crt`]: cert, [`${name}.key`]: key };
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('configurations', () => {
  // The tutorial's names files that its commands make: its own test checks it there.
  const own = blocks.filter(
    ([, { notes, page }]) => notes.of === undefined && !page.endsWith('/legacy-web-application.md'),
  );

  test.each(own)('%s: check says what the page says', (_name, { text, notes }) => {
    const yaml = notes.in === undefined ? text : insert(notes.in.split(' ').filter(Boolean), text);
    expect(checkYaml(yaml)).toEqual({ errors: readCodes(notes.errors), warnings: readCodes(notes.warns) });
  });

  test('a whole configuration and a fragment with a misspelled key: reported', () => {
    expect(blocks.length).toBeGreaterThan(10);
    const { errors } = checkYaml('routes:\n  /a: { public: true, upstream: http://a, uptsream: x }\n');
    expect(errors).toEqual(['unknown-key']);
    expect(checkYaml(insert(['routes', '/billing'], 'scope: [x]\n')).errors).toEqual(['unknown-key']);
    expect(checkYaml(insert(['routes', '/billing'], 'enforcement: report\n')).errors).toEqual([]);
    expect(checkYaml(insert([], 'workers: many\n')).errors).toEqual(['invalid-value']);
    expect(checkYaml(insert([], 'admin: 0.0.0.0:9090\n')).warnings).toEqual(['admin-open']);
  });
});

describe('YAML of other programs', () => {
  const others = blocks.filter(([, { notes }]) => notes.of !== undefined);

  test.each(others)('%s: has the keys of its program', (_name, { text, notes: { of = '' } }) => {
    const tree = parse(text) as Tree;
    expect(Object.keys(tree)).toEqual(expect.arrayContaining([...(KEYS[of] ?? [`unknown program ${of}`])]));
  });

  test.skipIf(!hasPromtool)('prometheus: promtool accepts it', () => {
    const found = others.filter(([, { notes }]) => notes.of === 'prometheus');
    expect(found.length).toBeGreaterThan(0);
    for (const [name, { text }] of found)
      expect({ name, ...askPromtool('config', '--syntax-only', text) }).toMatchObject({ status: 0 });
  });
});

describe('queries', () => {
  const queries = readPages()
    .flatMap(page => page.blocks)
    .filter(({ language }) => language === 'promql');

  test.skipIf(!hasPromtool)('promql: promtool parses each', () => {
    expect(queries.length).toBeGreaterThan(1);
    const toRules = (expressions: readonly string[]) =>
      stringify({
        groups: [{ name: 'docs', rules: expressions.map((expr, index) => ({ record: `docs:${index}`, expr })) }],
      });
    expect(askPromtool('rules', '--lint=none', toRules(queries.map(({ text }) => text)))).toMatchObject({ status: 0 });
    expect(askPromtool('rules', '--lint=none', toRules(['sum by (']))).not.toMatchObject({ status: 0 });
  });

  test('promql: names metrics of the product', () => {
    const metrics = readFileSync(join(ROOT, 'docs/reference/metrics.md'), 'utf8');
    const names = queries.flatMap(({ text }) => text.match(/audgate_\w+/g) ?? []);
    expect(names.filter(name => !metrics.includes(`\`${name}\``))).toEqual([]);
  });
});

function askPromtool(kind: string, option: string, text: string) {
  const file = join(folder, 'promtool.yaml');
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync('promtool', ['check', kind, option, file], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  prometheus: ['scrape_configs'],
  compose: ['services'],
  kubernetes: ['apiVersion', 'kind', 'metadata'],
  helm: ['config'],
  'github actions': ['jobs'],
};

/** @returns BASE with the fragment's keys added under `path`; a route or an issuer that is not there is made. */
function insert(path: readonly string[], fragment: string): string {
  const tree = structuredClone(BASE) as Tree;
  const place = path.reduce<Tree>((node, key) => {
    node[key] ??= {};
    return node[key] as Tree;
  }, tree);
  Object.assign(place, parse(fragment));
  return stringify(tree);
}

function readCodes(codes = ''): string[] {
  return codes.split(' ').filter(Boolean).toSorted();
}

/** Loads it as `audgate check` does. Files below /run are looked up in the folder of the test. */
function checkYaml(yaml: string): { errors: string[]; warnings: string[] } {
  const own = mkdtempSync(join(folder, 'check-'));
  const placed = yaml.replace(/\$\{file:(\/run\/[^}]+)\}/g, (_, path: string) => {
    mkdirSync(join(own, path, '..'), { recursive: true });
    writeFileSync(join(own, path), '0123456789abcdef0123456789abcdef');
    return `\${file:.${path}}`;
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(own, name), text);
  // The day of an exception would be over some day.
  const until = new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10);
  writeFileSync(join(own, 'audgate.yaml'), placed.replace(/until: \d{4}-\d\d-\d\d/g, `until: ${until}`));
  const loaded = loadConfig(join(own, 'audgate.yaml'), {});
  const problems = loaded.ok ? loaded.warnings : loaded.diagnostics;
  const codesOf = (severity: string) =>
    problems.filter(problem => problem.severity === severity).map(({ code }) => code);
  return { errors: codesOf('error').toSorted(), warnings: codesOf('warning').toSorted() };
}
