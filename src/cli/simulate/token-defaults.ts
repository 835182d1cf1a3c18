/** Where the default of `upstream_token` changes because a route climbs: no decision does, but Authorization fares otherwise. */

import type { Config, Route } from '../../config/config.ts';
import { listTokenChanges, type TokenChange } from '../../config/upstream-token-changes.ts';
import { defaultUpstreamToken } from '../../config/values/upstream-token.ts';
import { isEnforcement } from '../../denial.ts';
import type { LogLine } from './log-line.ts';

export class TokenDefaults {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #changes = new Map<string, TokenChange>();
  readonly #isKnown: boolean;

  /** @param from the configuration that wrote the log; where it is not known, the lines tell the mode of each route. */
  constructor(now: Config, from: Config | undefined) {
    this.#routes = new Map(now.routes.map(route => [route.key, route]));
    this.#isKnown = from !== undefined;
    for (const change of from ? listTokenChanges(from, now) : []) this.#changes.set(change.route, change);
  }

  /** Looks at the mode in which the request of `line` was judged. */
  take({ route: key, enforcement, isCut }: LogLine): void {
    const route = this.#isKnown || isCut ? undefined : this.#routes.get(key);
    if (!route || route.public || route.isUpstreamTokenWritten || !isEnforcement(enforcement)) return;
    const was = defaultUpstreamToken(enforcement);
    const becomes = route.upstreamToken;
    if (was !== becomes && !this.#changes.has(key)) this.#changes.set(key, { route: key, was, becomes });
  }

  /** @returns one entry a route. */
  list(): readonly TokenChange[] {
    return [...this.#changes.values()];
  }
}
