/**
 * Warnings about accepted audiences. An operator who answers a `wrong_audience` by copying the `aud` of the tokens may copy a
 * value that tokens for other APIs have, too.
 */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { FileDraft } from '../file-draft.ts';
import type { RouteDraft } from '../routes.ts';
import type { Path } from '../source/document.ts';
import { findSharedAudience, listSharedAudiences, type SharedAudiences } from './identity-products/shared-audience.ts';
import { nameRoute } from './route-name.ts';

/** Routes of one resource that are compared with one another; further ones are not, to bound the cost. */
const MOST_SIBLINGS = 100;

/** Warns about the resource and the aliases of each route of `file`. */
export function warnOfAliases(file: FileDraft, diagnostics: DiagnosticCollector): void {
  const siblings = groupByResource(file);
  const byDefault = listSharedAudiences(file.issuerNames ?? []);
  const acceptingJwt = [...file.issuers.values()]
    .filter(({ tokenTypes }) => tokenTypes.has('jwt'))
    .map(({ issuer }) => issuer);
  for (const route of file.routes) {
    const { audiences = [], issuers, resource } = route.found;
    if (route.found.public === true) continue;
    const shared = issuers === undefined ? byDefault : listSharedAudiences(issuers);
    warnOfSharedAudience(resource, shared, [...route.path, 'resource'], diagnostics);
    const others = audiences.length === 0 ? [] : listComparable(route, siblings.get(resource ?? '') ?? []);
    for (const [index, alias] of audiences.entries()) {
      const path = [...route.path, 'audiences', index];
      warnOfSharedAudience(alias, shared, path, diagnostics);
      if (alias.includes('*')) diagnostics.warning(path, 'audience-wildcard', 'a * that stands for nothing but itself');
      warnOfMissingAlias(alias, { others, file: route.place.file }, path, diagnostics);
    }
    warnOfIdTokens(route, acceptingJwt, diagnostics);
  }
}

function warnOfSharedAudience(
  audience: string | undefined,
  shared: SharedAudiences,
  path: Path,
  diagnostics: DiagnosticCollector,
): void {
  const name = audience === undefined ? undefined : findSharedAudience(audience, shared);
  if (name !== undefined) diagnostics.warning(path, 'audience-for-everyone', `is ${name}, not this API`);
}

/** A route whose resource other routes have, too. */
interface Sibling {
  readonly route: RouteDraft;
  readonly audiences: ReadonlySet<string>;
  readonly issuers: ReadonlySet<string>;
}

function groupByResource({ routes, issuerNames }: FileDraft): ReadonlyMap<string, readonly Sibling[]> {
  const everyIssuer = new Set(issuerNames);
  const groups = new Map<string, Sibling[]>();
  for (const route of routes) {
    const { resource, audiences, issuers } = route.found;
    if (resource === undefined || audiences === undefined) continue;
    const group = groups.get(resource) ?? [];
    groups.set(resource, group);
    if (group.length >= MOST_SIBLINGS) continue;
    group.push({
      route,
      audiences: new Set(audiences),
      issuers: issuers === undefined ? everyIssuer : new Set(issuers),
    });
  }
  return groups;
}

/** Only routes with an issuer in common: aliases are what issuers write, so routes for different issuers may differ. */
function listComparable({ key, found }: RouteDraft, siblings: readonly Sibling[]): readonly Sibling[] {
  const hasCommonIssuer = (issuers: ReadonlySet<string>) =>
    found.issuers === undefined ? issuers.size > 0 : found.issuers.some(issuer => issuers.has(issuer));
  return siblings.filter(({ route, issuers }) => route.key !== key && hasCommonIssuer(issuers));
}

function warnOfMissingAlias(
  alias: string,
  { others, file }: { readonly others: readonly Sibling[]; readonly file: string },
  path: Path,
  diagnostics: DiagnosticCollector,
): void {
  const other = others.find(({ audiences }) => !audiences.has(alias));
  if (other === undefined) return;
  const what = `route ${nameRoute(other.route, file)} has the same resource without this alias`;
  diagnostics.warning(path, 'alias-on-one-route', what);
}

/**
 * An alias that looks like a client id, which is the `aud` of an ID token (OpenID Connect Core section 2). Some issuers also
 * name an API by such an id.
 *
 * @param acceptingJwt the issuers whose `token_types` have JWT, so that the type of an ID token is accepted.
 */
function warnOfIdTokens(
  { found, path }: RouteDraft,
  acceptingJwt: readonly string[],
  diagnostics: DiagnosticCollector,
): void {
  const index = found.audiences?.findIndex(alias => !/^[a-z][a-z0-9+.-]*:/i.test(alias)) ?? -1;
  if (index === -1 || acceptingJwt.length === 0 || !isOpenWithoutScope(found.scopes)) return;
  const accepted = found.issuers && new Set(found.issuers);
  const issuer = acceptingJwt.find(name => accepted === undefined || accepted.has(name));
  if (issuer === undefined) return;
  const what = `looks like a client id, token_types of "${issuer}" has JWT, and not every method needs a scope`;
  diagnostics.warning([...path, 'audiences', index], 'id-token-accepted', what);
}

/** @returns whether some method needs no scope. */
export function isOpenWithoutScope(scopes: RouteDraft['found']['scopes']): boolean {
  if (scopes === undefined) return false;
  return Array.isArray(scopes) ? scopes.length === 0 : Object.values(scopes).some(needed => needed.length === 0);
}
