/**
 * Dangers of what is accepted as audience. An operator who cures a `wrong_audience` by copying what the tokens carry may copy a value that
 * tokens for other APIs carry, too.
 */

import type { Path } from './document.ts';
import type { FileDraft } from './file-draft.ts';
import type { Findings } from './findings.ts';
import type { RouteDraft } from './routes.ts';
import { nameSharedAudience } from './shared-audience.ts';

/** Warns of the resource and each alias of `route`, one of the routes of `file`. */
export function warnOfAliases(route: RouteDraft, file: FileDraft, findings: Findings): void {
  const { audiences = [], issuers = file.issuerNames } = route.found;
  if (route.found.public === true) return;
  warnOfSharedAudience(route.found.resource, issuers, [...route.path, 'resource'], findings);
  for (const [index, alias] of audiences.entries()) {
    const path = [...route.path, 'audiences', index];
    warnOfSharedAudience(alias, issuers, path, findings);
    if (alias.includes('*')) findings.warning(path, 'audience-wildcard', 'a * that stands for nothing but itself');
    warnOfForgetful(alias, route, file, path, findings);
  }
  warnOfIdTokens(route, file, findings);
}

function warnOfSharedAudience(
  audience: string | undefined,
  issuers: readonly string[],
  path: Path,
  findings: Findings,
): void {
  const shared = audience === undefined ? undefined : nameSharedAudience(audience, issuers);
  if (shared !== undefined) findings.warning(path, 'audience-for-everyone', `is ${shared}, not this API`);
}

/** Routes for different issuers may have different aliases: the issuers write them. */
function warnOfForgetful(
  alias: string,
  { key, found }: RouteDraft,
  { routes, issuerNames }: FileDraft,
  path: Path,
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
