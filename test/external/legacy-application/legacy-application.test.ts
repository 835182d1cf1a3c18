/**
 * A web application that knows nothing of gateways, in Chromium: through the gateway, and through nginx as the model. It has
 * sessions by cookie, absolute redirects, forms that it takes for forged where Host is not what the browser says in Origin, a
 * certificate of a private CA, and two instances, which are restarted on the way. Needs `npm run build` before.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, WITHOUT_CHROMIUM } from '../../support/browser.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startLegacyApplication } from '../../support/legacy-application.ts';
import { startAudgate } from './proxies/audgate.ts';
import { hasNginx, startNginx } from './proxies/nginx.ts';
import type { StartProxy } from './proxies/placement.ts';
import { tell } from './story.ts';
import { nameVariant, PREFIX, PUBLIC_NAME, refusesForms, VARIANTS, type Variant } from './variant.ts';
import { type Observation, Visitor } from './visitor.ts';

/** For a browser, two proxies and five processes on a busy machine. */
const PATIENCE = 300_000;
const canRun = hasChromium && hasNginx;
const missing = hasChromium ? 'needs nginx' : WITHOUT_CHROMIUM;

describe.skipIf(!canRun).each(VARIANTS.map(variant => [nameVariant(variant), variant] as const))(
  canRun ? '%s' : `%s (${missing})`,
  (_name, variant) => {
    let gateway: readonly Observation[];
    let nginx: readonly Observation[];

    beforeAll(async () => {
      [gateway, nginx] = await Promise.all([visit(startAudgate, variant), visit(startNginx, variant)]);
    }, PATIENCE);

    test('what the browser shows: the same as through nginx', () => {
      expect(gateway.map(compare)).toEqual(nginx.map(compare));
    });

    test('what the browser shows: what the application means', () => {
      const shown = Object.fromEntries(gateway.map(({ step, url, title }) => [step, `${url}: ${title}`]));
      expect(shown).toEqual(refusesForms(variant) ? { ...ENTRY, ...REFUSED } : { ...ENTRY, ...listPages(variant) });
    });

    test('the browser: never sent to an address of the application', () => {
      expect(gateway.flatMap(({ elsewhere }) => elsewhere)).toEqual([]);
    });

    test('each restart: nothing is lost but the upload to the instance that is killed', () => {
      const navigations = gateway.flatMap(each => each.navigations);
      const lost = refusesForms(variant) ? [] : ['POST /app/upload 502'];
      expect(navigations.filter(each => / 5\d\d$|net::/.test(each))).toEqual(lost);
    });

    test('cookies: below the prefix, for the public name, and removed by the logout', () => {
      const always = [HOST_COOKIE, FORM_COOKIE, SESSION_COOKIE];
      const cookiesAt = (step: string) => gateway.find(each => each.step === step)?.cookies;
      expect(cookiesAt('first visit')).toEqual(always);
      if (refusesForms(variant)) return;
      expect(cookiesAt('and again')).toEqual([...always, THEME_COOKIE]);
      expect(cookiesAt('home without a session')).toEqual(always);
    });
  },
);

const HOST_COOKIE = `__Host-seen / ${PUBLIC_NAME} Secure HttpOnly Strict`;
const FORM_COOKIE = `form ${PREFIX}/login ${PUBLIC_NAME} Secure HttpOnly Lax`;
const SESSION_COOKIE = `session ${PREFIX} ${PUBLIC_NAME} Secure HttpOnly Lax`;
const THEME_COOKIE = `theme ${PREFIX}/documents/preferences ${PUBLIC_NAME} Secure HttpOnly Lax`;

const ENTRY = { 'first visit': '/app/login?next=%2Fhome: Log in', 'log in': '/app/home: Welcome, alice' };
const REFUSED = { 'log in': '/app/login: Forged request' };
const LOST = '(a page of the proxy)';

function listPages({ stripPrefix, proxyHeaders }: Variant): Readonly<Record<string, string>> {
  // Nothing rewrites what is within a page: only the application can know the prefix there.
  const absolute = stripPrefix && !proxyHeaders ? `/documents/: ${LOST}` : '/app/documents/: Documents';
  return {
    'each form of redirect': '/app/documents/#part: Documents',
    'a relative link': '/app/home: Welcome, alice',
    'a link with an absolute path': absolute,
    'the first instance is down': '/app/home: Welcome, alice',
    'the second instance is down': '/app/home: Welcome, alice',
    'a page that goes on by Refresh': '/app/refreshed: Refreshed',
    'a script that Link announces': '/app/preload: Script has run',
    'a cookie for some pages': '/app/documents/preferences/: Preferences',
    'and again': '/app/documents/preferences/: Preferences',
    upload: '/app/uploads?id=ID: Uploaded',
    'upload while the other instance restarts': '/app/uploads?id=ID: Uploaded',
    'upload whose instance is killed': '/app/documents/: Documents',
    'WebSocket, whose instance restarts': '/app/live: Live',
    'a page without a length': '/app/old: Old',
    'a page in Latin-1': '/app/latin: Käse',
    'a page behind Basic': '/app/admin: Administration',
    'an error page of the application': '/app/absent: Not here',
    'nothing at all': `/elsewhere: ${LOST}`,
    'the prefix without its slash': '/app/home: Welcome, alice',
    'home once more': '/app/home: Welcome, alice',
    'a download': '/app/home: Welcome, alice',
    'a form that is sent again': '/app/here: Here',
    'log out': '/app/login: Log in',
    'home without a session': '/app/login?next=%2Fhome: Log in',
  };
}

/**
 * Without what differs, none of which is seen:
 *
 * - nginx leaves Link as it is, so the browser asks the application itself for a script in advance
 * - its `proxy_cookie_path` changes `__Host-` cookies, which the browser then refuses
 * - it answers the prefix without its slash by a redirect of its own
 */
function compare({ cookies, elsewhere: _, ...observation }: Observation) {
  const navigations = observation.navigations.filter(each => !/^GET \/app\/? 30[12]$/.test(each));
  return { ...observation, navigations, cookies: cookies.filter(cookie => !cookie.startsWith('__Host-')) };
}

/** The whole story, with an application of its own, since its instances are restarted. */
async function visit(startProxy: StartProxy, variant: Variant): Promise<readonly Observation[]> {
  const folder = mkdtempSync(join(tmpdir(), 'legacy-story-'));
  const endings: (() => Promise<unknown>)[] = [];
  try {
    const certificate = createAuthority(folder).issue(`DNS:${PUBLIC_NAME}`);
    const { stripPrefix, proxyHeaders } = variant;
    const application = await startLegacyApplication({ base: stripPrefix ? '' : PREFIX, proxyHeaders });
    endings.unshift(application.close);
    const proxy = await startProxy({ application, variant, certificate });
    endings.unshift(proxy.close);
    const visitor = await Visitor.arrive(proxy.address, certificate);
    endings.unshift(() => visitor.leave());
    return await tell({ visitor, application }, refusesForms(variant));
  } finally {
    for (const end of endings) await end();
    rmSync(folder, { recursive: true });
  }
}
