/** The status page in Chromium, of gateways that have served real requests. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  hasChromium,
  launchChromium,
  makeScreenshotFolder,
  openPage,
  type WatchedPage,
  WITHOUT_CHROMIUM,
} from '../support/browser.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { BILLING, HOSTILE, PROFILE, type StatusWorld, startStatusWorld } from './status-page-world.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WINDOWS = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;
const INTERVAL = 3_000;
/** For a browser that starts on a busy machine. */
const PATIENCE = 90_000;

describe.skipIf(!hasChromium)(hasChromium ? 'in Chromium' : WITHOUT_CHROMIUM, { timeout: PATIENCE }, () => {
  let world: StatusWorld;
  let browser: Browser;
  const opened: WatchedPage[] = [];
  const folder = makeScreenshotFolder();

  beforeAll(async () => {
    [world, browser] = await Promise.all([startStatusWorld(), launchChromium()]);
  }, PATIENCE);

  afterEach(async () => {
    const complaints = opened.flatMap(each => each.complaints);
    await Promise.all(opened.splice(0).map(({ page }) => page.context().close()));
    expect(complaints, 'console errors, violations of the policy, requests elsewhere').toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  const open = async (gateway: RunningGateway, options: Parameters<typeof openPage>[2] = {}) => {
    const watched = await openPage(browser, `http://127.0.0.1:${gateway.adminPort}`, options);
    opened.push(watched);
    return watched;
  };
  const LOOKS = [
    ['light', 'busy', 'desk'],
    ['dark', 'busy', 'desk'],
    ['light', 'empty', 'desk'],
    ['dark', 'empty', 'desk'],
    ['light', 'busy', 'phone'],
    ['dark', 'busy', 'phone'],
    ['light', 'empty', 'phone'],
  ] as const;

  test.each(LOOKS)('%s, %s, %s: fits the window, no finding of axe', async (colorScheme, state, size) => {
    const { page } = await open(world[state], { colorScheme, viewport: WINDOWS[size] });
    const name = `${state}-${colorScheme}-${size}`;
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });

    const { width, paper } = (await page.evaluate(
      `({ width: document.documentElement.scrollWidth, paper: getComputedStyle(document.body).backgroundColor })`,
    )) as { width: number; paper: string };
    expect(width).toBeLessThanOrEqual(WINDOWS[size].width);
    expect(paper).toBe(colorScheme === 'light' ? 'rgb(252, 251, 249)' : 'rgb(23, 22, 20)');
    expect(await page.locator('h1').textContent()).toBe('Ready');
    await page.evaluate(`document.querySelectorAll('details').forEach(each => { each.open = true; })`);
    expect(await findAxeViolations(page)).toEqual([]);
  });

  test('traffic so far: shown', async () => {
    const { page } = await open(world.busy);
    const { requests, refused, forwarded } = world.sent;
    const figures = await page.locator('.figures > div').allInnerTexts();
    expect(figures.map(text => text.split('\n').slice(0, 2))).toEqual([
      ['Requests', String(requests)],
      ['Would be denied', String(forwarded)],
      ['Denied', String(refused)],
      ['For another resource', '29'],
      ['Upstream failures', '3'],
      ['Issuers with keys', '1 of 2'],
      ['Warnings', String(await page.locator('.warnings li').count())],
    ]);
    expect(await cellOf(page, PROFILE, 'billing.example.com/v2')).toBe('12 forwarded');
    expect(await cellOf(page, BILLING, '/profile')).toBe('8 refused');
    expect(await cellOf(page, 'foreign', '/orders')).toBe('4 forwarded');
    expect(await cellOf(page, 'missing', '/orders')).toBe('3 forwarded');
    expect(await cellOf(page, 'multiple', '/search')).toBe('2 forwarded');
    expect(await cellOf(page, PROFILE, '/search')).toBe('0');
    expect(await page.locator('#denials tr[id]').count()).toBe(refused + forwarded);
    expect(await page.locator('.routes tbody tr').first().innerText()).toMatch(
      /\/profile[\s\S]*enforce[\s\S]*wrong_audience 8/,
    );
    expect(await page.locator('.issuers tbody tr').last().innerText()).toMatch(
      /never fetched[\s\S]*the answer has status 500/,
    );
    expect(await page.locator('.warnings').innerText()).toMatch(/routes\.\/search\.upstream_token report-strips-token/);
    expect(await page.content()).not.toMatch(/in-the-query|alice|eyJ/);
  });

  test.each([true, false])(
    'a cell of the matrix: links to its denials and back; JavaScript: %s',
    async javaScriptEnabled => {
      const { page } = await open(world.busy, { javaScriptEnabled });
      await cellLocator(page, PROFILE, 'billing.example.com/v2').then(cell => cell.getByRole('link').click());
      await page.waitForURL(/\/denials\?/);
      expect(await page.locator('h1').textContent()).toBe(
        `Latest denials of tokens for ${PROFILE} at billing.example.com/v2`,
      );
      const rows = await page.locator('tbody tr').allInnerTexts();
      expect(rows).toHaveLength(12);
      for (const row of rows) expect(row).toMatch(/wrong_audience[\s\S]*\/v2\/invoices[\s\S]*mobile-app/);
      // The Content-Security-Policy of the page forbids the script of axe.
      if (javaScriptEnabled) expect(await findAxeViolations(page)).toEqual([]);
      await page.getByRole('link', { name: 'Show all' }).click();
      await page.waitForURL(/\/#denials$/);
      expect(await page.locator('#denials tr[id]').count()).toBe(world.sent.refused + world.sent.forwarded);
    },
  );

  test('a client: links to its denials, also with markup in its name', async () => {
    const { page } = await open(world.busy);
    const link = page.locator('.clients a').getByText(HOSTILE.replace('\u202e', '\\u{202e}'), { exact: true });
    await link.click();
    await page.waitForURL(/\/denials\?client=/);
    expect(await page.locator('tbody tr').count()).toBe(1);
    expect(await page.locator('tbody').innerText()).toContain('/profile/%3Cscript%3E');
    expect(await page.locator('img, main script').count()).toBe(0);
  });

  test('markup in the parameters of a link: shown as text, no denial found', async () => {
    const { page } = await open(world.busy);
    await page.goto(`http://127.0.0.1:${world.busy.adminPort}/denials?route=${encodeURIComponent(HOSTILE)}`);
    expect(await page.locator('h1').textContent()).toBe(`Latest denials at ${HOSTILE.replace('\u202e', '\\u{202e}')}`);
    expect(await page.locator('tbody tr, img').count()).toBe(0);
    expect(await page.locator('main').innerText()).toMatch(/0 of the latest \d+ denials/);
  });

  test('clients: listed with their counts, most requests first', async () => {
    const { page } = await open(world.busy);
    const rows = await page.locator('.clients tbody tr').allInnerTexts();
    expect(rows[0]).toMatch(
      /^mobile-app[\s\S]*12[\s\S]*12 in 1 h, 12 in 24 h[\s\S]*billing\.example\.com\/v2 wrong_audience 12/,
    );
    expect(rows[1]).toMatch(/^(?:invoice-export|web-shop)/);
  });

  test('a denial that can be explained: its command, selected by one click', async () => {
    const { page } = await open(world.busy);
    const first = page.locator('#denials > table tbody tr').first();
    await first.locator('summary').click();
    const line = first.locator('.line');
    await line.click();
    const selected = await page.evaluate('getSelection().toString()');
    expect(selected).toMatch(
      /^audgate explain --config=\S+ --token-file=- --method=GET --at=\S+Z 'http:\/\/127\.0\.0\.1:\d+\/profile\/%3Cscript%3E'$|^audgate explain --config=\S+ --token-file=- --method=GET --at=\S+Z http:\/\/127\.0\.0\.1:\d+\/profile\/%3Cscript%3E$/,
    );
  });

  test('the matrix: scrolls with a hint on a phone, fits without one on a desktop', async () => {
    for (const [size, isScrolled] of [
      ['phone', true],
      ['desk', false],
    ] as const) {
      const { page } = await open(world.busy, { viewport: WINDOWS[size] });
      const scrolls = await page.evaluate(`(() => {
        const { scrollWidth, clientWidth } = document.querySelector('.scroll');
        return scrollWidth > clientWidth;
      })()`);
      const shadow = await page.evaluate(`getComputedStyle(document.querySelector('.scroll')).backgroundAttachment`);
      expect({ size, scrolls, said: await page.locator('.hint').isVisible(), shadow }).toEqual({
        ...{ size, scrolls: isScrolled, said: isScrolled },
        shadow: 'local, local, scroll',
      });
    }
  });

  test('markup in values of clients: shown, not executed', async () => {
    const { page } = await open(world.busy);
    const shown = HOSTILE.replace('\u202e', '\\u{202e}');
    // Among the denials, and among the clients.
    expect(await page.getByText(shown, { exact: true }).count()).toBe(2);
    expect(await page.locator('img, main script').count()).toBe(0);
  });

  test('without JavaScript: complete, with a link to reload', async () => {
    const { page } = await open(world.busy, { javaScriptEnabled: false });
    expect(await page.locator('#denials tr[id]').count()).toBe(world.sent.refused + world.sent.forwarded);
    expect(await page.locator('header').innerText()).toMatch(/As of \d\d:\d\d:\d\d UTC/);
    expect(await page.getByRole('button').count()).toBe(0);
    await page.locator('#older > summary').click();
    expect(await page.locator('#older table').isVisible()).toBe(true);
    await page.getByRole('link', { name: 'Reload' }).click();
    await page.waitForLoadState();
    expect(await page.locator('h1').textContent()).toBe('Ready');
  });

  test('a new denial: appears without a reload, announced once; focus, scroll and open details stay', async () => {
    const { page } = await open(world.busy, { viewport: { width: 1280, height: 500 } });
    await page.locator('#older > summary').click();
    await page.locator('#older > summary').focus();
    const read = () =>
      page.evaluate(
        `({ focus: document.activeElement.tagName, open: document.getElementById('older').open, y: scrollY > 0 })`,
      );
    const before = await read();
    const loads: string[] = [];
    page.on('load', () => loads.push('load'));
    const id = await world.replay('/search', BILLING);
    await page.locator(`#denial-${id}`).waitFor();
    expect(await cellOf(page, BILLING, '/search')).toBe('1 forwarded');
    expect(await page.locator('#denials tr[id]').count()).toBe(world.sent.refused + world.sent.forwarded);
    expect(await page.locator('#denials tr[id]').first().getAttribute('id')).toBe(`denial-${id}`);
    expect(await page.getByRole('status').textContent()).toBe('1 new denial');
    expect(await read()).toEqual(before);
    expect(before).toEqual({ focus: 'SUMMARY', open: true, y: true });
    expect(loads).toEqual([]);
  });

  test('paused, or in a hidden tab: no requests; updated afterwards', async () => {
    const { page, requests } = await open(world.empty);
    await page.clock.install();
    await page.reload();
    const answered = () => page.waitForResponse(response => response.url().endsWith('/'));
    const rests = async () => {
      const before = requests.length;
      await page.clock.runFor(20 * INTERVAL);
      expect(requests).toHaveLength(before);
    };
    await Promise.all([answered(), page.clock.runFor(INTERVAL)]);
    await page.getByRole('button', { name: 'Pause updates' }).click();
    expect(await page.locator('header').innerText()).toContain('Paused at');
    await rests();
    await Promise.all([answered(), page.getByRole('button', { name: 'Resume updates' }).click()]);

    const look = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
    await look(true);
    await rests();
    await Promise.all([answered(), look(false)]);
  });

  test('a gateway that does not answer: polled at growing intervals', async () => {
    const { page, requests } = await open(world.empty);
    await page.clock.install();
    await page.reload();
    await page.route('**/*', route => route.abort());
    const lost = () => page.waitForEvent('requestfailed');
    for (const wait of [INTERVAL, 2 * INTERVAL, 4 * INTERVAL]) {
      const before = requests.length;
      await page.clock.runFor(wait - 500);
      expect(requests).toHaveLength(before);
      await Promise.all([lost(), page.clock.runFor(500)]);
      await page.getByText('No answer since').waitFor();
    }
    opened.pop();
    await page.context().close();
  });

  test('with an admin token: updated with the credentials that the browser keeps', async () => {
    const token = 'b4ttery-h0rse-st4ple';
    const gateway = await startGateway(`admin_token: ${token}\nroutes: { /: { public: true, upstream: http://a } }\n`);
    const { page } = await open(gateway, { httpCredentials: { username: 'operator', password: token } });
    expect(await page.locator('h1').textContent()).toBe('Ready');
    const again = await page.waitForResponse(response => response.status() === 200);
    expect(again.request().resourceType()).toBe('xhr');
    await page.getByText('Live, as of').waitFor();
    await page.context().close();
    await gateway.close();
  });

  test('Tab: reaches each control in the order of the page, with a visible focus', async () => {
    const { page } = await open(world.busy);
    const reached: string[] = [];
    for (;;) {
      await page.keyboard.press('Tab');
      const { name, outline, visible } = (await page.evaluate(`(() => {
        const { activeElement: each } = document;
        const { outlineStyle, outlineWidth } = getComputedStyle(each);
        const { top, bottom, width } = each.getBoundingClientRect();
        const visible = top >= 0 && bottom <= innerHeight + 1 || each.classList.contains('scroll');
        return { name: each.getAttribute('aria-label') ?? each.textContent, outline: outlineStyle + ' ' + outlineWidth, visible: visible && width > 1 };
      })()`)) as { name: string; outline: string; visible: boolean };
      if (await page.evaluate('document.activeElement === document.body')) break;
      expect({ name, outline, visible }).toEqual({ name, outline: 'solid 2px', visible: true });
      reached.push(name);
    }
    const sections = ['Routes', 'Matrix', 'Clients', 'Exceptions', 'Denials', 'Issuers', 'Configuration'];
    const cells = await page.locator('.matrix td.met a').allTextContents();
    const clients = await page.locator('.clients th a').allTextContents();
    const explained = await page.locator('#denials > table summary').allTextContents();
    expect(reached).toEqual([
      ...['Skip to content', ...sections, 'Pause updates', '/status.json'],
      ...['The matrix, to scroll', ...cells, ...clients],
      ...[...explained, expect.stringMatching(/^\d+ older denials$/)],
    ]);
  });

  test('skip link and section links: move to their targets', async () => {
    const { page } = await open(world.busy);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    for (const name of ['Routes', 'Matrix', 'Clients', 'Exceptions', 'Denials', 'Issuers', 'Configuration']) {
      const link = page.getByRole('navigation').getByRole('link', { name, exact: true });
      const target = (await link.getAttribute('href'))?.replace('./', '');
      expect(await page.locator(`section${target}`).count()).toBe(1);
    }
  });

  test('a gateway that stops answering and starts again: both are shown', async () => {
    const { page, complaints } = await open(world.empty);
    await page.route('**/*', route => route.abort());
    await page.getByText('No answer since').waitFor();
    expect(await page.getByRole('status').textContent()).toBe('The gateway does not answer');
    await page.unroute('**/*');
    await page.getByText('Live, as of').waitFor();
    expect(await page.getByRole('status').textContent()).toBe('The gateway answers again');
    expect(complaints.filter(each => !each.includes('ERR_FAILED'))).toEqual([]);
    opened.pop();
    await page.context().close();
  });
});

/** All findings of axe, of any impact. */
async function findAxeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
}

async function cellOf(page: Page, presented: string, route: string): Promise<string> {
  return (await cellLocator(page, presented, route)).innerText();
}

async function cellLocator(page: Page, presented: string, route: string): Promise<Locator> {
  const columns = await page.locator('.matrix thead th').allInnerTexts();
  const row = page
    .locator('.matrix tbody tr')
    .filter({ has: page.locator('th').getByText(presented, { exact: true }) });
  return row.locator(':scope > *').nth(columns.indexOf(route));
}
