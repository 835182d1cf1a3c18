/**
 * The configuration that was in use when a log was recorded, compared with the one that the log is replayed under. Where
 * the rules that a decision depends on are the same in both, an entry that lacks a value can still be decided.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config, Issuer, Route } from '../../../config/config.ts';
import { listExceptions } from '../../../config/exceptions/exception.ts';
import { NO_ROUTE } from '../../../telemetry/finished-request.ts';

export class RecordedConfig {
  readonly #old: Config;
  readonly #now: Config;
  readonly #oldRoutes: ReadonlyMap<string, Route>;
  /** The ids of the logged routes whose exceptions excused a claim. */
  readonly #excusing: ReadonlySet<string>;
  readonly #unchangedRoutes: ReadonlySet<string>;
  readonly #unchangedIssuers: ReadonlySet<string>;
  /** Whether each issuer is still trusted, by the same keys and algorithms, so that every signature verifies as before. */
  readonly keepsSignatures: boolean;
  readonly #addsIssuer: boolean;
  /** Whether the same tokens are revoked. */
  readonly keepsRevoked: boolean;

  /**
   * @param old the configuration in use when the log was recorded.
   * @param now the configuration that the log is replayed under.
   */
  constructor(old: Config, now: Config) {
    this.#old = old;
    this.#now = now;
    this.#oldRoutes = new Map(old.routes.map(route => [route.id, route]));
    this.#excusing = new Set(old.routes.filter(excusesClaims).map(({ id }) => id));
    this.keepsRevoked = isDeepStrictEqual([...old.revoked.list()], [...now.revoked.list()]);
    this.#unchangedRoutes = new Set(this.#listUnchangedRoutes());
    const issuers = [...old.issuers.values()];
    const unchanged = issuers.filter(each => keepsTokens(each, now.issuers.get(each.issuer)));
    this.#unchangedIssuers = new Set(unchanged.map(({ issuer }) => issuer));
    this.keepsSignatures = issuers.every(each => keepsSignatures(each, now.issuers.get(each.issuer)));
    this.#addsIssuer = [...now.issuers.keys()].some(name => !old.issuers.has(name));
  }

  /** @returns whether every request logged with this route (or with `NO_ROUTE`) is decided as it was. */
  keepsRoute(id: string): boolean {
    return this.#unchangedRoutes.has(id);
  }

  /**
   * @returns whether a token of `issuer` that verified still does, with the same type and scopes; also `true` where the
   *   issuer is no longer trusted, since then its rules do not matter.
   */
  keepsIssuer(issuer: string): boolean {
    return this.#unchangedIssuers.has(issuer) || !this.#now.issuers.has(issuer);
  }

  /** @returns whether `issuer` has the same `token_types` in both. */
  keepsTypes(issuer: string): boolean {
    const [old, now] = [this.#old.issuers.get(issuer), this.#now.issuers.get(issuer)];
    return old !== undefined && now !== undefined && isDeepStrictEqual(old.tokenTypes, now.tokenTypes);
  }

  /** @returns whether `route` requires the same claims as the logged route. */
  keepsClaims(id: string, route: Route): boolean {
    const old = this.#oldRoutes.get(id);
    return old?.public === false && !route.public && isDeepStrictEqual(old.requiredClaims, route.requiredClaims);
  }

  /** @returns whether the logged route excused claims: then a refusal for a later reason does not tell that they were accepted. */
  excusesClaims(id: string): boolean {
    return this.#excusing.has(id);
  }

  /** @returns whether `route` reads scopes from the same claims as the logged route, which the log holds. */
  keepsScopePaths(id: string, route: Route): boolean {
    const old = this.#oldRoutes.get(id);
    if (!old || old.public || route.public) return true;
    return isDeepStrictEqual(old.scopePaths, route.scopePaths);
  }

  /** @returns whether no issuer that the logged route did not trust, whichever it is, is trusted by `route`. */
  keepsDistrust(id: string, route: Route): boolean {
    const old = this.#oldRoutes.get(id);
    if (!old || old.public || route.public || this.#addsIssuer || !this.keepsSignatures) return false;
    return isSubset(route.issuers, old.issuers);
  }

  /** @returns the web pages that could use the logged route; `undefined` where that is not known, or was nobody's business. */
  originsOf(id: string): ReadonlySet<string> | undefined {
    const route = this.#oldRoutes.get(id);
    return route?.mcp?.origins ?? route?.cors?.origins;
  }

  /** @returns whether `route` allows every encoding that the logged route did, so also those that the log masks. */
  keepsEncodings(id: string, route: Route): boolean {
    const allowed = this.#oldRoutes.get(id)?.allowEncoded;
    return allowed !== undefined && isSubset(allowed, route.allowEncoded);
  }

  /** An unchanged route decides as before only if the settings that it shares with other routes are unchanged as well. */
  #listUnchangedRoutes(): readonly string[] {
    const [old, now] = [this.#old, this.#now];
    const sharesSame =
      this.keepsRevoked &&
      isDeepStrictEqual(old.issuers, now.issuers) &&
      isDeepStrictEqual(old.routes.map(sharedParts), now.routes.map(sharedParts));
    if (!sharesSame) return [];
    const unchanged = now.routes.filter(route => isDeepStrictEqual(route, this.#oldRoutes.get(route.id)));
    return [NO_ROUTE, ...unchanged.map(({ id }) => id)];
  }
}

function excusesClaims(route: Route): boolean {
  return !route.public && listExceptions(route.exceptions).some(({ reasons }) => reasons.has('wrong_claim'));
}

/** What of a route takes part in decisions on requests of other routes. */
function sharedParts(route: Route): unknown {
  const { key, allowEncoded } = route;
  return route.public ? [key, allowEncoded] : [key, allowEncoded, route.resource, route.audiences];
}

/** Additional algorithms or types change nothing for a token that verified. */
function keepsTokens(old: Issuer, now: Issuer | undefined): boolean {
  if (!now || !isDeepStrictEqual(old.keySource, now.keySource) || old.audienceClaim !== now.audienceClaim) return false;
  if (!keepsIntrospection(old, now) || !isDeepStrictEqual(old.scopeSource, now.scopeSource)) return false;
  return isSubset(old.algorithms, now.algorithms) && isSubset(old.tokenTypes, now.tokenTypes);
}

function keepsSignatures(old: Issuer, now: Issuer | undefined): boolean {
  if (!now || !keepsIntrospection(old, now) || !isDeepStrictEqual(old.keySource, now.keySource)) return false;
  return isDeepStrictEqual(old.algorithms, now.algorithms);
}

/** Whether `issuer` is asked about the same tokens, at the same place. What it says in which authentication makes no difference. */
function keepsIntrospection({ introspection: old }: Issuer, { introspection: now }: Issuer): boolean {
  return old?.endpoint === now?.endpoint && old?.clientId === now?.clientId && old?.includesJwts === now?.includesJwts;
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].every(each => whole.has(each));
}
