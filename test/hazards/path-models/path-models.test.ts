/**
 * What a route forwards, held against models of real servers: none reads it as the path of another route, or of a scope rule
 * whose scopes were not asked for. The oracle finds routes and rules by itself, from the segments that a model gives.
 *
 * `PATH_MODEL_WORLDS=25000` makes a million cases of it.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findRequirements } from '../../../src/authorization/scope.ts';
import type { ProtectedRoute, Route } from '../../../src/config/config.ts';
import { createRouteTable, type Match, matchRequest, stripPrefix } from '../../../src/route/match.ts';
import { canonicalizePath } from '../../../src/route/path.ts';
import type { ServerModel } from './server-model.ts';
import { iis, iisDecodingAgain } from './servers/iis.ts';
import { behindNginx, nginx, nginxOnWindows } from './servers/nginx.ts';
import { springPathPattern, springUrlPathHelper } from './servers/spring.ts';
import { tomcat, tomcatDecoding, tomcatLatin1 } from './servers/tomcat.ts';
import { type World, worlds } from './world.ts';

const DIRECT = [
  nginx,
  nginxOnWindows,
  tomcat,
  tomcatDecoding,
  tomcatLatin1,
  iis,
  springUrlPathHelper,
  springPathPattern,
];
const MODELS: readonly ServerModel[] = [...DIRECT, iisDecodingAgain, ...DIRECT.map(behindNginx)];
const WORLDS = Number(process.env['PATH_MODEL_WORLDS'] ?? 250);

const tally = { cases: 0, refused: 0, forwarded: 0, readings: 0, otherwise: 0, mismatches: 0 };

test(`${WORLDS * 40} paths × ${MODELS.length} models of servers: none reads what is forwarded as another route's`, () => {
  const agree = fc.property(worlds, world => {
    expect(findMismatches(world)).toEqual([]);
  });
  fc.assert(agree, { numRuns: WORLDS, seed: 20_261_126, endOnFailure: WORLDS > 1_000 });
  console.info(`path models: ${JSON.stringify({ models: MODELS.length, ...tally })}`);
  expect(tally.forwarded).toBeGreaterThan(WORLDS);
  expect(tally.otherwise).toBeGreaterThan(WORLDS);
}, 3_600_000);

test('the oracle sees what the gateway would let pass without its readings', () => {
  const route = (prefix: string) => worldOf([prefix])[0] as ProtectedRoute;
  const table = [route('/'), route('/other'), route('/@me')];
  const lie = (path: string): Match => ({ ok: true, route: table[0] as Route, path, rest: path, otherRests: [] });
  for (const path of ['/;/other', '/%2540me', '/other.', '/%2Fother', '/x/..;/other']) {
    expect(MODELS.some(model => misread(table, 'x', lie(path), model) !== undefined)).toBe(true);
  }
  expect(MODELS.some(model => misread(table, 'x', lie('/others'), model) !== undefined)).toBe(false);
});

function findMismatches({ routes, asks }: World): readonly string[] {
  const table = createRouteTable(routes);
  return asks.flatMap(({ host, path: sentPath }) => {
    const match = matchRequest(table, { host, path: canonicalizePath(sentPath), sentPath });
    tally.cases += 1;
    tally[match.ok ? 'forwarded' : 'refused'] += 1;
    if (!match.ok) return [];
    const found = MODELS.flatMap(model => misread(routes, host, match, model) ?? []);
    tally.mismatches += found.length;
    return found;
  });
}

/** @returns how a server comes to something else than what was authorised, if it does. */
function misread(routes: readonly Route[], host: string, match: Match, model: ServerModel): string | undefined {
  const { route } = match;
  const { basePath } = route.upstream;
  const target = `${basePath}${route.stripPrefix ? stripPrefix(route.prefix, match.path) : match.path}`;
  const seen = model.read(target || '/');
  if (seen === undefined) return undefined;
  tally.readings += 1;
  const told = `${model.name}: ${match.path}, sent as ${target}, is read as /${seen.join('/')}`;
  const base = segmentsOf(basePath, model);
  if (!isWithin(seen, base)) return `${told}, outside the base path`;
  const here = [...(route.stripPrefix ? segmentsOf(route.prefix, model) : []), ...seen.slice(base.length)];
  if (match.otherRests.length > 0) tally.otherwise += 1;
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

function worldOf(prefixes: readonly string[]): readonly Route[] {
  return prefixes.flatMap(prefix =>
    fc.sample(worlds, { numRuns: 1, seed: 1 }).map(({ routes: [some] }) => ({
      ...(some as Route),
      ...{
        prefix,
        key: prefix,
        host: undefined,
        stripPrefix: false,
        scopeRules: [{ method: '*', path: '/', scopes: [] }],
      },
      upstream: { origin: 'http://127.0.0.1:1', basePath: '', timeouts: { connect: 1, response: 1, idle: 1 } },
    })),
  );
}
