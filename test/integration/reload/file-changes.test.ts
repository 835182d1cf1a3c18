/** The configuration file changes, in each way that editors and Kubernetes change files: one save is one reload. */

import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { changeAndSignal, startGatewayProcess } from '../../support/gateway-process.ts';
import { countReloads, routes, statusOf, useReloadFixture } from './fixture.ts';

useReloadFixture();

/** Longer than a save takes to settle: after it, no reload may have happened. */
const A_WHILE = 700;

describe('one save is one reload', () => {
  const saves: [name: string, save: (file: string, text: string) => unknown][] = [
    ['written in place', (file, text) => writeFileSync(file, text)],
    ['written in place, in pieces', writeSlowly],
    ['written beside it and renamed over it', (file, text) => replace(file, text)],
    [
      'moved away to a backup, then written anew, as vim does',
      (file, text) => {
        renameSync(file, `${file}~`);
        writeFileSync(file, text);
        rmSync(`${file}~`);
      },
    ],
    [
      'deleted, then created',
      async (file, text) => {
        rmSync(file);
        await delay(A_WHILE);
        writeFileSync(file, text);
      },
    ],
  ];

  test.each(saves)('%s', async (_name, save) => {
    const gateway = await startGatewayProcess(routes('/first'));
    await save(gateway.file, gateway.configure(routes('/second')));
    await gateway.line('configuration loaded', 2);
    expect(await statusOf(gateway, '/second')).toBe(200);
    expect(await statusOf(gateway, '/first')).toBe(404);
    await delay(A_WHILE);
    expect(await countReloads(gateway)).toEqual([1, 0]);
    await save(gateway.file, gateway.configure(routes('/third')));
    await gateway.line('configuration loaded', 3);
    expect(await statusOf(gateway, '/third')).toBe(200);
  });

  test('the links of a Kubernetes ConfigMap', async () => {
    const gateway = await startGatewayProcess(routes('/first'), { place: placeConfigMap });
    for (const [index, prefix] of ['/second', '/third'].entries()) {
      swapConfigMap(dirname(gateway.file), gateway.configure(routes(prefix)));
      await gateway.line('configuration loaded', 2 + index);
      expect(await statusOf(gateway, prefix)).toBe(200);
    }
    await delay(A_WHILE);
    expect(await countReloads(gateway)).toEqual([2, 0]);
  });

  test('the target of a link in another folder', async () => {
    const gateway = await startGatewayProcess(routes('/first'), {
      place: (folder, text) => {
        mkdirSync(join(folder, 'real'));
        mkdirSync(join(folder, 'linked'));
        writeFileSync(join(folder, 'real/file.yaml'), text);
        symlinkSync('../real/file.yaml', join(folder, 'linked/audgate.yaml'));
        return join(folder, 'linked/audgate.yaml');
      },
    });
    replace(join(dirname(gateway.file), '../real/file.yaml'), gateway.configure(routes('/second')));
    await gateway.line('configuration loaded', 2);
    expect(await statusOf(gateway, '/second')).toBe(200);
  });

  test('a target that the link has had only since the last reload', async () => {
    const gateway = await startGatewayProcess(routes('/first'), {
      place: (folder, text) => {
        writeFileSync(join(folder, 'v1.yaml'), text);
        symlinkSync('v1.yaml', join(folder, 'audgate.yaml'));
        return join(folder, 'audgate.yaml');
      },
    });
    const folder = dirname(gateway.file);
    writeFileSync(join(folder, 'v2.yaml'), gateway.configure(routes('/second')));
    symlinkSync('v2.yaml', join(folder, 'link'));
    renameSync(join(folder, 'link'), gateway.file);
    await gateway.line('configuration loaded', 2);
    const changedAt = performance.now();
    writeFileSync(join(folder, 'v2.yaml'), gateway.configure(routes('/third')));
    await gateway.line('configuration loaded', 3);
    expect(performance.now() - changedAt).toBeLessThan(3000);
    expect(await statusOf(gateway, '/third')).toBe(200);
  });

  test('a save, then SIGHUP at once', async () => {
    const gateway = await startGatewayProcess(routes('/first'));
    await changeAndSignal(gateway.child, () => writeFileSync(gateway.file, gateway.configure(routes('/second'))));
    await gateway.line('configuration loaded', 2);
    await delay(A_WHILE);
    expect(await countReloads(gateway)).toEqual([1, 0]);
  });
});

test('a touch, or the same text again: no reload; SIGHUP: always one', async () => {
  const gateway = await startGatewayProcess(routes('/first'));
  utimesSync(gateway.file, new Date(), new Date());
  replace(gateway.file, gateway.configure(routes('/first')));
  await delay(A_WHILE);
  expect(await countReloads(gateway)).toEqual([0, 0]);
  gateway.child.kill('SIGHUP');
  await gateway.line('configuration loaded', 2);
  expect(await countReloads(gateway)).toEqual([1, 0]);
});

test('a bad file: the old configuration stays, logged and counted once; the next good one is applied', async () => {
  const gateway = await startGatewayProcess(routes('/first'));
  writeFileSync(gateway.file, gateway.configure('routes:\n  /first: { public: true, upstreem: "http://a" }\n'));
  const failed = await gateway.line('reload failed');
  expect(JSON.stringify(failed['problems'])).toMatch(/audgate\.yaml:5:\d+: .*upstreem/);
  expect(await statusOf(gateway, '/first')).toBe(200);
  utimesSync(gateway.file, new Date(), new Date());
  await delay(A_WHILE);
  expect(await countReloads(gateway)).toEqual([0, 1]);
  writeFileSync(gateway.file, gateway.configure(routes('/second')));
  await gateway.line('configuration loaded', 2);
  expect(await countReloads(gateway)).toEqual([1, 1]);
  expect(await statusOf(gateway, '/second')).toBe(200);
});

test('from a bad file back to the configuration in use: a successful reload', async () => {
  const gateway = await startGatewayProcess(routes('/first'));
  writeFileSync(gateway.file, 'routes: 1\n');
  await gateway.line('reload failed');
  writeFileSync(gateway.file, gateway.configure(routes('/first')));
  await gateway.line('configuration loaded', 2);
  expect(await countReloads(gateway)).toEqual([1, 1]);
});

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

async function writeSlowly(file: string, text: string): Promise<void> {
  for (const part of [0.25, 0.5, 0.75, 1]) {
    writeFileSync(file, text.slice(0, Math.floor(text.length * part)));
    await delay(60);
  }
}

/** As the kubelet: `audgate.yaml` → `..data/audgate.yaml`, `..data` → a folder with the time for a name. */
function placeConfigMap(folder: string, text: string): string {
  swapConfigMap(folder, text);
  symlinkSync('..data/audgate.yaml', join(folder, 'audgate.yaml'));
  return join(folder, 'audgate.yaml');
}

function swapConfigMap(folder: string, text: string): void {
  const name = `..${process.hrtime.bigint()}`;
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'audgate.yaml'), text);
  symlinkSync(name, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
}
