/** As much of a file as could be read, for judging what only the whole of it shows. */

import type { Issuer, ListenAddress } from '../config.ts';
import type { RouteDraft } from '../routes.ts';

export interface FileDraft {
  readonly routes: readonly RouteDraft[];
  /** Without those that have mistakes. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  /** All names under `issuers`; none where that map cannot be read. */
  readonly issuerNames: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly admin: ListenAddress | undefined;
  /** Also where it has a mistake. */
  readonly hasAdminToken: boolean;
}
