/** One route in each enforcement mode and a public one, for tests of the metrics. */

import type { Introspection } from '../../../../src/config/introspection-config.ts';
import type { ResourceUri } from '../../../../src/config/values/address/uri.ts';
import type { Enforcement } from '../../../../src/denial.ts';
import { protectedRoute, publicRoute } from '../../route/example-route.ts';

export const ISSUER = 'https://login.example';
const INTROSPECTION: Introspection = {
  endpoint: `${ISSUER}/introspect`,
  clientId: 'gateway',
  authentication: { method: 'basic', secret: 'secret' },
  cache: 30_000,
  includesJwts: false,
};
/** @returns issuers of these names, as far as metrics look at them; each introspects, so that it has every series. */
export const listIssuers = (names: readonly string[]) =>
  names.map(issuer => ({ issuer, introspection: INTROSPECTION }));
/** @returns a protected route at `prefix`. */
export const protect = (prefix: string, resource: ResourceUri, enforcement: Enforcement) =>
  protectedRoute({ prefix, resource, enforcement });
export const profile = protect('/profile', 'https://profile.example/', 'enforce');
export const billing = protect('/billing', 'https://billing.example/', 'report');
export const search = protect('/search', 'https://search.example/', 'verify');
export const status = publicRoute({ prefix: '/status' });
export const ROUTES = [profile, billing, search, status];
