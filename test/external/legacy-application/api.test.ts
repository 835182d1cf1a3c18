/** The API of the application, called by a script of one of its pages in Chromium, with tokens of a real authorization server. Needs `npm run build` before. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAuthorizationServer } from '../../support/authorization-server.ts';
import { hasChromium, WITHOUT_CHROMIUM } from '../../support/browser.ts';
import { createAuthority } from '../../support/certificates.ts';
import { APPLICATION_NAME, type LegacyApplication, startLegacyApplication } from '../../support/legacy-application.ts';
import { startAudgate } from './proxies/audgate.ts';
import { PREFIX, PUBLIC_NAME, PUBLIC_ORIGIN } from './variant.ts';
import { Visitor } from './visitor.ts';

const ORDERS = `${PUBLIC_ORIGIN}/api/orders`;
const INVOICES = `${PUBLIC_ORIGIN}/api/invoices`;
const PATIENCE = 120_000;

describe.skipIf(!hasChromium)(hasChromium ? 'the API of the application, in Chromium' : WITHOUT_CHROMIUM, () => {
  const endings: (() => Promise<unknown>)[] = [];
  const tokens = { orders: '', invoices: '' };
  let visitor: Visitor;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'legacy-api-'));
    endings.unshift(async () => rmSync(folder, { recursive: true }));
    const certificate = createAuthority(folder).issue(`DNS:${PUBLIC_NAME}`);
    const resources = [
      { resource: ORDERS, scopes: ['orders:read'] },
      { resource: INVOICES, scopes: ['invoices:read'] },
    ];
    const issuer = await startAuthorizationServer({ resources });
    endings.unshift(issuer.close);
    tokens.orders = (await issuer.requestToken({ resource: ORDERS, scope: 'orders:read' })).accessToken;
    tokens.invoices = (await issuer.requestToken({ resource: INVOICES, scope: 'invoices:read' })).accessToken;
    const application = await startLegacyApplication({ base: '', proxyHeaders: false });
    endings.unshift(application.close);
    const variant = { stripPrefix: true, preserveHost: true, proxyHeaders: false };
    const api = {
      issuers: `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }`,
      routes: [
        routeTo(application, '/api/orders', 'orders:read'),
        routeTo(application, '/api/invoices', 'invoices:read'),
      ].join('\n'),
    };
    const proxy = await startAudgate({ application, variant, certificate }, api);
    endings.unshift(proxy.close);
    visitor = await Visitor.arrive(proxy.address, certificate);
    endings.unshift(() => visitor.leave());
    await visitor.go(`${PREFIX}/`);
  }, PATIENCE);

  afterAll(async () => {
    for (const end of endings) await end();
  }, PATIENCE);

  test('a token for the API: it responds, and has not seen the token', async () => {
    expect(await call(tokens.orders)).toEqual({
      status: 200,
      body: { path: '/api/orders', authorization: 'none' },
      challenge: null,
    });
  });

  test('a token for the sibling API: 401 with a challenge that the page reads', async () => {
    const { status, body, challenge } = await call(tokens.invoices);
    expect([status, body['reason']]).toEqual([401, 'wrong_audience']);
    expect(challenge).toContain('error="invalid_token"');
    expect(challenge).toContain(`resource_metadata="${PUBLIC_ORIGIN}/.well-known/oauth-protected-resource/api/orders"`);
  });

  test('the session alone: 401, for it is no token', async () => {
    const { status, body, challenge } = await call(undefined);
    expect([status, body['reason']]).toEqual([401, 'missing_token']);
    expect(challenge).toMatch(/^Bearer scope="orders:read"/);
  });

  /** From a script of the page, with its cookies. */
  function call(token: string | undefined): Promise<Answer> {
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return visitor.page.evaluate(async fields => {
      const response = await fetch('/api/orders', { headers: fields });
      const challenge = response.headers.get('www-authenticate');
      return { status: response.status, body: (await response.json()) as Answer['body'], challenge };
    }, headers);
  }
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly challenge: string | null;
}

function routeTo({ instances, authority }: LegacyApplication, path: string, scope: string): string {
  const urls = instances.map(({ port }) => `https://127.0.0.1:${port}`).join(', ');
  const upstream = `{ urls: [${urls}], tls: { ca_file: ${authority.file}, server_name: ${APPLICATION_NAME} } }`;
  return `  ${path}: { resource: "${PUBLIC_ORIGIN}${path}", upstream: ${upstream}, scopes: ["${scope}"] }`;
}
