/** The oracle: finds routes and scope rules without using the gateway's code, from the segments that a server reads. */

import { findRequirements } from '../../../src/authorization/scope.ts';
import type { Route } from '../../../src/config/config.ts';
import { type Match, stripPrefix } from '../../../src/route/match.ts';
import type { ServerModel } from './server-model.ts';

/** @returns the request target that is sent to the upstream. */
export function targetOf({ route, path }: Match): string {
  return `${basePathOf(route)}${route.stripPrefix ? stripPrefix(route.prefix, path) : path}` || '/';
}

/** @returns how a server reads something else than what was authorised; `undefined` where it does not. */
export function findMisreading(
  routes: readonly Route[],
  host: string,
  match: Match,
  model: ServerModel,
): string | undefined {
  const { route } = match;
  const target = targetOf(match);
  const seen = model.read(target);
  if (seen === undefined) return undefined;
  const description = `${model.name}: ${match.path}, sent as ${target}, is read as /${seen.join('/')}`;
  const base = segmentsOf(basePathOf(route), model);
  if (!isWithin(seen, base)) return `${description}, outside the base path`;
  const here = [...(route.stripPrefix ? segmentsOf(route.prefix, model) : []), ...seen.slice(base.length)];
  const owner = findOwner(routes, host, here, model);
  if (owner !== route) return `${description}, of route ${owner?.key} and not ${route.key}`;
  return areScopesRequired(match, here, model) ? undefined : `${description}, whose scopes were not required`;
}

function basePathOf({ upstream }: Route): string {
  return upstream.endpoints[0]?.basePath ?? '';
}

function areScopesRequired({ route, rest, otherRests }: Match, here: readonly string[], model: ServerModel): boolean {
  if (route.public) return true;
  const below = here.slice(segmentsOf(route.prefix, model).length);
  const rules = route.scopeRules.map(({ path, scopes }) => ({ path: segmentsOf(encodeURI(path), model), scopes }));
  const asked = findRequirements(route.scopeRules, 'GET', [rest, ...otherRests]);
  const rule = longest(rules.filter(({ path }) => isWithin(below, path)));
  return asked.ok && (rule?.scopes ?? []).every(scope => asked.scopes.includes(scope));
}

function findOwner(routes: readonly Route[], host: string, here: readonly string[], model: ServerModel) {
  const among = (owner: string | undefined) => {
    const own = routes.filter(route => route.host === owner);
    const all = own.map(route => ({ route, path: segmentsOf(route.prefix, model) }));
    return longest(all.filter(({ path }) => isWithin(here, path)))?.route;
  };
  return among(host) ?? among(undefined);
}

function longest<T extends { readonly path: readonly string[] }>(list: readonly T[]): T | undefined {
  return list.toSorted((one, other) => other.path.length - one.path.length)[0];
}

function isWithin(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((segment, index) => path[index] === segment);
}

/** @returns a path of the YAML as this server reads it: servers differ in how they read bytes. */
function segmentsOf(path: string, model: ServerModel): readonly string[] {
  if (path === '' || path === '/') return [];
  const known = read.get(`${model.name} ${path}`);
  const segments = known ?? model.read(path) ?? decodeURIComponent(path).slice(1).split('/');
  read.set(`${model.name} ${path}`, segments);
  return segments;
}

const read = new Map<string, readonly string[]>();
