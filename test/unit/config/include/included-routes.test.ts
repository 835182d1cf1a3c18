/** `include`: the places of diagnostics, what two files contradict one another in, and which files are read. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatDiagnostic } from '../../../../src/config/diagnostics/diagnostic.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import { LIMITS } from '../../../../src/config/source/limits.ts';
import { EXAMPLE, type World, writeConfiguration } from '../configuration.ts';

const ISSUERS = 'issuers: { https://i: { jwks_uri: https://i/jwks } }\n';
const MAIN = `include: [routes.d/*.yaml]\n${ISSUERS}routes:\n  /main: { resource: https://main/, upstream: https://main }\n`;
const route = (name: string, more = '') =>
  `  /${name}: { resource: https://${name}/, upstream: https://${name}${more} }\n`;
const team = (...names: string[]) => `routes:\n${names.map(name => route(name)).join('')}`;

/** @returns the result for `text` as `audgate.yaml`; each diagnostic with its file below the folder of that. */
function loadFrom(file: string, environment: World['environment'] = {}) {
  const result = loadConfig(file, environment);
  const folder = `${dirname(file)}/`;
  const print = (diagnostic: Parameters<typeof formatDiagnostic>[0]) =>
    formatDiagnostic(diagnostic).replaceAll(folder, '');
  return {
    config: result.ok ? result.config : undefined,
    errors: result.ok ? [] : result.diagnostics.filter(({ severity }) => severity === 'error').map(print),
    warnings: (result.ok ? result.warnings : result.diagnostics)
      .filter(({ severity }) => severity === 'warning')
      .map(print),
    read: (result.ok ? result.config.source.files : (result.files ?? [])).map(({ path }) => path.replace(folder, '')),
  };
}

const load = (files: Readonly<Record<string, string>>, text = MAIN, environment: World['environment'] = {}) =>
  loadFrom(writeConfiguration(text, { files }), environment);

const keysOf = ({ config }: ReturnType<typeof load>) => config?.routes.map(({ key }) => key);

describe('routes of included files', () => {
  test('in the order of the list, those of a pattern by name; behind those of the file', () => {
    const files = { 'routes.d/b.yaml': team('b2', 'b1'), 'routes.d/a.yaml': team('a'), 'first.yaml': team('first') };
    const text = MAIN.replace('[', '[first.yaml, ');
    expect(keysOf(load(files, text))).toEqual(['/main', '/first', '/a', '/b2', '/b1']);
  });

  test('the configuration: as if all routes stood in one file, but for where they stand', () => {
    const [head = '', below = ''] = EXAMPLE.split(/^routes:.*\n/m);
    const { config } = load({ 'all.yaml': `routes:\n${below}` }, `${head}include: [all.yaml]\n`);
    const alone = load({}, EXAMPLE).config;
    const { source: _, ...all } = config ?? {};
    const { source: __, ...one } = alone ?? {};
    expect(all).toEqual(one);
  });

  test('the source: each file with its hash, each route with its place', () => {
    const file = writeConfiguration(MAIN, { files: { 'routes.d/a.yaml': team('a', 'b') } });
    const { config } = loadFrom(file);
    const included = join(dirname(file), 'routes.d/a.yaml');
    expect(config?.source.included).toEqual([{ file: included, hash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect([...(config?.source.routePlaces ?? [])]).toEqual([
      ['/main', { file, line: 4, column: 3 }],
      ['/a', { file: included, line: 2, column: 3 }],
      ['/b', { file: included, line: 3, column: 3 }],
    ]);
  });

  test('no routes in the file itself: none needed', () => {
    expect(keysOf(load({ 'routes.d/a.yaml': team('a') }, `include: [routes.d/*.yaml]\n${ISSUERS}`))).toEqual(['/a']);
  });

  test('a team without routes: nothing wrong', () => {
    const loaded = load({ 'routes.d/a.yaml': 'routes: {}\n' });
    expect([keysOf(loaded), loaded.warnings]).toEqual([['/main'], []]);
  });

  test('no routes anywhere: an error', () => {
    const { errors } = load({ 'a.yaml': 'routes: {}\n' }, 'include: [a.yaml]\n');
    expect(errors).toEqual(['audgate.yaml:1:1: include: no routes, expected at least one route']);
    expect(load({}, 'listen: :80\n').errors).toEqual([
      'audgate.yaml:1:1: routes: missing key "routes", expected a map of routes',
    ]);
  });

  test('one file under several names, links too, and the including file itself: read once', () => {
    const file = writeConfiguration(
      MAIN.replace(/\[.*\]/, '["*.yaml", routes.d/a.yaml, "routes.d/*", ./routes.d/../routes.d/a.yaml]'),
      { files: { 'routes.d/a.yaml': team('a') } },
    );
    symlinkSync('a.yaml', join(dirname(file), 'routes.d/linked.yaml'));
    const loaded = loadFrom(file);
    expect([keysOf(loaded), loaded.warnings]).toEqual([['/main', '/a'], []]);
  });

  test('a pattern without a match: a warning at its entry, and watched', () => {
    const loaded = load({}, MAIN.replace('[', '["x/?", '));
    expect(loaded.warnings).toEqual([
      'audgate.yaml:1:11: warning: include[0]: matches no file',
      'audgate.yaml:1:18: warning: include[1]: matches no file',
    ]);
    expect(loaded.read).toEqual(['x/?', 'routes.d/*.yaml']);
  });
});

describe('an error: in its own file', () => {
  const CASES: [name: string, text: string, expected: string][] = [
    ['a value', `routes:\n${route('a', ', scopes: read')}`, '2:60: routes./a.scopes: found a string'],
    ['a key', `# a\nroutes:\n${route('a', ', scope: [x]')}`, '3:52: routes./a.scope: unknown key "scope"'],
    ['a missing key', 'routes:\n  /a: { upstream: https://a }\n', '2:3: routes./a.resource: missing key "resource"'],
    ['a duplicate key', `routes:\n${route('a')}${route('a')}`, '3:3: routes./a: duplicate key "/a"'],
    [
      'an unknown issuer',
      `routes:\n${route('a', ', issuers: [https://j]')}`,
      '2:62: routes./a.issuers[0]: "https://j"',
    ],
    ['the syntax', 'routes:\n  /a: {\n', '3:1: '],
    [
      'a variable',
      `routes:\n${route('a', ', name: "${NAME}"')}`,
      '2:58: routes./a.name: the environment variable NAME',
    ],
    ['an empty file', '', '1:1: the file is empty, expected a map with the key routes'],
    ['an empty file with a comment', '# later\n', '1:1: the file is empty'],
    ['a list', '- /a\n', '1:1: found a list, expected a map'],
    ['no routes', 'routes:\n', '1:1: routes: found nothing, expected a map of routes'],
    ['a key of another program', `apiVersion: v1\n${team('a')}`, '1:1: apiVersion: unknown key "apiVersion", expected'],
    ['issuers', `issuers: {}\n${team('a')}`, '1:1: issuers: "issuers" is for all routes, expected it in'],
    ['include', `include: [b.yaml]\n${team('a')}`, '1:1: include: "include" is for all routes, expected it in'],
    ['an anchor of another file', `routes: { /a: *shared }\n`, '1:15: no anchor of this name'],
  ];

  test.each(CASES)('%s', (_name, text, expected) => {
    const main = MAIN.replace('/main: {', '/main: &shared {');
    const { errors } = load({ 'routes.d/a.yaml': text, 'routes.d/b.yaml': team('b') }, main);
    expect(errors).toEqual([expect.stringContaining(`routes.d/a.yaml:${expected}`)]);
  });

  test('errors of three files: all of them, by file and line', () => {
    const broken = 'routes:\n  /x: { public: 1 }\n';
    const text = `lisen: :80\n${MAIN}`;
    const { errors } = load({ 'routes.d/b.yaml': broken.replace('x', 'b'), 'routes.d/a.yaml': broken }, text);
    expect(errors.map(line => line.split(' ')[0])).toEqual([
      ...['audgate.yaml:1:1:', 'routes.d/a.yaml:2:3:', 'routes.d/a.yaml:2:17:'],
      ...['routes.d/b.yaml:2:3:', 'routes.d/b.yaml:2:17:'],
    ]);
  });

  test('a warning: in its own file; an issuer that only a broken file may use is not called unused', () => {
    const risky = `routes:\n${route('a', ', allow_encoded: ["%2F"]')}`;
    expect(load({ 'routes.d/a.yaml': risky }).warnings).toEqual([
      expect.stringMatching(/^routes\.d\/a\.yaml:2:67: warning: routes\.\/a\.allow_encoded: /),
    ]);
    const only = MAIN.replace('https://main }', 'https://main, issuers: [https://i] }').replace(
      'issuers: {',
      'issuers: { https://j: ,',
    );
    expect(load({ 'routes.d/a.yaml': 'routes: {' }, only).warnings).toEqual([]);
    expect(load({ 'routes.d/a.yaml': 'routes: {}' }, only).warnings).toHaveLength(1);
  });

  test('more than 1,000 errors in all files together: the rest is one line', () => {
    const wrong = (name: string) =>
      `routes:\n${Array.from({ length: 600 }, (_, index) => `  /${name}${index}: { public: true }\n`).join('')}`;
    const { errors } = load({ 'routes.d/a.yaml': wrong('a'), 'routes.d/b.yaml': wrong('b') });
    expect(errors).toHaveLength(1_001);
    expect(errors.at(-1)).toMatch(/^routes\.d\/b\.yaml:\d+:3: .* more errors, from here on, are not listed$/);
  });
});

describe('what two files contradict one another in: told in both', () => {
  test('the same route key', () => {
    expect(load({ 'routes.d/a.yaml': team('a', 'main'), 'routes.d/b.yaml': team('a') }).errors).toEqual([
      'audgate.yaml:4:3: routes./main: "/main" matches the same requests as "/main" (routes.d/a.yaml:3:3), expected one of them',
      'routes.d/a.yaml:2:3: routes./a: "/a" matches the same requests as "/a" (routes.d/b.yaml:2:3), expected one of them',
      'routes.d/a.yaml:3:3: routes./main: "/main" matches the same requests as "/main" (audgate.yaml:4:3), expected one of them',
      'routes.d/b.yaml:2:3: routes./a: "/a" matches the same requests as "/a" (routes.d/a.yaml:2:3), expected one of them',
    ]);
  });

  test('an id; an id that is the key of another route', () => {
    const files = {
      'routes.d/a.yaml': `routes:\n${route('a', ', id: x')}`,
      'routes.d/b.yaml': `routes:\n${route('b', ', id: x')}${route('c', ', id: /main')}`,
    };
    expect(load(files).errors.map(error => error.replace(/, expected.*/, ''))).toEqual([
      'audgate.yaml:4:3: routes./main: "/main" is also the name of "/c" (routes.d/b.yaml:3:3)',
      'routes.d/a.yaml:2:56: routes./a.id: "x" is also the name of "/b" (routes.d/b.yaml:2:3)',
      'routes.d/b.yaml:2:56: routes./b.id: "x" is also the name of "/a" (routes.d/a.yaml:2:3)',
      'routes.d/b.yaml:3:56: routes./c.id: "/main" is also the name of "/main" (audgate.yaml:4:3)',
    ]);
  });

  test('keys that match the same requests', () => {
    const files = {
      'routes.d/a.yaml': team('a').replace('/a', 'x/a'),
      'routes.d/b.yaml': team('a').replace('/a', 'X/a'),
    };
    expect(load(files).errors).toEqual([
      'routes.d/a.yaml:2:3: routes.x/a: "x/a" matches the same requests as "X/a" (routes.d/b.yaml:2:3), expected one of them',
      'routes.d/b.yaml:2:3: routes.X/a: "X/a" matches the same requests as "x/a" (routes.d/a.yaml:2:3), expected one of them',
    ]);
  });

  test('an audience for two resources', () => {
    const alias = (name: string, audience: string) => `routes:\n${route(name, `, audiences: ["${audience}"]`)}`;
    const files = { 'routes.d/a.yaml': alias('a', 'https://main/'), 'routes.d/b.yaml': alias('b', 'urn:c') };
    const { errors } = load({ ...files, 'routes.d/c.yaml': alias('c', 'urn:c') });
    const told = (place: string, other: string) =>
      expect.stringMatching(
        new RegExp(`^${place}: .*is already accepted by route "/\\w+" \\(${other}\\) for another resource`),
      );
    expect(errors).toEqual([
      told('audgate.yaml:4:22', 'routes.d/a.yaml:2:3'),
      told('routes.d/a.yaml:2:64', 'audgate.yaml:4:3'),
      told('routes.d/b.yaml:2:64', 'routes.d/c.yaml:2:3'),
      told('routes.d/c.yaml:2:64', 'routes.d/b.yaml:2:3'),
    ]);
  });

  test('within one file: told once, with the line alone', () => {
    const { errors } = load({
      'routes.d/a.yaml': team('x', 'y').replace('https://y/', 'https://y/, audiences: [https://x/]'),
    });
    expect(errors).toEqual([
      'routes.d/a.yaml:3:43: routes./y.audiences[0]: "https://x/" is already accepted by route "/x" (line 2) for another resource, expected each audience to stand for one resource',
    ]);
  });

  test('one resource in two files: a warning in each', () => {
    const files = {
      'routes.d/a.yaml': team('a'),
      'routes.d/b.yaml': team('b', 'c').replaceAll(/https:\/\/[bc]\//g, 'https://a/'),
    };
    expect(load(files).warnings).toEqual([
      'routes.d/a.yaml:2:19: warning: routes./a.resource: is also the resource of route "/b" (routes.d/b.yaml:2:3)',
      'routes.d/b.yaml:2:19: warning: routes./b.resource: is also the resource of route "/a" (routes.d/a.yaml:2:3)',
    ]);
    expect(load({ 'routes.d/b.yaml': files['routes.d/b.yaml'] }).warnings).toEqual([]);
  });

  test('a public route over a protected one of another file: names its place', () => {
    const { warnings } = load({ 'routes.d/a.yaml': 'routes: { /: { public: true, upstream: https://a } }\n' });
    expect(warnings).toEqual([
      'routes.d/a.yaml:1:11: warning: routes./: this public route contains the protected route "/main" (audgate.yaml:4:3)',
    ]);
  });
});

describe('relative names', () => {
  test('`${file:…}`, ca_file: from the folder of the file that has them; references: once a file', () => {
    const files = {
      name: 'of main\n',
      'routes.d/name': 'of the team\n',
      'routes.d/a.yaml': `routes:\n${route('a', ', name: "${file:name}"')}${route('b', ', name: "${X}"')}`,
    };
    const { config } = load(files, MAIN.replace('https://main }', 'https://main, name: "${file:name}" }'), { X: 'x' });
    expect(config?.routes.map(({ name }) => name)).toEqual(['of main', 'of the team', 'x']);
    const tls = `routes:\n  /a: { public: true, upstream: { url: https://a, tls: { ca_file: ca.crt } } }\n`;
    const { errors, read } = load({ 'routes.d/a.yaml': tls, 'ca.crt': '' });
    expect(errors).toEqual([expect.stringMatching(/^routes\.d\/a\.yaml:2:67: .*names a file that does not exist/)]);
    expect(read).toContain('routes.d/ca.crt');
  });

  test('an entry with a variable: replaced; the message quotes what is written', () => {
    const text = MAIN.replace('[routes.d/*.yaml]', '["${TEAMS}/a.yaml"]');
    expect(keysOf(load({ 'routes.d/a.yaml': team('a') }, text, { TEAMS: 'routes.d' }))).toEqual(['/main', '/a']);
    expect(load({}, text, { TEAMS: 'secret' }).errors).toEqual([
      'audgate.yaml:1:11: include[0]: "${TEAMS}/a.yaml" names a file that does not exist, expected a readable YAML file',
    ]);
  });
});

describe('what cannot be read: told, and no wait', () => {
  const withEntry = (prepare: (folder: string) => unknown) => {
    const file = writeConfiguration(MAIN, { files: { 'routes.d/b.yaml': team('b') } });
    prepare(join(dirname(file), 'routes.d'));
    return loadFrom(file).errors;
  };

  test.each<[string, (folder: string) => unknown, string]>([
    ['a folder', folder => mkdirSync(join(folder, 'a.yaml')), 'is not a regular file'],
    ['a pipe', folder => spawnSync('mkfifo', [join(folder, 'a.yaml')]), 'is not a regular file'],
    ['a device', folder => symlinkSync('/dev/zero', join(folder, 'a.yaml')), 'is not a regular file'],
    ['a link to nowhere', folder => symlinkSync('nowhere', join(folder, 'a.yaml')), 'does not exist'],
    ['a link to itself', folder => symlinkSync('a.yaml', join(folder, 'a.yaml')), 'cannot be read (ELOOP)'],
    [
      'a huge file',
      folder => writeFileSync(join(folder, 'a.yaml'), '#'.repeat(2 ** 20 + 1)),
      'is larger than 1024 KiB',
    ],
    ['no UTF-8', folder => writeFileSync(join(folder, 'a.yaml'), Buffer.from([0xff])), 'is not UTF-8 text'],
  ])('%s', (_name, prepare, what) => {
    const before = performance.now();
    expect(withEntry(prepare)).toEqual([`routes.d/a.yaml:1:1: the file ${what}, expected a readable YAML file`]);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test('a file that is named: told at its entry', () => {
    const text = MAIN.replace('[', '[absent.yaml, routes.d, ');
    expect(load({ 'routes.d/b.yaml': team('b') }, text).errors).toEqual([
      expect.stringMatching(/^audgate\.yaml:1:11: include\[0\]: "absent\.yaml" names a file that does not exist/),
      expect.stringMatching(/^audgate\.yaml:1:24: include\[1\]: "routes\.d" names a file that is not a regular file/),
    ]);
    expect(load({}, 'include: [""]\n').errors).toEqual([
      'audgate.yaml:1:11: include[0]: "" is empty, expected a file, or a pattern for files, such as routes.d/*.yaml',
    ]);
    expect(load({}, MAIN.replace('[', '[audgate.yaml, ')).errors).toEqual([
      'audgate.yaml:1:11: include[0]: "audgate.yaml" is this very file, expected another file',
    ]);
  });
});

describe('limits: of all files together', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => index);

  test('files', () => {
    const files = Object.fromEntries(names(LIMITS.included + 1).map(index => [`routes.d/${index}.yaml`, 'routes: {}']));
    expect(load(files).errors).toEqual([expect.stringMatching(/^audgate\.yaml:1:11: include\[0\]: .*1,000/)]);
  });

  test('bytes, of five files just under 1 MiB', () => {
    const large = `${'#'.repeat(60_000)}\n`.repeat(17);
    const files = Object.fromEntries(names(5).map(index => [`routes.d/${index}.yaml`, `${large}${team(`r${index}`)}`]));
    expect(load(files).errors).toEqual([
      'routes.d/4.yaml:1:1: the file brings all files together above 4,096 KiB, expected less',
    ]);
  });

  test('references and values', () => {
    const many = (name: string) =>
      `routes:\n${names(6_000)
        .map(index => `  /${name}${index}: { public: true, upstream: "\${U:-https://a}" }\n`)
        .join('')}`;
    expect(load({ 'routes.d/a.yaml': many('a'), 'routes.d/b.yaml': many('b') }).errors).toEqual([
      expect.stringMatching(/^routes\.d\/b\.yaml:\d+:\d+: more than 10,000 references in all values/),
    ]);
  }, 60_000);
});
