/** The peers of the gateway: an issuer that it trusts and one that it does not, an honest upstream and a hostile one. */

import { startTokenIssuer } from '../support/token-issuer.ts';
import { RESOURCES } from './corpus.ts';
import { type HonestUpstream, startHonestUpstream } from './honest-upstream.ts';
import { type HostileUpstream, startHostileUpstream } from './hostile-upstream.ts';
import { createTokenPool, type TokenPool } from './tokens.ts';

export interface World {
  /** The configuration of the gateway, without `listen` and `admin`. */
  readonly yaml: string;
  readonly pool: TokenPool;
  readonly honest: HonestUpstream;
  readonly hostile: HostileUpstream;
  close(): Promise<void>;
}

/** The routes whose upstream is the honest one. */
export const HONEST_ROUTES = ['/api', '/api/v2', '/files', '/strip', 'hosted.example.com/api', '/open'] as const;

/** Starts all of them. @param onViolation called with what the honest upstream must not receive. */
export async function startWorld(seed: number, onViolation: (what: string) => void): Promise<World> {
  const [issuer, untrusted] = await Promise.all([startTokenIssuer(), startTokenIssuer()]);
  const pool = await createTokenPool(issuer, untrusted);
  const honest = await startHonestUpstream({ subjects: pool.subjects, onViolation });
  const hostile = await startHostileUpstream(seed);
  const { origin } = honest.upstream;
  const guarded = (letter: string, upstream = origin, more = '') =>
    `{ resource: "${RESOURCES[letter]}", upstream: "${upstream}", claims_to_headers: { X-User: sub }${more} }`;
  const yaml = `
timeouts: { headers: 2s, body: 2s, keep_alive: 60s }
drain: { delay: 1ms, limit: 5s }
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: ${guarded('A')}
  /api/v2: ${guarded('B')}
  /files: ${guarded('C', origin, ', allow_encoded: ["%2F", ";"]')}
  /strip: ${guarded('D', `${origin}/base`, ', strip_prefix: true')}
  hosted.example.com/api: ${guarded('E', `${origin}/hosted`)}
  /open: { public: true, upstream: "${origin}" }
  /hostile:
    public: true
    upstream: "http://127.0.0.1:${hostile.port}"
    timeouts: { connect: 2s, response: 500ms, idle: 500ms }
`;
  return {
    yaml,
    pool,
    honest,
    hostile,
    close: async () => {
      await Promise.all([issuer.close(), untrusted.close(), honest.close(), hostile.close()]);
    },
  };
}
