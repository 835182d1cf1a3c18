/** Routes whose default of `upstream_token` changes with the next configuration, because their `enforcement` does. */

import type { Config, Route, UpstreamToken } from './config.ts';

export interface TokenChange {
  /** The id of the route. */
  readonly route: string;
  readonly was: UpstreamToken;
  readonly becomes: UpstreamToken;
}

/** @returns the routes of both configurations that have another default than before, since their enforcement changed. */
export function listTokenChanges(before: Config, after: Config): readonly TokenChange[] {
  const known = new Map<string, Route>(before.routes.map(route => [route.id, route]));
  return after.routes.flatMap(({ id, upstreamToken, isUpstreamTokenWritten }) => {
    const was = known.get(id)?.upstreamToken ?? upstreamToken;
    return isUpstreamTokenWritten || was === upstreamToken ? [] : [{ route: id, was, becomes: upstreamToken }];
  });
}
