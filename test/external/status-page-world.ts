/** Two gateways for the status page: an unused one, and one that has made every kind of denial. */

import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { bearer, type HeaderPair, request } from '../support/raw-http.ts';
import { type SignOptions, startTokenIssuer } from '../support/token-issuer.ts';
import { startUpstream } from '../support/upstream.ts';

export const PROFILE = 'https://profile.example.com/';
export const BILLING = 'https://billing.example.com/';
export const ORDERS = 'https://orders.example.com/api';
export const HOSTILE = '<img src=x onerror="console.error(1)">\u202e';

export interface StatusWorld {
  readonly busy: RunningGateway;
  readonly empty: RunningGateway;
  /** Requests of the busy gateway so far, and how many of them were denied, refused or not. */
  readonly sent: { requests: number; refused: number; forwarded: number };
  /** Uses a token for `aud` at `path` of the busy gateway. @returns the request ID, once it has been counted. */
  replay(path: string, aud: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts both, and sends the requests of the busy one. */
export async function startStatusWorld(): Promise<StatusWorld> {
  const [issuer, silent, upstream] = await Promise.all([startTokenIssuer(), startTokenIssuer(), startUpstream()]);
  silent.jwks = undefined;
  const yaml = `
issuers:
  ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} }
  ${silent.issuer}: { jwks_uri: ${silent.jwksUri} }
routes:
  /profile: { resource: ${PROFILE}, upstream: ${upstream.origin}, scopes: [profile:read] }
  billing.example.com/v2: { name: Billing, resource: ${BILLING}, upstream: ${upstream.origin}, enforcement: verify }
  /orders: { resource: ${ORDERS}, upstream: ${upstream.origin}, enforcement: report, forward_token: true }
  /search: { resource: https://search.example.com, upstream: ${upstream.origin}, multiple_audiences: only, enforcement: report, upstream_token: strip }
  /status: { public: true, upstream: ${upstream.origin} }
  /gone: { public: true, upstream: "http://127.0.0.1:9" }
`;
  const [busy, empty] = await Promise.all([
    startGateway(yaml),
    startGateway(yaml.replace(new RegExp(`^  ${silent.issuer}.*\n`, 'm'), '')),
  ]);
  const sent = { requests: 0, refused: 0, forwarded: 0 };
  const send = async (path: string, headers: readonly HeaderPair[], method = 'GET') => {
    const host: readonly HeaderPair[] = path.startsWith('/v2') ? [['Host', 'billing.example.com']] : [];
    await request(busy.port, { method, path, headers: [...host, ...headers] });
    sent.requests += 1;
    const line = (await busy.requestLines(sent.requests)).at(-1);
    if (line?.['outcome'] === 'denied') sent.refused += 1;
    if (line?.['outcome'] === 'reported') sent.forwarded += 1;
    return String(line?.['request_id']);
  };
  const use = async (path: string, claims: SignOptions['claims'], method?: string) =>
    send(path, [bearer(await issuer.sign({ claims: { client_id: 'web-shop', ...claims } }))], method);

  for (let count = 0; count < 12; count++) {
    await use(`/profile/users/${count}`, { aud: PROFILE, scope: 'profile:read' });
    await use(`/v2/invoices/${count}`, { aud: PROFILE, client_id: 'mobile-app' }, 'POST');
  }
  for (let count = 0; count < 7; count++) await use('/profile/me', { aud: BILLING, client_id: 'invoice-export' });
  for (let count = 0; count < 4; count++) await use('/orders/2026', { aud: 'https://graph.example.net/' });
  for (let count = 0; count < 3; count++) await use('/orders', { aud: undefined, client_id: 'nightly-batch' });
  for (let count = 0; count < 2; count++) await use('/search', { aud: ['https://search.example.com', PROFILE] });
  await use('/profile/me', { aud: PROFILE, scope: 'email' });
  await use('/profile/me', { aud: PROFILE, exp: 1_700_000_000 });
  await send('/orders/2026', []);
  await send('/profile/me', []);
  await send('/profile/me', [['Authorization', 'Bearer not.a.token']]);
  await send('/profile/me', [bearer(await silent.sign({ claims: { aud: PROFILE } }))]);
  await send('/nowhere', []);
  for (let count = 0; count < 3; count++) await send('/gone', []);
  await send('/profile/..%2fadmin', []);
  await use('/profile/%3Cscript%3E?token=in-the-query', { aud: BILLING, client_id: HOSTILE });

  return {
    busy,
    empty,
    sent,
    replay: (path, aud) => use(path, { aud }),
    close: async () => {
      await Promise.all([busy.close(), empty.close()]);
      await Promise.all([issuer.close(), silent.close(), upstream.close()]);
    },
  };
}
