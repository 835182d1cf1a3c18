/** Chromium of Debian. */

import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';

export const hasChromium = existsSync(EXECUTABLE);

/** The title of skipped tests. */
export const WITHOUT_CHROMIUM = `needs ${EXECUTABLE} (Debian: apt-get install chromium)`;

/** Starts the browser. As root it has no sandbox; what it is shown comes from loopback. @param options further ones of the command line. */
export function launchChromium(options: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-dev-shm-usage', ...options] });
}

export interface WatchedPage {
  readonly page: Page;
  /** Console errors (a violation of the Content-Security-Policy is one), exceptions, and requests to another origin. */
  readonly complaints: readonly string[];
  /** The URL of each request so far. */
  readonly requests: readonly string[];
}

/** Opens `origin` in a context of its own. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', error => complaints.push(error.message));
  page.on('request', request => {
    requests.push(request.url());
    if (!/^data:/.test(request.url()) && new URL(request.url()).origin !== origin) complaints.push(request.url());
  });
  await page.goto(`${origin}/`);
  return { page, complaints, requests };
}

/** @returns the folder for screenshots: that of AUDGATE_SCREENSHOTS, or one in the system's temporary folder. */
export function makeScreenshotFolder(): string {
  const chosen = process.env['AUDGATE_SCREENSHOTS'];
  if (chosen === undefined) return mkdtempSync(join(tmpdir(), 'audgate-screenshots-'));
  mkdirSync(chosen, { recursive: true });
  return chosen;
}
