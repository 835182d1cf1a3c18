/** The oracle: finds routes and rules by itself, from the segments that a server reads. */

import { findRequirements } from '../../../src/authorization/scope.ts';
import type { Route } from '../../../src/config/config.ts';
import { type Match, stripPrefix } from '../../../src/route/match.ts';
import type { ServerModel } from './server-model.ts';

/** @returns what the upstream is asked for. */
export function targetOf({ route, path }: Match): string {
  return `${route.upstream.basePath}${route.stripPrefix ? stripPrefix(route.prefix, path) : path}` || '/';
}

/** @returns how a server comes to something else than what was authorised, if it does. */
export function findMisreading(
  routes: readonly Route[],
  host: string,
  match: Match,
  model: ServerModel,
): string | undefined {
  const { route } = match;
  const { basePath } = route.upstream;
  const target = targetOf(match);
  const seen = model.read(target);
  if (seen === undefined) return undefined;
  const told = `${model.name}: ${match.path}, sent as ${target}, is read as /${seen.join('/')}`;
  const base = segmentsOf(basePath, model);
  if (!isWithin(seen, base)) return `${told}, outside the base path`;
  const here = [...(route.stripPrefix ? segmentsOf(route.prefix, model) : []), ...seen.slice(base.length)];
  const owner = findOwner(routes, host, here, model);
  if (owner !== route) return `${told}, of route ${owner?.key} and not ${route.key}`;
  return judgeScopes(match, here, model) ? undefined : `${told}, whose scopes were not asked for`;
}

function judgeScopes({ route, rest, otherRests }: Match, here: readonly string[], model: ServerModel): boolean {
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

/** @returns a path of the YAML as this server reads it: some read bytes in their own way. */
function segmentsOf(path: string, model: ServerModel): readonly string[] {
  if (path === '' || path === '/') return [];
  const known = read.get(`${model.name} ${path}`);
  const segments = known ?? model.read(path) ?? decodeURIComponent(path).slice(1).split('/');
  read.set(`${model.name} ${path}`, segments);
  return segments;
}

const read = new Map<string, readonly string[]>();
