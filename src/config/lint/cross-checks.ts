/** The mistakes that no entry shows by itself. */

import type { ListenAddress } from '../config.ts';
import { type Findings, listNames } from '../diagnostics.ts';
import type { RouteDraft } from '../routes.ts';
import { findNearest } from '../schema/suggestion.ts';
import { isRawMap } from '../source/content.ts';
import type { Path } from '../source/document.ts';
import { isSameAddress } from '../values/listen-address.ts';
import type { Fault } from '../values/parsed-value.ts';
import { nameTarget } from '../values/route-key.ts';

/** Refuses two listeners on one address; `raw` is the whole file, in which either may be left to its default. */
export function checkListeners(listen: ListenAddress, admin: ListenAddress, raw: unknown, findings: Findings): void {
  if (!isSameAddress(listen, admin)) return;
  const fault = {
    code: 'address-conflict',
    what: 'listen and admin need one and the same port',
    expected: 'two ports',
    standsAlone: true,
  } as const;
  findings.error([isRawMap(raw) && 'admin' in raw ? 'admin' : 'listen'], fault);
}

/**
 * Refuses routes of which only one could ever be reached, unknown issuers, and one audience for two resources.
 * `issuers` are all names under `issuers`, also of entries with mistakes; `undefined` where that map cannot be read.
 */
export function checkRoutes(
  routes: readonly RouteDraft[],
  issuers: readonly string[] | undefined,
  findings: Findings,
): void {
  checkDuplicates(routes, findings);
  if (issuers !== undefined) {
    const names = { list: issuers, set: new Set(issuers) };
    for (const route of routes) checkIssuers(route, names, findings);
    checkNeedForIssuers(routes, issuers, findings);
  }
  checkAudiences(routes, findings);
}

function checkDuplicates(routes: readonly RouteDraft[], findings: Findings): void {
  const first = new Map<string, RouteDraft>();
  for (const route of routes) {
    if (route.target === undefined) continue;
    const name = nameTarget(route.target);
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, route);
    else {
      const what = `matches the same requests as "${earlier.key}" (line ${earlier.line})`;
      findings.error(route.path, { code: 'duplicate-route', what, expected: 'one of them' }, 'key');
    }
  }
}

interface Names {
  readonly list: readonly string[];
  readonly set: ReadonlySet<string>;
}

function checkIssuers({ found, path }: RouteDraft, issuers: Names, findings: Findings): void {
  for (const [index, issuer] of (found.issuers ?? []).entries()) {
    if (issuers.set.has(issuer)) continue;
    const names = listNames(issuers.list);
    findings.error([...path, 'issuers', index], {
      code: 'unknown-issuer',
      what: 'is not under issuers',
      expected: names === '' ? 'an entry for it there' : `one of ${names}`,
      nearest: findings.isFull ? undefined : findNearest(issuer, issuers.list),
    });
  }
}

function checkNeedForIssuers(routes: readonly RouteDraft[], issuers: readonly string[], findings: Findings): void {
  const needy = routes.find(({ found }) => found.public === false);
  if (issuers.length > 0 || needy === undefined) return;
  const expected = `at least one issuer: route "${needy.key}" (line ${needy.line}) is not public`;
  findings.error(['issuers'], { code: 'missing-key', what: 'no issuers', expected, standsAlone: true }, 'key');
}

interface Owner {
  readonly resource: string;
  readonly route: RouteDraft;
}

function checkAudiences(routes: readonly RouteDraft[], findings: Findings): void {
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
      if (owner === undefined) owners.set(audience, { resource, route });
      else if (owner.resource !== resource) findings.error(path, describeConflict(owner.route));
    }
  }
}

function describeConflict({ key, line }: RouteDraft): Fault {
  return {
    code: 'audience-conflict',
    what: `is already accepted by route "${key}" (line ${line}) for another resource`,
    expected: 'each audience to stand for one resource',
  };
}
