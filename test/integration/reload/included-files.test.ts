/** Files under `include`: each that comes, goes, breaks or is mended is one reload, of all routes or of none. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startClients } from '../../load/clients.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { countReloads, guarded, issuer, RESOURCE, routes, statusOf, useReloadFixture } from './fixture.ts';

useReloadFixture();

/** Longer than a save takes to settle: after it, no reload may have happened. */
const A_WHILE = 700;

/** Written beside it and renamed over it. */
function put(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, `.${name}.new`), text);
  renameSync(join(folder, `.${name}.new`), join(folder, name));
}

/** Starts a gateway with `/main` in its own file, and the files of `teams` in `routes.d`. */
async function start(
  teams: Readonly<Record<string, string>>,
  more = '',
): Promise<GatewayProcess & { readonly teams: string }> {
  const gateway = await startGatewayProcess(`${more}include: [routes.d/*.yaml]\n${guarded('/main')}`, {
    place: (folder, text) => {
      mkdirSync(join(folder, 'routes.d'));
      for (const [name, yaml] of Object.entries(teams)) writeFileSync(join(folder, 'routes.d', name), yaml);
      writeFileSync(join(folder, 'audgate.yaml'), text);
      return join(folder, 'audgate.yaml');
    },
  });
  return { ...gateway, teams: join(dirname(gateway.file), 'routes.d') };
}

const statusesOf = async (gateway: GatewayProcess, ...paths: readonly string[]) =>
  Promise.all(paths.map(path => statusOf(gateway, path)));

describe('a file of a team', () => {
  test.each([
    ['one process', ''],
    ['two workers', 'workers: 2\n'],
  ])(
    '%s, added, changed, broken, mended, removed: one reload each; broken, all of the old serves',
    async (_name, more) => {
      const gateway = await start({ 'a.yaml': routes('/a') }, more);
      expect(await statusesOf(gateway, '/main', '/a', '/b')).toEqual([200, 200, 404]);

      put(gateway.teams, 'b.yaml', routes('/b'));
      await gateway.line('configuration loaded', 2);
      expect(await statusesOf(gateway, '/main', '/a', '/b')).toEqual([200, 200, 200]);

      put(gateway.teams, 'a.yaml', routes('/a2'));
      await gateway.line('configuration loaded', 3);
      expect(await statusesOf(gateway, '/a', '/a2', '/b')).toEqual([404, 200, 200]);

      put(gateway.teams, 'b.yaml', `${routes('/b')}  /b2: { public: 1 }\n`);
      const { problems } = await gateway.line('reload failed');
      const broken = expect.stringMatching(/\/routes\.d\/b\.yaml:3:18: routes\.\/b2\.public: /);
      expect(problems).toEqual(expect.arrayContaining([broken]));
      // The change of another team does not come through while one file is broken.
      put(gateway.teams, 'a.yaml', routes('/a3'));
      await gateway.line('reload failed', 2);
      expect(await statusesOf(gateway, '/main', '/a2', '/a3', '/b', '/b2')).toEqual([200, 200, 404, 200, 404]);

      put(gateway.teams, 'b.yaml', routes('/b2'));
      await gateway.line('configuration loaded', 4);
      expect(await statusesOf(gateway, '/main', '/a2', '/a3', '/b', '/b2')).toEqual([200, 404, 200, 404, 200]);

      rmSync(join(gateway.teams, 'a.yaml'));
      await gateway.line('configuration loaded', 5);
      expect(await statusesOf(gateway, '/main', '/a3', '/b2')).toEqual([200, 404, 200]);
      expect(await countReloads(gateway)).toEqual([4, 2]);
    },
  );

  test('the last one removed: a warning, and the folder is still watched', async () => {
    const gateway = await start({ 'a.yaml': routes('/a') });
    rmSync(gateway.teams, { recursive: true });
    await gateway.line('configuration loaded', 2);
    expect(String((await gateway.line('configuration warning'))['warning'])).toContain('include[0]: matches no file');
    expect(await statusesOf(gateway, '/main', '/a')).toEqual([200, 404]);
    mkdirSync(gateway.teams);
    put(gateway.teams, 'b.yaml', routes('/b'));
    await gateway.line('configuration loaded', 3);
    expect(await statusOf(gateway, '/b')).toBe(200);
  });

  test('/status.json and the page: the included files with their hashes; a warning with its file', async () => {
    const risky = routes('/a').replace('public: true', 'public: true, allow_encoded: ["%2F"]');
    const gateway = await start({ 'a.yaml': risky });
    const file = join(gateway.teams, 'a.yaml');
    const sha256 = createHash('sha256').update(risky).digest('hex');
    const admin = `http://127.0.0.1:${gateway.adminPort}`;
    const { configuration } = (await (await fetch(`${admin}/status.json`)).json()) as { configuration: unknown };
    expect(configuration).toMatchObject({
      file: gateway.file,
      included: [{ file, sha256 }],
      warnings: [{ file, line: 2, code: 'allow-encoded' }],
    });
    const page = await (await fetch(admin)).text();
    expect(page).toContain(`<dt>Included</dt><dd><code>${file}</code> <code class="soft">${sha256}</code>`);
    expect(page).toMatch(new RegExp(`<code>${file}:2:\\d+</code>`));
  });

  test('a pipe: a failed reload, and requests are served', async () => {
    const gateway = await start({ 'a.yaml': routes('/a') });
    spawnSync('mkfifo', [join(gateway.teams, 'b.yaml')]);
    expect(String((await gateway.line('reload failed'))['problems'])).toContain(
      'b.yaml:1:1: the file is not a regular file',
    );
    expect(await statusOf(gateway, '/a')).toBe(200);
    rmSync(join(gateway.teams, 'b.yaml'));
    await gateway.line('configuration loaded', 2);
  });

  test('names that the pattern does not match, and the same content again: no reload', async () => {
    const gateway = await start({ 'a.yaml': routes('/a') });
    for (const name of ['.a.yaml.swp', 'a.yaml~', '4913', 'notes.md']) writeFileSync(join(gateway.teams, name), 'x');
    put(gateway.teams, 'a.yaml', routes('/a'));
    await delay(A_WHILE);
    expect(await countReloads(gateway)).toEqual([0, 0]);
  });

  test('named, without a pattern, and put there later: loaded then', async () => {
    const gateway = await start({});
    writeFileSync(gateway.file, gateway.configure(`include: [later.yaml]\n${guarded('/main')}`));
    expect(String((await gateway.line('reload failed'))['problems'])).toContain(
      'include[0]: "later.yaml" names a file that',
    );
    put(dirname(gateway.file), 'later.yaml', routes('/later'));
    await gateway.line('configuration loaded', 2);
    expect(await statusOf(gateway, '/later')).toBe(200);
  });

  test('a folder of a new team, by `**`: seen, and what is put into it later', async () => {
    const gateway = await start({ 'a.yaml': routes('/a') });
    writeFileSync(gateway.file, gateway.configure(`include: ["routes.d/**/*.yaml"]\n${guarded('/main')}`));
    await gateway.line('configuration loaded', 2);
    mkdirSync(join(gateway.teams, 'new'));
    await gateway.line('configuration loaded', 3);
    put(join(gateway.teams, 'new'), 'b.yaml', routes('/b'));
    await gateway.line('configuration loaded', 4);
    expect(await statusesOf(gateway, '/a', '/b')).toEqual([200, 200]);
  });

  test('SIGHUP: reads what `${file:…}` in an included file names', async () => {
    const gateway = await start({
      'a.yaml': routes('/a').replace('public: true', 'public: true, name: "${file:name}"'),
      name: 'x',
    });
    writeFileSync(join(gateway.teams, 'name'), 'y'.repeat(70_000));
    gateway.child.kill('SIGHUP');
    expect(String((await gateway.line('reload failed'))['problems'])).toContain('/routes.d/a.yaml:2:');
  });
});

test('a ConfigMap as the folder: one swap of ..data changes, adds and removes files in one reload', async () => {
  const map = mkdtempSync(join(tmpdir(), 'audgate-map-'));
  /** As the kubelet does (AtomicWriter): a new folder, the swap, links for new names, and then those of old names go. */
  const write = (version: string, files: Readonly<Record<string, string>>, gone: readonly string[] = []) => {
    mkdirSync(join(map, `..${version}`));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(map, `..${version}`, name), text);
    symlinkSync(`..${version}`, join(map, '..data_tmp'));
    renameSync(join(map, '..data_tmp'), join(map, '..data'));
    for (const name of Object.keys(files)) {
      if (!spawnSync('test', ['-L', join(map, name)]).status) continue;
      symlinkSync(`..data/${name}`, join(map, name));
    }
    for (const name of gone) rmSync(join(map, name));
  };
  write('v1', { 'a.yaml': routes('/a'), 'b.yaml': routes('/b') });
  const gateway = await startGatewayProcess(`include: ["${map}/*.yaml"]\n${guarded('/main')}`);
  expect(await statusesOf(gateway, '/a', '/b')).toEqual([200, 200]);
  write('v2', { 'a.yaml': routes('/a2'), 'c.yaml': routes('/c') }, ['b.yaml']);
  await gateway.line('configuration loaded', 2);
  expect(await statusesOf(gateway, '/a', '/a2', '/b', '/c')).toEqual([404, 200, 404, 200]);
  await delay(A_WHILE);
  expect(await countReloads(gateway)).toEqual([1, 0]);
  write('v3', { 'a.yaml': routes('/a3'), 'c.yaml': routes('/c') });
  await gateway.line('configuration loaded', 3);
  expect(await statusOf(gateway, '/a3')).toBe(200);
  rmSync(map, { recursive: true });
});

test('under load, 20 changes of team files, one in five broken: 0 of the requests fail', async () => {
  const gateway = await start({ 'a.yaml': routes('/a') });
  const clients = startClients(gateway.port, 4, await issuer.sign({ claims: { aud: RESOURCE } }), '/main');
  const done = { loaded: 1, failed: 0 };
  for (let count = 1; count <= 20; count += 1) {
    if (count % 5 === 0) put(gateway.teams, 'b.yaml', 'routes: {');
    else if (count % 5 === 4) rmSync(join(gateway.teams, 'b.yaml'));
    else put(gateway.teams, 'b.yaml', routes(`/b${count}`));
    if (count % 5 === 0) await gateway.line('reload failed', ++done.failed);
    else await gateway.line('configuration loaded', ++done.loaded);
    await gateway.line('request', 1 + clients.tally.answered);
  }
  const { answered, statuses, failures, refused } = await clients.stop();
  expect({ statuses, failures, refused }).toEqual({ statuses: { 200: answered }, failures: {}, refused: 0 });
  expect(answered).toBeGreaterThan(100);
  expect(done).toEqual({ loaded: 17, failed: 4 });
}, 300_000);
