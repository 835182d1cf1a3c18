/** The scopes that an operation needs: by method, and by the path below the route (RFC 6749 section 3.3, RFC 6750 section 3.1). */

import type { ProtectedRoute, ScopeRule } from '../config/config.ts';
import { isBelowPath } from '../route/path.ts';
import type { AccessToken } from '../token/access-token.ts';
import { readScopes } from '../token/scopes.ts';

export type Requirement =
  | { readonly ok: true; readonly scopes: readonly string[] }
  /** No rule covers the method; `allow` is what the `Allow` field lists (RFC 9110 section 10.2.1). */
  | { readonly ok: false; readonly allow: readonly string[] };

/** The scopes of a token at one route. */
export interface HeldScopes {
  /** As the token has them: for the log. */
  readonly own: ReadonlySet<string>;
  /** With those that they include: these are compared. */
  readonly all: ReadonlySet<string>;
}

/**
 * @returns the scopes by the issuer's `scope_claim` and `scope_implies`; where the route has a `scope_claim`, those of that
 *   claim alone, with nothing implied: they are roles of one API, and the issuer's implications are of its own scopes.
 */
export function readHeldScopes({ scopePaths }: ProtectedRoute, token: AccessToken): HeldScopes {
  if (scopePaths === undefined) return { own: token.scopes, all: token.allScopes };
  const own = readScopes(token.claims, { paths: scopePaths, separator: token.scopeSource.separator });
  return { own, all: own };
}

/**
 * @param rests every reading of the path below the route; almost always one.
 * @returns the scopes that all readings need together; a method that one of them does not allow is not allowed.
 */
export function findRequirements(
  rules: readonly ScopeRule[],
  method: string,
  rests: readonly [string, ...string[]],
): Requirement {
  const [first, ...others] = rests;
  let all = findRequirement(rules, method, first);
  for (const rest of others) {
    const more = findRequirement(rules, method, rest);
    if (!all.ok) return all;
    all = more.ok ? { ok: true, scopes: [...new Set([...all.scopes, ...more.scopes])] } : more;
  }
  return all;
}

/**
 * @param rest the path below the route's prefix, as matched: `` or `/…`.
 * @returns the scopes of the rule with the longest path that covers the method. Of rules with the same path, the one for
 *   the method comes first, then for HEAD the one for GET, then `*`.
 */
export function findRequirement(rules: readonly ScopeRule[], method: string, rest: string): Requirement {
  let best: ScopeRule | undefined;
  for (const rule of rules) {
    if (isBelowPath(rest, rule.path) && precision(rule, method) > 0 && isCloser(rule, best, method)) best = rule;
  }
  return best ? { ok: true, scopes: best.scopes } : { ok: false, allow: listMethods(rules, rest) };
}

function isCloser(rule: ScopeRule, best: ScopeRule | undefined, method: string): boolean {
  if (!best) return true;
  if (rule.path.length !== best.path.length) return rule.path.length > best.path.length;
  return precision(rule, method) > precision(best, method);
}

function precision(rule: ScopeRule, method: string): number {
  if (rule.method === method) return 3;
  if (rule.method === 'GET' && method === 'HEAD') return 2;
  return rule.method === '*' ? 1 : 0;
}

function listMethods(rules: readonly ScopeRule[], rest: string): readonly string[] {
  const methods = rules.filter(rule => isBelowPath(rest, rule.path)).map(rule => rule.method);
  return [...new Set(methods.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
}
