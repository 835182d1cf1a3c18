/** Web pages of two origins, and a gateway whose routes list one of them. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Page } from 'playwright-core';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { reservePort } from '../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

export const RESOURCE = 'https://api.example.com/v1';

export interface CrossOriginWorld {
  readonly gateway: RunningGateway;
  readonly upstream: Upstream;
  readonly issuer: TokenIssuer;
  /** Of a page that the routes list. */
  readonly listed: string;
  readonly other: string;
  sign(scope: string, audience?: string): Promise<string>;
  /** @returns method and status of each request of a route since `since` lines, once there are `count` of them. */
  requests(since: number, count: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function startCrossOriginWorld(): Promise<CrossOriginWorld> {
  const pages = [await startPage(), await startPage()] as const;
  const [issuer, upstream, closed] = await Promise.all([startTokenIssuer(), startUpstream(), reservePort()]);
  const [listed, other] = pages.map(({ origin }) => origin) as [string, string];
  const gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api:
    resource: ${RESOURCE}
    upstream: ${upstream.origin}
    scopes: { GET: [read], POST: [write], PUT: [admin] }
    limits: { body: 1KiB }
    cors: { origins: ["${listed}"], methods: [GET, POST, DELETE], headers: [X-Custom], expose: [ETag] }
  /uncached: { resource: ${RESOURCE}, upstream: "${upstream.origin}", cors: { origins: ["${listed}"], max_age: 0s } }
  /cookies: { public: true, upstream: "${upstream.origin}", cors: { origins: ["${listed}"], credentials: true } }
  /everybody: { public: true, upstream: "${upstream.origin}", cors: { origins: ["*"] } }
  /mcp: { resource: ${RESOURCE}, upstream: "${upstream.origin}", scopes: [read], mcp: true, cors: { origins: ["${listed}"] } }
  /down: { public: true, upstream: "http://127.0.0.1:${closed}", cors: { origins: ["${listed}"] } }
`);
  return {
    ...{ gateway, upstream, issuer, listed, other },
    sign: (scope, aud = RESOURCE) => issuer.sign({ claims: { aud, scope } }),
    requests: async (since, count) =>
      (await gateway.requestLines(since + count)).slice(since).map(line => `${line['method']} ${line['status']}`),
    close: async () => {
      await gateway.close();
      await Promise.all([issuer.close(), upstream.close(), ...pages.map(({ close }) => close())]);
    },
  };
}

async function startPage() {
  const server: Server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>page</title>');
  });
  const port = await listenOnLoopback(server);
  const close = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { origin: `http://127.0.0.1:${port}`, close };
}

/** What a script of the page gets; `error` is what `fetch` rejects with, where the browser keeps the response from it. */
export interface Fetched {
  readonly status?: number;
  /** Those that the script may read. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly error?: string;
}

/** Calls `fetch` in the page. */
export function fetchInPage(page: Page, url: string, options: object = {}): Promise<Fetched> {
  return page.evaluate(`(async () => {
    try {
      const response = await fetch(${JSON.stringify(url)}, ${JSON.stringify(options)});
      const { status, headers } = response;
      return { status, fields: Object.fromEntries(headers), body: await response.text() };
    } catch (error) {
      return { error: error.name };
    }
  })()`);
}
