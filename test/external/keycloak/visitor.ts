/** A browser without a window: it keeps cookies, follows redirects, and fills in the forms of Keycloak. */

import { USER } from './realm.ts';

/** More than a login and a consent take. */
const MOST_PAGES = 10;

/** What the authorization server tells the client in its redirect (RFC 6749 section 4.1.2). */
export interface Authorization {
  readonly code?: string;
  readonly error?: string;
}

export class Visitor {
  readonly #cookies = new Map<string, string>();

  /** Logs in and agrees to everything. @returns what stands in the redirect to `callback`. @throws at a page without a form. */
  async authorize(url: URL, callback: string): Promise<Authorization> {
    let response = await this.#send(url);
    for (let page = 0; page < MOST_PAGES; page++) {
      const location = response.headers.get('location');
      if (location?.startsWith(callback)) return Object.fromEntries(new URL(location).searchParams);
      response = location === null ? await this.#fillIn(response) : await this.#send(new URL(location, response.url));
    }
    throw new Error(`no end after ${MOST_PAGES} pages`);
  }

  /** The form of the login and that of the consent; each ignores the fields of the other. */
  async #fillIn(page: Response): Promise<Response> {
    const html = await page.text();
    const [, action] = /<form[^>]* action="([^"]+)"/.exec(html) ?? [];
    if (action === undefined) throw new Error(`a page without a form: ${readError(html)}`);
    const [, code = ''] = /name="code" value="([^"]*)"/.exec(html) ?? [];
    const fields = { ...USER, code, accept: 'Yes' };
    return this.#send(new URL(action.replaceAll('&amp;', '&'), page.url), new URLSearchParams(fields));
  }

  async #send(url: URL, form?: URLSearchParams): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const options = form === undefined ? {} : { method: 'POST', body: form };
    const response = await fetch(url, { ...options, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return response;
  }
}

function readError(html: string): string {
  const [, text = html.slice(0, 500)] = /<p class="instruction">([^<]*)</.exec(html) ?? [];
  return text;
}
