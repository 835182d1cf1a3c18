/** As much of a configuration file as could be read: what the checks over several entries look at. */

import type { AuthorizerSettings, Issuer } from './config.ts';
import type { ListenAddress } from './listener-config.ts';
import type { RouteDraft } from './routes.ts';
import type { OmittableField } from './values/access-log.ts';

export interface FileDraft {
  readonly routes: readonly RouteDraft[];
  /** Whether every file of routes could be read to its end. */
  readonly hasEveryRoute: boolean;
  /** Issuers without an error. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  /** Every name under `issuers`, also of entries with errors; `undefined` where that map could not be read. */
  readonly issuerNames: readonly string[] | undefined;
  readonly trustedProxies: readonly string[];
  /** What `access_log.omit` has. */
  readonly omittedFields: readonly OmittableField[];
  /** Whether `listen` is for TLS, with or without an error. */
  readonly hasTls: boolean;
  readonly admin: ListenAddress | undefined;
  readonly authorizer: AuthorizerSettings | undefined;
  /** Whether the key is written, with or without an error. */
  readonly hasAdminToken: boolean;
}
