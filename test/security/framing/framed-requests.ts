/** A gateway with a public and a protected route, and an upstream that records which bodies arrived whole. */

import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { readBody, startUpstream, type Upstream } from '../../support/upstream.ts';

/** Sent behind or within a body: it must never arrive as a request. */
export const HIDDEN = 'GET /open/hidden HTTP/1.1\r\nHost: a.example\r\n\r\n';

export const TE = 'Transfer-Encoding: chunked\r\n';

let issuer: TokenIssuer;
export let upstream: Upstream;
export let gateway: RunningGateway;
/** Targets of requests whose body arrived whole at the upstream. */
export const whole: string[] = [];

/** Registers the hooks of a test file. */
export function useFramingGateway(): void {
  beforeAll(async () => {
    issuer = await startTokenIssuer();
    upstream = await startUpstream({
      handle: async (req, res, received) => {
        try {
          await readBody(req, received);
          whole.push(received.url);
          res.end(JSON.stringify(received));
        } catch {
          res.destroy();
        }
      },
    });
    gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /open: { public: true, upstream: "${upstream.origin}" }
  /api: { resource: "https://api.example/", upstream: "${upstream.origin}" }
`);
  });

  beforeEach(() => {
    upstream.received.length = 0;
    whole.length = 0;
  });

  afterAll(async () => {
    await gateway.close();
    await Promise.all([issuer.close(), upstream.close()]);
  });
}
