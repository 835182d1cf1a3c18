/** A person with a browser: what was clicked, and what is seen then. */

import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Browser, Page, Response } from 'playwright-core';
import { launchChromium } from '../../support/browser.ts';
import type { Certificate } from '../../support/certificates.ts';
import { PUBLIC_NAME, PUBLIC_ORIGIN } from './variant.ts';

export interface Observation {
  readonly step: string;
  /** Below the public origin; whole where it is another one. */
  readonly url: string;
  readonly title: string;
  readonly text: string;
  /** `NAME PATH`, and its attributes. */
  readonly cookies: readonly string[];
  /** Since the step before: `METHOD URL STATUS`. */
  readonly navigations: readonly string[];
  /** Requests for another origin, without the port. */
  readonly elsewhere: readonly string[];
  readonly note: string;
}

/** What is seen of a page that the proxy made by itself: each has its own. */
const PROXY_PAGE = '(a page of the proxy)';
/** For a busy machine. */
const PATIENCE = 30_000;

export class Visitor {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #navigations: string[] = [];
  readonly #elsewhere: string[] = [];
  #isOfProxy = false;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on('request', request => {
      if (!request.url().startsWith(`${PUBLIC_ORIGIN}/`)) this.#elsewhere.push(request.url());
    });
    page.on('response', response => this.#note(response));
  }

  /** Opens a browser for which the public name is at `address`, with `certificate` and no other. */
  static async arrive(address: string, { cert }: Certificate): Promise<Visitor> {
    const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
    const browser = await launchChromium([
      `--host-resolver-rules=MAP ${PUBLIC_NAME}:443 ${address}`,
      `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`,
    ]);
    const context = await browser.newContext({ httpCredentials: { username: 'admin', password: 'letmein' } });
    return new Visitor(browser, await context.newPage());
  }

  /** Where the browser cannot get there, that is seen, too. */
  async go(path: string): Promise<void> {
    await this.page.goto(`${PUBLIC_ORIGIN}${path}`).catch((error: Error) => {
      const [, code] = /\b(net::\w+)/.exec(error.message) ?? [];
      if (code === undefined) throw error;
      this.#navigations.push(`GET ${path} ${code}`);
    });
  }

  /** Does something that opens another page, and waits for that page. */
  async follow(action: () => Promise<unknown>): Promise<void> {
    const loaded = this.page.waitForEvent('load');
    await action();
    await loaded;
  }

  /** @returns the port of the instance that answers at `path`, asked by a script of the page that is open. */
  async findInstance(path: string): Promise<number> {
    return this.page.evaluate(async url => Number((await fetch(url)).headers.get('x-instance')), path);
  }

  /** @returns name, bytes and SHA-256 of what a click downloads. */
  async download(selector: string): Promise<string> {
    const started = this.page.waitForEvent('download');
    await this.page.click(selector);
    const download = await started;
    const content = await readFile(await download.path());
    const hash = createHash('sha256').update(content).digest('hex');
    return `${download.suggestedFilename()} ${content.length} ${hash}`;
  }

  /** @param note what a step found out by itself. */
  async observe(step: string, note: string): Promise<Observation> {
    const text = await this.page.locator('body').innerText();
    const cookies = await this.page.context().cookies();
    return {
      step,
      url: shorten(this.page.url()).replace(/[0-9a-f-]{36}/, 'ID'),
      title: this.#isOfProxy ? PROXY_PAGE : await this.page.title(),
      text: this.#isOfProxy ? PROXY_PAGE : text.replace(/\s+/g, ' ').trim(),
      cookies: cookies.map(describeCookie).sort(),
      navigations: this.#navigations.splice(0),
      elsewhere: this.#elsewhere.splice(0).map(url => url.replace(/:\d+(?=\/)/, '')),
      note,
    };
  }

  async leave(): Promise<void> {
    await this.#browser.close();
  }

  #note(response: Response): void {
    const request = response.request();
    if (!request.isNavigationRequest()) return;
    const url = shorten(request.url()).replace(/[0-9a-f-]{36}/, 'ID');
    this.#navigations.push(`${request.method()} ${url} ${response.status()}`);
    this.#isOfProxy = response.headers()['x-instance'] === undefined;
  }
}

function shorten(url: string): string {
  return url.startsWith(`${PUBLIC_ORIGIN}/`) ? url.slice(PUBLIC_ORIGIN.length) : url;
}

type Cookie = Awaited<ReturnType<ReturnType<Page['context']>['cookies']>>[number];

function describeCookie({ name, domain, path, secure, httpOnly, sameSite }: Cookie): string {
  return `${name} ${path} ${domain.replace(/^\./, '')}${secure ? ' Secure' : ''}${httpOnly ? ' HttpOnly' : ''} ${sameSite}`;
}
