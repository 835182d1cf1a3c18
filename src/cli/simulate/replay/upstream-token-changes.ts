/**
 * Routes on which the default of `upstream_token` changes with their enforcement mode. That changes no decision, but
 * whether the upstream gets Authorization.
 */

import type { Config, Route } from '../../../config/config.ts';
import { listTokenChanges, type TokenChange } from '../../../config/upstream-token-changes.ts';
import { defaultUpstreamToken } from '../../../config/values/upstream-token.ts';
import { isEnforcement } from '../../../denial.ts';
import type { LogEntry } from '../log/log-entry.ts';

export class UpstreamTokenChanges {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #changes = new Map<string, TokenChange>();
  readonly #isFromKnown: boolean;

  /** @param from the configuration in use when the log was recorded; without it, each entry has the mode of its route. */
  constructor(now: Config, from: Config | undefined) {
    this.#routes = new Map(now.routes.map(route => [route.id, route]));
    this.#isFromKnown = from !== undefined;
    for (const change of from ? listTokenChanges(from, now) : []) this.#changes.set(change.route, change);
  }

  /** Compares the mode in which the request of the entry was decided with the mode of its route now. */
  add({ route: key, enforcement, isCut }: LogEntry): void {
    const route = this.#isFromKnown || isCut ? undefined : this.#routes.get(key);
    if (!route || route.public || route.isUpstreamTokenWritten || !isEnforcement(enforcement)) return;
    const was = defaultUpstreamToken(enforcement);
    const becomes = route.upstreamToken;
    if (was !== becomes && !this.#changes.has(key)) this.#changes.set(key, { route: key, was, becomes });
  }

  /** @returns one change for each route that has one. */
  list(): readonly TokenChange[] {
    return [...this.#changes.values()];
  }
}
