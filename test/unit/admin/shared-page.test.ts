/** How often the page is rendered, whoever asks how often. */

import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type PageSources, sharePage } from '../../../src/admin/shared-page.ts';
import { takeClock } from '../token/example-token.ts';
import { examplePage, PLAIN } from './example-page.ts';

let sources: PageSources;
const report = vi.fn<PageSources['report']>();

beforeEach(async () => {
  const page = await examplePage(PLAIN);
  report.mockReset().mockResolvedValue(page.report);
  sources = { processInfo: () => page.info, readiness: () => page.readiness, report };
});

afterEach(() => {
  vi.restoreAllMocks();
});

test('a hundred who ask at once get one rendering, and so do those of the next second', async () => {
  const clock = takeClock();
  const givePage = sharePage(sources);
  const [page, ...others] = await Promise.all(Array.from({ length: 100 }, async () => (await givePage()).html()));
  expect(page).toContain('<h1 id="state"');
  expect(new Set(others)).toEqual(new Set([page]));
  clock.pass(500);
  await givePage();
  expect(report).toHaveBeenCalledTimes(1);
  clock.pass(600);
  await givePage();
  expect(report).toHaveBeenCalledTimes(2);
});

test('a rendering under way is shared however long it takes', async () => {
  const clock = takeClock();
  const { report: told } = await examplePage(PLAIN);
  const workers = new EventEmitter();
  report.mockImplementation(async () => {
    await once(workers, 'answer');
    return told;
  });
  const givePage = sharePage(sources);
  const first = givePage();
  clock.pass(60_000);
  const second = givePage();
  workers.emit('answer');
  expect(await second).toBe(await first);
  expect((await first).html()).toBe((await second).html());
  expect(report).toHaveBeenCalledTimes(1);
});

test('a reload is shown at once', async () => {
  let { info } = await examplePage(PLAIN);
  const givePage = sharePage({ ...sources, processInfo: () => info });
  await givePage();
  ({ info } = await examplePage({ ...PLAIN, hash: 'cd34' }));
  expect((await givePage()).html()).toContain('cd34');
});

test('a page that could not be rendered is not kept', async () => {
  report.mockRejectedValueOnce(new Error('no report'));
  const givePage = sharePage(sources);
  await expect(givePage()).rejects.toThrow('no report');
  expect((await givePage()).html()).toContain('<h1 id="state"');
});
