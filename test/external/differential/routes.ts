/** The gateway under test: one route of each kind, all to one upstream, and what each of them forwards. */

import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import type { TokenIssuer } from '../../support/token-issuer.ts';

export const RESOURCE = 'https://api.example.com/';
export const IDENTITY = { 'x-user': 'alice', 'x-client': 'shop' };

export interface RouteTraits {
  /** Whether the upstream gets identity fields. */
  readonly identified: boolean;
  readonly token: boolean;
  /** How many segments are removed. */
  readonly stripped: number;
  readonly base: string;
  /** Whether `allow_encoded` allows what servers read in more than one way. */
  readonly allowsEncoded: boolean;
  /** How many leading segments of the forwarded path the route alone decides. */
  readonly fixed: number;
}

const PLAIN: RouteTraits = { identified: true, token: false, stripped: 0, base: '', allowsEncoded: false, fixed: 1 };

/** By the key of the route. */
export const ROUTES: Readonly<Record<string, RouteTraits>> = {
  '/api': PLAIN,
  '/open': { ...PLAIN, identified: false },
  '/token': { ...PLAIN, token: true },
  '/files': { ...PLAIN, allowsEncoded: true },
  '/loose': { ...PLAIN, allowsEncoded: true },
  '/strip': { ...PLAIN, stripped: 1, base: '/base' },
  '/bare': { ...PLAIN, stripped: 1, fixed: 0 },
  '/@me/box': { ...PLAIN, stripped: 2, base: '/base' },
};

/** Starts a gateway in front of the server at `address`. */
export function startGatewayBefore(address: string, issuer: TokenIssuer): Promise<RunningGateway> {
  const upstream = `http://${address}`;
  const known = `resource: "${RESOURCE}", claims_to_headers: { X-User: sub, X-Client: client_id }`;
  return startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: { ${known}, upstream: "${upstream}" }
  /open: { public: true, upstream: "${upstream}" }
  /token: { ${known}, upstream: "${upstream}", forward_token: true }
  /files: { ${known}, upstream: "${upstream}", allow_encoded: ["%2F"] }
  /loose: { ${known}, upstream: "${upstream}", allow_encoded: [";", "%3B", "%25", "%5C", "%3F", "%23", "%2F"] }
  /strip: { ${known}, upstream: "${upstream}/base", strip_prefix: true }
  /bare: { ${known}, upstream: "${upstream}", strip_prefix: true }
  "/@me/box": { ${known}, upstream: "${upstream}/base", strip_prefix: true }
  priv.test/api: { resource: "https://priv.example.com/", upstream: "${upstream}" }
`);
}
