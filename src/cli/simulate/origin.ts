/**
 * The configuration that wrote a log, against the one that the log is replayed under: what a line leaves open, because
 * the log does not hold it, is known where the rules that it hangs on did not change.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config, Issuer, Route } from '../../config/config.ts';
import { NO_ROUTE } from './log-line.ts';

export class Origin {
  readonly #old: Config;
  readonly #now: Config;
  readonly #oldRoutes: ReadonlyMap<string, Route>;
  readonly #keptRoutes: ReadonlySet<string>;
  readonly #keptIssuers: ReadonlySet<string>;
  /** Whether each issuer is still trusted, by the same keys and algorithms: then no signature is judged otherwise. */
  readonly keepsSignatures: boolean;
  readonly #addsIssuer: boolean;

  /** @param old the configuration that wrote the log. */
  constructor(old: Config, now: Config) {
    this.#old = old;
    this.#now = now;
    this.#oldRoutes = new Map(old.routes.map(route => [route.key, route]));
    this.#keptRoutes = new Set(this.#listKeptRoutes());
    const issuers = [...old.issuers.values()];
    this.#keptIssuers = new Set(issuers.filter(each => keepsTokens(each, now.issuers.get(each.issuer))).map(nameOf));
    this.keepsSignatures = issuers.every(each => keepsSignatures(each, now.issuers.get(each.issuer)));
    this.#addsIssuer = [...now.issuers.keys()].some(name => !old.issuers.has(name));
  }

  /** @returns whether no request of a line of this route, or of none, can be judged otherwise than it was. */
  keepsRoute(key: string): boolean {
    return this.#keptRoutes.has(key);
  }

  /** @returns whether a token of `issuer` that verified still does, with the same type and scopes; so does one that is trusted no more. */
  keepsIssuer(issuer: string): boolean {
    return this.#keptIssuers.has(issuer) || !this.#now.issuers.has(issuer);
  }

  /** @returns whether `typ` is judged as it was. */
  keepsTypes(issuer: string): boolean {
    const [old, now] = [this.#old.issuers.get(issuer), this.#now.issuers.get(issuer)];
    return old !== undefined && now !== undefined && isDeepStrictEqual(old.tokenTypes, now.tokenTypes);
  }

  /** @returns whether an issuer that the route of the log did not trust is trusted by `route` neither, whichever it is. */
  keepsDistrust(key: string, route: Route): boolean {
    const old = this.#oldRoutes.get(key);
    if (!old || old.public || route.public || this.#addsIssuer || !this.keepsSignatures) return false;
    return isWithin(route.issuers, old.issuers);
  }

  /** @returns whether `route` lets every encoding pass that the route of the log did, so also those that the log masks. */
  keepsEncodings(key: string, route: Route): boolean {
    const opened = this.#oldRoutes.get(key)?.allowEncoded;
    return opened !== undefined && isWithin(opened, route.allowEncoded);
  }

  /** Where issuers, paths and audiences are the same, a route is judged by itself. */
  #listKeptRoutes(): readonly string[] {
    const [old, now] = [this.#old, this.#now];
    const isSameGround =
      isDeepStrictEqual(old.issuers, now.issuers) &&
      isDeepStrictEqual(old.routes.map(groundOf), now.routes.map(groundOf));
    if (!isSameGround) return [];
    const kept = now.routes.filter(route => isDeepStrictEqual(route, this.#oldRoutes.get(route.key)));
    return [NO_ROUTE, ...kept.map(({ key }) => key)];
  }
}

/** Of a route, what decides on requests that are not its own. */
function groundOf(route: Route): unknown {
  const { key, allowEncoded } = route;
  return route.public ? [key, allowEncoded] : [key, allowEncoded, route.resource, route.audiences];
}

/** More algorithms or types than before take nothing from a token that verified. */
function keepsTokens(old: Issuer, now: Issuer | undefined): boolean {
  if (!now || !isDeepStrictEqual(old.keySource, now.keySource) || old.scopeClaim !== now.scopeClaim) return false;
  return isWithin(old.algorithms, now.algorithms) && isWithin(old.tokenTypes, now.tokenTypes);
}

function keepsSignatures(old: Issuer, now: Issuer | undefined): boolean {
  if (!now || !isDeepStrictEqual(old.keySource, now.keySource)) return false;
  return isDeepStrictEqual(old.algorithms, now.algorithms);
}

function isWithin(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].every(each => whole.has(each));
}

function nameOf({ issuer }: Issuer): string {
  return issuer;
}
