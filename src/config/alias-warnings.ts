/**
 * Dangers of `audiences`. An operator who cures a `wrong_audience` by copying what the tokens carry may copy a value that
 * tokens for other APIs carry, too.
 */

import type { FileDraft } from './file-draft.ts';
import type { Findings } from './findings.ts';
import type { RouteDraft } from './routes.ts';

/** Warns of each alias of `route`, one of the routes of `file`. */
export function warnOfAliases(route: RouteDraft, file: FileDraft, findings: Findings): void {
  const { audiences = [], issuers = file.issuerNames } = route.found;
  if (route.found.public === true) return;
  for (const [index, alias] of audiences.entries()) {
    const path = [...route.path, 'audiences', index];
    const everyone = nameEveryone(alias, issuers);
    if (everyone !== undefined) findings.warning(path, 'audience-for-everyone', everyone);
    if (alias.includes('*')) findings.warning(path, 'audience-wildcard', 'a * that stands for nothing but itself');
    warnOfForgetful(alias, route, file, path, findings);
  }
  warnOfIdTokens(route, file, findings);
}

const GRAPH = /^(?:00000003-0000-0000-c000-000000000000|https:\/\/graph\.microsoft\.com\/?)$/;

/** @returns what `audience` is, where tokens carry it whatever API they are for. */
function nameEveryone(audience: string, issuers: readonly string[]): string | undefined {
  if (GRAPH.test(audience)) return 'is Microsoft Graph, not this API';
  if (audience === 'account' && issuers.some(issuer => issuer.includes('/realms/')))
    return 'is the account console of Keycloak, which is in the tokens of most clients of a realm';
  const bases = issuers.map(issuer => issuer.replace(/\/$/, ''));
  if (bases.some(base => audience === base || audience === `${base}/`)) return 'is the issuer itself, not this API';
  if (bases.some(base => audience === `${base}/userinfo`)) return "is the issuer's userinfo endpoint, not this API";
  return undefined;
}

/** Routes for different issuers may have different aliases: the issuers write them. */
function warnOfForgetful(
  alias: string,
  { key, found }: RouteDraft,
  { routes, issuerNames }: FileDraft,
  path: readonly (string | number)[],
  findings: Findings,
): void {
  const other = routes.find(({ key: otherKey, found: { resource, audiences, issuers = issuerNames } }) => {
    const isSibling = otherKey !== key && resource !== undefined && resource === found.resource;
    return isSibling && audiences?.includes(alias) === false && issuers.some(name => accepts(found.issuers, name));
  });
  if (other === undefined) return;
  const what = `route "${other.key}" (line ${other.line}) has the same resource without this alias`;
  findings.warning(path, 'alias-on-one-route', what);
}

/** The `aud` of an ID token is a client id (OpenID Connect Core section 2); some issuers name an API by one, too. */
function warnOfIdTokens({ found, path }: RouteDraft, { issuers }: FileDraft, findings: Findings): void {
  const index = found.audiences?.findIndex(alias => !/^[a-z][a-z0-9+.-]*:/i.test(alias)) ?? -1;
  const issuer = [...issuers.values()].find(
    ({ issuer: name, tokenTypes }) => tokenTypes.has('jwt') && accepts(found.issuers, name),
  );
  if (index === -1 || issuer === undefined || !isOpenWithoutScope(found.scopes)) return;
  const what = `looks like a client id, token_types of "${issuer.issuer}" has JWT, and not every method needs a scope`;
  findings.warning([...path, 'audiences', index], 'id-token-accepted', what);
}

function isOpenWithoutScope(scopes: RouteDraft['found']['scopes']): boolean {
  if (scopes === undefined) return false;
  return Array.isArray(scopes) ? scopes.length === 0 : Object.values(scopes).some(needed => needed.length === 0);
}

function accepts(issuers: readonly string[] | undefined, issuer: string): boolean {
  return issuers === undefined || issuers.includes(issuer);
}
