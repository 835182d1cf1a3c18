/** What is written beside the watched files, and which links lead to them. */

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FileWatch, watchConfig } from '../../../../src/config/source/watch.ts';
import { listPlaces } from '../../../../src/config/source/watched-places.ts';

/** Longer than a save takes to settle; shorter than the time between two polls. */
const A_WHILE = 700;
const BEFORE_POLL = 3_000;

let folder: string;
let watch: FileWatch | undefined;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'audgate-watch-')));
});

afterEach(() => {
  watch?.close();
  rmSync(folder, { recursive: true });
});

/** Puts a link in the place of another in one step. */
function swap(target: string, path: string): void {
  symlinkSync(target, `${path}~`);
  renameSync(`${path}~`, path);
}

function startWatch(file: string) {
  let count = 0;
  let onNext: () => void = () => undefined;
  watch = watchConfig(file, () => {
    count += 1;
    onNext();
  });
  const next = () =>
    Promise.race([
      new Promise<string>(resolve => {
        onNext = () => resolve('changed');
      }),
      delay(BEFORE_POLL, 'not noticed'),
    ]);
  return { next, count: () => count };
}

test('files beside it, whatever their names: no change; the file itself: one', async () => {
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, '1');
  const { next, count } = startWatch(file);
  for (let line = 0; line < 100; line += 1) {
    for (const name of ['access.ndjson', '..access.ndjson', 'audgate.yaml.log'])
      appendFileSync(join(folder, name), 'x');
  }
  await delay(A_WHILE);
  expect(count()).toBe(0);
  const changed = next();
  writeFileSync(file, '2');
  expect(await changed).toBe('changed');
});

test.each<[string, (inside: (path: string) => string) => void, string, string]>([
  [
    'a link to a link',
    inside => {
      symlinkSync('../between/current', inside('etc/audgate.yaml'));
      symlinkSync('../one/audgate.yaml', inside('between/current'));
    },
    'between/current',
    '../two/audgate.yaml',
  ],
  [
    'the folder of a file',
    inside => {
      symlinkSync('../one', inside('between/current'));
      symlinkSync('../between/current/audgate.yaml', inside('etc/audgate.yaml'));
    },
    'between/current',
    '../two',
  ],
])('%s is swapped: noticed before the next poll', async (_, place, link, target) => {
  const inside = (path: string) => join(folder, path);
  for (const name of ['etc', 'between', 'one', 'two']) mkdirSync(inside(name));
  writeFileSync(inside('one/audgate.yaml'), '1');
  writeFileSync(inside('two/audgate.yaml'), '2');
  place(inside);
  const { next } = startWatch(inside('etc/audgate.yaml'));
  const changed = next();
  swap(target, inside(link));
  expect(await changed).toBe('changed');
});

test('places of a ConfigMap, of a file that is not there, and of a circle', () => {
  mkdirSync(join(folder, '..1'));
  writeFileSync(join(folder, '..1/audgate.yaml'), '1');
  symlinkSync('..1', join(folder, '..data'));
  symlinkSync('..data/audgate.yaml', join(folder, 'audgate.yaml'));
  symlinkSync('b', join(folder, 'a'));
  symlinkSync('a', join(folder, 'b'));
  expect(listPlaces(join(folder, 'audgate.yaml'))).toEqual([
    { folder, name: 'audgate.yaml' },
    { folder, name: '..data' },
    { folder: join(folder, '..1'), name: 'audgate.yaml' },
  ]);
  expect(listPlaces(join(folder, 'none/x.yaml'))).toEqual([{ folder: join(folder, 'none'), name: 'x.yaml' }]);
  expect(new Set(listPlaces(join(folder, 'a')).map(({ name }) => name))).toEqual(new Set(['a', 'b']));
});
