/** The configuration as it will be once every route is on `enforce`. */

import type { Config } from '../../../config/config.ts';
import type { Exceptions } from '../../../config/exceptions/exception.ts';

/**
 * @param exceptions in place of those of each route.
 * @returns `config` with every protected route on `enforce`.
 */
export function enforceAll(config: Config, exceptions?: Exceptions): Config {
  const routes = config.routes.map(route =>
    route.public ? route : { ...route, enforcement: 'enforce' as const, exceptions: exceptions ?? route.exceptions },
  );
  return { ...config, routes };
}
