/** Errors that only several entries together show. */

import type { AuthorizerSettings } from '../config.ts';
import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import { listNames } from '../diagnostics/quotation.ts';
import { findNearest } from '../diagnostics/suggestion.ts';
import type { DataAddress, ListenAddress } from '../listener-config.ts';
import type { RouteDraft } from '../routes.ts';
import type { Path } from '../source/document.ts';
import { isRawMap } from '../source/raw-map.ts';
import { isSameAddress } from '../values/address/listen-address.ts';
import type { Rejection } from '../values/parsed-value.ts';
import { nameTarget } from '../values/path/route-key.ts';
import { checkMcp } from './mcp-checks.ts';
import { nameRoute } from './route-name.ts';

/** The listeners of the file, as far as they are valid. */
interface Listeners {
  readonly listen?: DataAddress | undefined;
  readonly admin?: ListenAddress | undefined;
  readonly authorizer?: AuthorizerSettings | undefined;
}

/** Reports two listeners on one address. @param raw the whole file, in which any key may be missing. */
export function checkListeners(
  { listen, admin, authorizer }: Listeners,
  raw: unknown,
  diagnostics: DiagnosticCollector,
): void {
  const addresses = { listen, admin, authorizer: authorizer?.listen };
  const pairs = [
    ['admin', 'listen'],
    ['authorizer', 'listen'],
    ['authorizer', 'admin'],
  ] as const;
  for (const [second, first] of pairs) {
    const one = addresses[first];
    const other = addresses[second];
    if (!one || !other || !isSameAddress(one, other)) continue;
    const rejection = {
      code: 'address-conflict',
      what: `${first} and ${second} need one and the same ${'path' in one ? 'socket' : 'port'}`,
      expected: 'path' in one ? 'two sockets' : 'two ports',
      standsAlone: true,
    } as const;
    diagnostics.error([isRawMap(raw) && second in raw ? second : first], rejection);
  }
}

/**
 * Reports routes that match the same requests, unknown issuers, and one audience for two resources.
 *
 * @param issuers every name under `issuers`, also of entries with errors; `undefined` where that map could not be read.
 */
export function checkRoutes(
  routes: readonly RouteDraft[],
  issuers: readonly string[] | undefined,
  diagnostics: DiagnosticCollector,
): void {
  checkDuplicates(routes, diagnostics);
  checkIds(routes, diagnostics);
  if (issuers !== undefined) {
    const names = { list: issuers, set: new Set(issuers) };
    for (const route of routes) checkIssuers(route, names, diagnostics);
    checkNeedForIssuers(routes, issuers, diagnostics);
  }
  checkAudiences(routes, diagnostics);
  for (const route of routes) checkMcp(route, diagnostics);
}

function checkDuplicates(routes: readonly RouteDraft[], diagnostics: DiagnosticCollector): void {
  const first = new Map<string, RouteDraft>();
  for (const route of routes) {
    if (route.target === undefined) continue;
    const name = nameTarget(route.target);
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, route);
    else {
      diagnostics.error(route.path, describeDuplicate(earlier, route), 'key');
      if (isElsewhere(earlier, route)) diagnostics.error(earlier.path, describeDuplicate(route, earlier), 'key');
    }
  }
}

function describeDuplicate(other: RouteDraft, { place }: RouteDraft): Rejection {
  const what = `matches the same requests as ${nameRoute(other, place.file)}`;
  return { code: 'duplicate-route', what, expected: 'one of them' };
}

/** Two routes of one name would be one in metrics and log, and a key is the name of a route that has no id. */
function checkIds(routes: readonly RouteDraft[], diagnostics: DiagnosticCollector): void {
  const named = new Map(routes.map(route => [route.key, route]));
  for (const route of routes) {
    const { id = route.key } = route.found;
    const other = named.get(id);
    named.set(id, other ?? route);
    if (other !== undefined && other !== route) tellOfId(other, route, diagnostics);
  }
}

function tellOfId(other: RouteDraft, route: RouteDraft, diagnostics: DiagnosticCollector): void {
  diagnostics.error([...route.path, 'id'], describeDuplicateId(other, route));
  if (!isElsewhere(other, route)) return;
  const hasId = other.found.id === route.found.id;
  diagnostics.error(
    hasId ? [...other.path, 'id'] : other.path,
    describeDuplicateId(route, other),
    hasId ? 'value' : 'key',
  );
}

function describeDuplicateId(other: RouteDraft, { place }: RouteDraft): Rejection {
  const what = `is also the name of ${nameRoute(other, place.file)}`;
  return { code: 'duplicate-route-id', what, expected: 'an id that is neither an id nor a key of another route' };
}

/** What two files contradict one another in is told in both: each may have an owner of its own. */
function isElsewhere(one: RouteDraft, other: RouteDraft): boolean {
  return one.place.file !== other.place.file;
}

interface Names {
  readonly list: readonly string[];
  readonly set: ReadonlySet<string>;
}

function checkIssuers({ found, path }: RouteDraft, issuers: Names, diagnostics: DiagnosticCollector): void {
  for (const [index, issuer] of (found.issuers ?? []).entries()) {
    if (issuers.set.has(issuer)) continue;
    const names = listNames(issuers.list);
    diagnostics.error([...path, 'issuers', index], {
      code: 'unknown-issuer',
      what: 'is not under issuers',
      expected: names === '' ? 'an entry for it there' : `one of ${names}`,
      nearest: diagnostics.isFull ? undefined : findNearest(issuer, issuers.list),
    });
  }
}

function checkNeedForIssuers(
  routes: readonly RouteDraft[],
  issuers: readonly string[],
  diagnostics: DiagnosticCollector,
): void {
  const protectedRoute = routes.find(({ found }) => found.public === false);
  if (issuers.length > 0 || protectedRoute === undefined) return;
  const expected = `at least one issuer: route ${nameRoute(protectedRoute, diagnostics.file)} is not public`;
  diagnostics.error(['issuers'], { code: 'missing-key', what: 'no issuers', expected, standsAlone: true }, 'key');
}

interface Owner {
  readonly resource: string;
  readonly route: RouteDraft;
  /** Where it accepts the audience. */
  readonly path: Path;
}

function checkAudiences(routes: readonly RouteDraft[], diagnostics: DiagnosticCollector): void {
  const owners = new Map<string, Owner>();
  for (const route of routes) {
    const { resource, audiences = [] } = route.found;
    if (resource === undefined || route.found.public === true) continue;
    const accepted: [string, Path][] = [
      [resource, [...route.path, 'resource']],
      ...audiences.map((audience, index): [string, Path] => [audience, [...route.path, 'audiences', index]]),
    ];
    for (const [audience, path] of accepted) {
      const owner = owners.get(audience);
      if (owner === undefined) owners.set(audience, { resource, route, path });
      else if (owner.resource !== resource) reportConflict(owner, { resource, route, path }, diagnostics);
    }
  }
}

function reportConflict(earlier: Owner, later: Owner, diagnostics: DiagnosticCollector): void {
  diagnostics.error(later.path, describeConflict(earlier.route, later.route));
  if (isElsewhere(earlier.route, later.route))
    diagnostics.error(earlier.path, describeConflict(later.route, earlier.route));
}

function describeConflict(other: RouteDraft, { place }: RouteDraft): Rejection {
  return {
    code: 'audience-conflict',
    what: `is already accepted by route ${nameRoute(other, place.file)} for another resource`,
    expected: 'each audience to stand for one resource',
  };
}
