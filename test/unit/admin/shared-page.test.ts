/** How often the page is collected and rendered, however often it is requested. */

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

test('100 requests at once, and those of the next second: one rendering', async () => {
  const clock = takeClock();
  const getPage = sharePage(sources);
  const [page, ...others] = await Promise.all(Array.from({ length: 100 }, async () => (await getPage()).html()));
  expect(page).toContain('<h1 id="state"');
  expect(new Set(others)).toEqual(new Set([page]));
  clock.pass(500);
  await getPage();
  expect(report).toHaveBeenCalledTimes(1);
  clock.pass(600);
  await getPage();
  expect(report).toHaveBeenCalledTimes(2);
});

test('a collection under way: shared however long it takes', async () => {
  const clock = takeClock();
  const { report: told } = await examplePage(PLAIN);
  const workers = new EventEmitter();
  report.mockImplementation(async () => {
    await once(workers, 'answer');
    return told;
  });
  const getPage = sharePage(sources);
  const first = getPage();
  clock.pass(60_000);
  const second = getPage();
  workers.emit('answer');
  expect(await second).toBe(await first);
  expect((await first).html()).toBe((await second).html());
  expect(report).toHaveBeenCalledTimes(1);
});

test('a reload: shown at once', async () => {
  let { info } = await examplePage(PLAIN);
  const getPage = sharePage({ ...sources, processInfo: () => info });
  await getPage();
  ({ info } = await examplePage({ ...PLAIN, hash: 'cd34' }));
  expect((await getPage()).html()).toContain('cd34');
});

test('a page that could not be collected: not kept', async () => {
  report.mockRejectedValueOnce(new Error('no report'));
  const getPage = sharePage(sources);
  await expect(getPage()).rejects.toThrow('no report');
  expect((await getPage()).html()).toContain('<h1 id="state"');
});
