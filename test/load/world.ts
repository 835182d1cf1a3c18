/** A gateway with a protected route and a public one, its issuer and its upstream. */

import { startWatchedGateway, type WatchedGateway } from '../fuzz/watched-gateway.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

export const RESOURCE = 'https://a.example.com/';

export interface World {
  readonly gateway: WatchedGateway;
  readonly issuer: TokenIssuer;
  readonly upstream: Upstream;
  readonly token: string;
  close(): Promise<void>;
}

/** @param yaml more of the configuration, top level. */
export async function startWorld(yaml = ''): Promise<World> {
  const [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  const gateway = await startWatchedGateway(`${yaml}
issuers: { '${issuer.issuer}': { jwks_uri: '${issuer.jwksUri}' } }
routes:
  /a: { resource: '${RESOURCE}', upstream: '${upstream.origin}' }
  /open: { public: true, upstream: '${upstream.origin}' }
`);
  return {
    gateway,
    issuer,
    upstream,
    token: await issuer.sign({ claims: { aud: RESOURCE, exp: Math.floor(Date.now() / 1000) + 3600 } }),
    close: async () => {
      gateway.kill();
      await Promise.all([issuer.close(), upstream.close()]);
    },
  };
}
