/** A gateway with routes that have `cors`, on real sockets. */

import { afterAll, afterEach, beforeAll } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type HeaderPair, headerValues, type RawResponse } from '../../support/raw-http.ts';
import { type RawUpstream, startRawUpstream } from '../../support/raw-upstream.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../../support/upstream.ts';

export const APP = 'https://app.example';
export const ORIGIN: HeaderPair = ['Origin', APP];
export const RESOURCE = 'https://api.example.com/';

export let gateway: RunningGateway;
export let upstream: Upstream;
export let rawUpstream: RawUpstream;
export let issuer: TokenIssuer;

export function useCorsFixture(): void {
  beforeAll(async () => {
    [issuer, upstream, rawUpstream] = await Promise.all([startTokenIssuer(), startUpstream(), startRawUpstream()]);
    const closed = await reservePort();
    gateway = await startGateway(`
limits: { headers: 16KiB }
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api:
    resource: ${RESOURCE}
    upstream: ${upstream.origin}
    scopes: { GET: [read], POST /items: [write] }
    limits: { body: 1KiB }
    cors: { origins: [${APP}, "http://localhost:3000"], headers: [X-Custom], expose: [ETag], max_age: 90s }
  /cookies: { public: true, upstream: "${upstream.origin}", cors: { origins: [${APP}], credentials: true } }
  /everybody: { public: true, upstream: "${upstream.origin}", cors: { origins: ["*"] } }
  /reported: { resource: ${RESOURCE}, upstream: "${upstream.origin}", enforcement: report, would_deny_header: true, cors: { origins: [${APP}] } }
  /without: { resource: ${RESOURCE}, upstream: "${upstream.origin}" }
  /down: { public: true, upstream: "http://127.0.0.1:${closed}", cors: { origins: [${APP}] } }
  /odd: { public: true, upstream: "${rawUpstream.origin}", timeouts: { response: 100ms }, cors: { origins: [${APP}] } }
  /mcp: { resource: "https://tools.example.com/mcp", upstream: "${upstream.origin}", mcp: true, cors: { origins: [${APP}], expose: [ETag] } }
  /own: { resource: "https://Tools.example.com:443/own", upstream: "${upstream.origin}", mcp: true }
  /public-mcp: { public: true, upstream: "${upstream.origin}", mcp: true }
  /full: { public: true, upstream: "${upstream.origin}", limits: { in_flight: 1 }, cors: { origins: [${APP}] } }
`);
  });

  afterEach(() => {
    upstream.received.length = 0;
    upstream.handle = answerWithWhatArrived;
    rawUpstream.reset();
  });

  afterAll(async () => {
    await gateway?.close();
    await Promise.all([issuer?.close(), upstream?.close(), rawUpstream?.close()]);
  });
}

/** @returns the fields of CORS and Vary, by their names in lower case; of several of one name all. */
export function corsOf({ headers }: RawResponse): Record<string, string> {
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const own = [...names].filter(name => name === 'vary' || name.startsWith('access-control-'));
  return Object.fromEntries(own.sort().map(name => [name, headerValues(headers, name).join(' | ')]));
}
