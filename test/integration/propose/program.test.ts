/** The built program: its patch, applied by `patch` and by git, in the folders of a repository; files, line ends, exit statuses. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { BILLING, ENTRA, LOGIN, line, onProfile } from '../../unit/cli/propose/world.ts';

const PROGRAM = join(import.meta.dirname, '../../../dist/main.js');
let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'audgate-propose-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const environment = { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir(), LC_ALL: 'C', AUDGATE_CONFIG: '' };
const run = (cwd: string, command: string, args: readonly string[], input = '') =>
  spawnSync(command, args, { cwd, input, encoding: 'utf8', env: environment });
const propose = (cwd: string, ...args: readonly string[]) => run(cwd, process.execPath, [PROGRAM, 'propose', ...args]);

/** The style of an operator: comments, anchors, quotes, blank lines, flow and block. */
const YAML = `# Our gateway. Ask team-api before you change it.
listen: 127.0.0.1:0

issuers:
  ${LOGIN}:            # ours
    jwks_uri: "${LOGIN}/jwks"   # quoted
  ${ENTRA}:   # Entra
routes:
  /billing: &billing        # money
    resource:   '${BILLING}'
    upstream: http://127.0.0.1:1
    scopes: [ read ]        # one
    enforcement: report     # since May
    timeouts: &slow { connect: 1s }


  # The other one.
  /profile: { resource: https://profile.example.com/, upstream: "http://127.0.0.1:2",
              scopes: [ read ], enforcement: report, timeouts: *slow, audiences: [
                "profile",   # old
              ] }
admin: 127.0.0.1:0   # end
`;

/** Two routes are one node of YAML, so a change of one would change the other. */
const BEHIND_ALIAS = `issuers:
  ${LOGIN}:
  ${ENTRA}:
routes:
  /billing: &billing { resource: '${BILLING}', upstream: "http://127.0.0.1:1", scopes: [read], enforcement: report }
  /copy: *billing
`;

const HOSTILE = 'evil\n    public: true # \u202E\u001B[31m "} ]';
const LINES = [
  line({ aud: ['https://billing.example.com'] }),
  line({ client_id: 'nightly-batch' }),
  line({ client_id: HOSTILE }),
  line({ iss: ENTRA, typ: 'JWT', aud: [BILLING], client_id: '123', reason: 'wrong_token_type' }),
  onProfile({ aud: ['https://profile.example.com'] }),
  onProfile({ client_id: 'null', scope: '' }),
  line({ client_id: undefined }),
];
const LOG = LINES.map(each => `${JSON.stringify(each)}\n`).join('');

/** A folder with the configuration at `name` and the log beside it. */
function createFolder(name: string, yaml = YAML): string {
  const folder = mkdtempSync(join(root, 'case-'));
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), yaml);
  writeFileSync(join(folder, 'log.ndjson'), LOG);
  return folder;
}

const normalise = (patch: string) => patch.replaceAll(/until: [\d-]+/g, 'until: UNTIL');

test('a file with comments and anchors: the diff, and nothing else changed', () => {
  const folder = createFolder('audgate.yaml');
  const { stdout, stderr, status } = propose(folder, '--config', 'audgate.yaml', 'log.ndjson');
  expect({ status, stderr }).toEqual({ status: 3, stderr: '' });
  expect(normalise(stdout)).toBe(readFileSync(join(import.meta.dirname, 'expected.patch'), 'utf8'));
});

describe.each([
  ['patch', ['-p1', '--no-backup-if-mismatch']],
  ['git', ['apply', '-']],
])('%s', (command, args) => {
  test.each([
    ['in the working directory', 'audgate.yaml', '.', 'audgate.yaml'],
    ['below it', 'conf/prod/audgate.yaml', '.', 'conf/prod/audgate.yaml'],
    ['in a folder of a repository', 'conf/audgate.yaml', 'conf', 'audgate.yaml'],
    ['with a blank in its name', 'our gateway.yaml', '.', 'our gateway.yaml'],
  ])('a file %s: patched to what --json says', (_, name, cwd, config) => {
    const folder = createFolder(name);
    expect(run(folder, 'git', ['init', '-q']).status).toBe(0);
    const where = join(folder, cwd);
    const log = join(folder, 'log.ndjson');
    const { stdout } = propose(where, '--config', config, log);
    const { files } = JSON.parse(propose(where, '--config', config, '--json', log).stdout);
    expect(files).toMatchObject([{ file: config }]);
    const applied = run(where, command, args, stdout);
    expect(applied.stderr + applied.stdout).not.toMatch(/fuzz|offset|skipped|reject/i);
    expect(readFileSync(join(folder, name), 'utf8')).toBe(files[0].text);
    expect(readdirSync(where).filter(each => /\.(?:orig|rej)$/.test(each))).toEqual([]);
  });

  test.each([
    ['line ends of Windows', YAML.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${YAML}`],
    ['no line end at the end', YAML.trimEnd()],
    ['JSON', JSON.stringify(parse(YAML))],
  ])('%s: kept', (_, yaml) => {
    const folder = createFolder('audgate.yaml', yaml);
    const { stdout, stderr } = propose(folder, '--config', 'audgate.yaml', 'log.ndjson');
    expect(stderr).toBe('');
    expect(run(folder, command, args, stdout).status).toBe(0);
    const after = readFileSync(join(folder, 'audgate.yaml'), 'utf8');
    expect(after.startsWith('\uFEFF')).toBe(yaml.startsWith('\uFEFF'));
    expect(after.endsWith('\n')).toBe(yaml.endsWith('\n'));
    if (yaml.includes('\r\n')) expect(after).not.toMatch(/[^\r]\n/);
    const read = parse(after.replace('\uFEFF', ''));
    expect(read.routes['/billing'].exceptions.map((each: { client_id: string }) => each.client_id)).toContain(HOSTILE);
    expect(read.routes['/billing'].public).toBeUndefined();
    expect(read.routes['/profile'].exceptions).toMatchObject([{ client_id: 'null' }]);
  });
});

test('included files: each has its own part of the patch', () => {
  const folder = createFolder('conf/audgate.yaml', `include: [routes.d/*.yaml]\nissuers:\n  ${LOGIN}:\n  ${ENTRA}:\n`);
  mkdirSync(join(folder, 'conf/routes.d'));
  const route = (key: string, resource: string) =>
    `# team ${key}\nroutes:\n  ${key}:\n    resource: ${resource}\n    upstream: http://127.0.0.1:1\n    scopes: [read]\n    enforcement: report\n`;
  writeFileSync(join(folder, 'conf/routes.d/billing.yaml'), route('/billing', BILLING));
  writeFileSync(join(folder, 'conf/routes.d/profile.yaml'), route('/profile', 'https://profile.example.com/'));
  const { stdout, stderr } = propose(folder, '--config', 'conf/audgate.yaml', 'log.ndjson');
  expect(stderr).toBe('');
  expect([...stdout.matchAll(/^\+\+\+ (.*)$/gm)].map(([, name]) => name)).toEqual([
    'b/conf/audgate.yaml',
    'b/conf/routes.d/billing.yaml',
    'b/conf/routes.d/profile.yaml',
  ]);
  expect(run(folder, 'patch', ['-p1'], stdout).status).toBe(0);
  const again = propose(folder, '--config', 'conf/audgate.yaml', 'log.ndjson');
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('billing.yaml:') });
  expect(again.stderr).toContain('"TODO" names nobody');
});

test.each([
  ['patch', 'patch', ['-p1']],
  ['git apply', 'git', ['apply', '-']],
])('a configuration behind symbolic links: %s changes the file itself', (_, command, args) => {
  const folder = createFolder('conf/real.yaml', YAML);
  symlinkSync('conf', join(folder, 'linked'));
  symlinkSync('linked/real.yaml', join(folder, 'audgate.yaml'));
  const { stdout } = propose(folder, '--config', 'audgate.yaml', 'log.ndjson');
  expect(stdout).toContain('+++ b/conf/real.yaml\n');
  expect(run(folder, command, args, stdout)).toMatchObject({ status: 0 });
  expect(readFileSync(join(folder, 'audgate.yaml'), 'utf8')).toContain('owner: TODO');
  expect(propose(folder, '--config', 'audgate.yaml', '--json', 'log.ndjson').stderr).toContain('"TODO" names nobody');
});

describe('exit statuses', () => {
  const folder = () => createFolder('audgate.yaml');
  const config = ['--config', 'audgate.yaml'];

  test('only what is to be added by hand: 0, told, and not called nothing', () => {
    const where = createFolder('audgate.yaml', BEHIND_ALIAS);
    const clients = ['nightly-batch', 'long'.repeat(100)];
    const input = clients.map(client_id => `${JSON.stringify(line({ client_id }))}\n`).join('');
    const { stdout, status } = run(where, process.execPath, [PROGRAM, 'propose', ...config, '-'], input);
    expect(status).toBe(0);
    expect(stdout).toContain('# to be added by hand, ');
    const written = stdout
      .split('\n')
      .filter(each => each.startsWith('#     - '))
      .map(each => parse(each.slice(2)));
    expect(written.flat()).toMatchObject(clients.toSorted().map(client_id => ({ client_id, owner: 'TODO' })));
    expect(stdout).toContain('refused on enforce until that is added, or even then:');
    expect(stdout).not.toContain('nothing to propose');
  });

  test('nothing to propose: 0, with what nothing helps', () => {
    const where = folder();
    const { stdout, status } = run(
      where,
      process.execPath,
      [PROGRAM, 'propose', ...config, '-'],
      `${JSON.stringify(LINES.at(-1))}\n`,
    );
    expect(status).toBe(0);
    expect(stdout).toContain('# nothing to propose\n');
    expect(stdout).toContain('#   /billing wrong_audience, (no client): 1 request');
    expect(stdout.split('\n').every(each => each === '' || each.startsWith('#'))).toBe(true);
  });

  test('a log that is not there, one without a line, a configuration that is not valid: 1', () => {
    const where = folder();
    writeFileSync(join(where, 'empty'), 'no log\n');
    writeFileSync(join(where, 'bad.yaml'), 'routes: 1\n');
    expect(propose(where, ...config, 'none')).toMatchObject({ status: 1, stderr: expect.stringContaining('ENOENT') });
    expect(propose(where, ...config, 'empty')).toMatchObject({ status: 1, stderr: expect.stringContaining('no line') });
    expect(propose(where, '--config', 'bad.yaml', 'log.ndjson').status).toBe(1);
    expect(propose(where, ...config).status).toBe(2);
  });

  test('what was applied and has owners: 0', () => {
    const where = folder();
    run(where, 'patch', ['-p1'], propose(where, ...config, 'log.ndjson').stdout);
    const file = join(where, 'audgate.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('owner: TODO', 'owner: team-api'));
    expect(propose(where, ...config, 'log.ndjson').status).toBe(0);
  });
});

test('the same log: the same bytes, in whatever form its lines are stored', () => {
  const where = createFolder('audgate.yaml');
  const docker = LINES.map(
    each => `${JSON.stringify({ log: `${JSON.stringify(each)}\n`, stream: 'stdout', time: 'x' })}\n`,
  );
  writeFileSync(join(where, 'docker.json'), docker.join(''));
  cpSync(join(where, 'log.ndjson'), join(where, 'copy'));
  const [one, other, stored] = ['log.ndjson', 'copy', 'docker.json'].map(
    log => propose(where, '--config', 'audgate.yaml', log).stdout,
  );
  expect(one).toBe(other);
  expect(one).toBe(stored);
});

test('what is printed: nothing that acts on a terminal, or ends a comment', () => {
  const where = createFolder('audgate.yaml');
  for (const json of [[], ['--json']]) {
    const { stdout } = propose(where, '--config', 'audgate.yaml', ...json, 'log.ndjson');
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(stdout).not.toMatch(/^\+ +public/m);
  }
});
