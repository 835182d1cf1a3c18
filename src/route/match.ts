/** Host and path → route: routes of the Host before routes of every host, then the longest prefix of whole segments. */

import type { Route } from '../config/config.ts';
import { type Denial, deny } from '../denial.ts';
import { type CanonicalPath, canonicalizePath, decodeAsKey, isBelowPath } from './path.ts';
import { listReadings } from './readings.ts';
import { addProtectedPorts, isUnprotectedUpstream, type ProtectedPorts } from './unprotected-upstreams.ts';

export interface RouteTable {
  readonly hosts: Map<string, Branch>;
  readonly everyHost: Branch;
  readonly protectedPorts: ProtectedPorts;
}

interface Branch {
  readonly children: Map<string, Branch>;
  route?: Route;
}

export interface Match {
  readonly ok: true;
  readonly route: Route;
  /** The whole path, as forwarded: canonical, or as sent if it `isAmbiguous`. */
  readonly path: string;
  /** The path below the route, as matched: `` or `/…`. It selects the scope rules of the route. */
  readonly rest: string;
  /** How other servers may read `rest` (readings.ts). The token needs the scopes of all of them. */
  readonly otherRests: readonly string[];
  /** Servers may read the path differently. It is forwarded and only reported, since no protected route uses this upstream. */
  readonly isAmbiguous?: true;
}

type NoMatch = Denial<'no_route' | 'ambiguous_path'>;

/** Host and path of a request. */
export interface RequestPath {
  /** Lower-case, without a port. */
  readonly host: string;
  readonly path: CanonicalPath | Denial<'ambiguous_path'>;
  /** As sent, without its query; no control character or blank in it. */
  readonly sentPath: string;
}

/** @returns a tree of the routes by segment: a look-up costs the depth of the matching prefix, whatever the number of routes. */
export function createRouteTable(routes: readonly Route[]): RouteTable {
  const table = createEmptyTable();
  for (const route of routes) addRoute(table, route);
  return table;
}

/** @returns a table without routes, for `addRoute`. */
export function createEmptyTable(): RouteTable {
  return { hosts: new Map(), everyHost: { children: new Map() }, protectedPorts: new Set() };
}

/** Adds a route to a table that is not in use yet. */
export function addRoute({ hosts, everyHost, protectedPorts }: RouteTable, route: Route): void {
  insert(route.host === undefined ? everyHost : branchOf(hosts, route.host), route);
  addProtectedPorts(protectedPorts, route);
}

/**
 * @returns the route of a request. A path with several readings is `ambiguous_path`, unless every route to the same upstream is
 *   public or on `report`: then it is matched as it was sent.
 */
export function matchRequest(table: RouteTable, { host, path, sentPath }: RequestPath): Match | NoMatch {
  const match = path.ok ? matchRoute(table, host, path) : path;
  if (match.ok || match.reason !== 'ambiguous_path') return match;
  return matchAsSent(table, host, sentPath) ?? match;
}

/**
 * @param host lower-case, without a port.
 * @returns the route with the longest prefix among the Host's own, else among those of every host; `no_route`; or
 *   `ambiguous_path` where the path has an encoding that the route does not allow, or a server could read it as the path of
 *   another route.
 */
export function matchRoute(table: RouteTable, host: string, path: CanonicalPath): Match | NoMatch {
  const found = findRoute(table, host, path.key);
  const isContested = path.contested.length > 0;
  if (!found) return deny(isContested ? 'ambiguous_path' : 'no_route');
  if (!isContested && !ENDS_UNUSUALLY.test(path.key)) return accept(found, path.text, []);
  if (path.contested.some(encoding => !found.route.allowEncoded.has(encoding))) return deny('ambiguous_path');
  const otherRests = listOtherRests(table, host, path.key, found);
  return otherRests ? accept(found, path.text, otherRests) : deny('ambiguous_path');
}

/** A dot or a blank at the end of a segment: some servers drop it, also where nothing is encoded. */
const ENDS_UNUSUALLY = /[ .](?:\/|$)/;

/** @returns the path below the route in every other reading; `undefined` if a reading matches another route. */
function listOtherRests(table: RouteTable, host: string, key: string, found: Found): readonly string[] | undefined {
  const readings = listKeys(key, found);
  if (!readings) return undefined;
  const rests = new Set<string>();
  for (const reading of readings) {
    const other = findRoute(table, host, reading);
    if (other?.route !== found.route) return undefined;
    rests.add(other.rest);
  }
  rests.delete(found.rest);
  return [...rests];
}

/**
 * @returns every path that the gateway or the upstream may read. The upstream of a route with `strip_prefix` reads another
 *   path: its readings get the prefix back, and one outside its base path gives `undefined`.
 */
function listKeys(key: string, { route, rest }: Found): readonly string[] | undefined {
  const readings = listReadings(key);
  if (!readings || !route.stripPrefix || key === rest) return readings;
  const prefix = key.slice(0, key.length - rest.length);
  const keys = [...readings];
  for (const base of new Set(route.upstream.endpoints.map(({ basePath }) => decodeAsKey(basePath)))) {
    const rests = listRests(base, rest);
    if (!rests) return undefined;
    for (const read of rests) keys.push(prefix + read);
  }
  return keys;
}

/** @returns every path below `base` that the upstream may read; `undefined` if a reading lies outside. */
function listRests(base: string, rest: string): readonly string[] | undefined {
  const targets = listReadings(`${base}${rest}` || '/');
  const isBelow = targets?.every(target => isBelowPath(target, base || '/'));
  return isBelow ? targets?.map(target => target.slice(base.length)) : undefined;
}

/**
 * Matches the path as sent. Only where no protected route uses the same upstream port, so that a server that reads the path
 * differently cannot reach a protected API.
 */
function matchAsSent(table: RouteTable, host: string, sent: string): Match | undefined {
  const found = sent.startsWith('/') ? findRoute(table, host, decodeAsKey(sent)) : undefined;
  if (!found || !isUnprotectedUpstream(table.protectedPorts, found.route)) return undefined;
  const { stripPrefix, prefix } = found.route;
  if (stripPrefix && prefix !== '/' && !`${sent}/`.startsWith(`${prefix}/`)) return undefined;
  return { ...accept(found, sent, []), isAmbiguous: true };
}

function accept({ route, rest }: Found, path: string, otherRests: readonly string[]): Match {
  return { ok: true, route, path, rest, otherRests };
}

export interface Found {
  readonly route: Route;
  /** `` or `/…`. */
  readonly rest: string;
}

/** @returns the route of a path as it is matched (`CanonicalPath.key`), by its letters alone, and what of it is below the route. */
export function findRoute(table: RouteTable, host: string, key: string): Found | undefined {
  const own = table.hosts.get(host);
  return (own && descend(own, key)) ?? descend(table.everyHost, key);
}

function insert(root: Branch, route: Route): void {
  const prefix = canonicalizePath(route.prefix);
  if (!prefix.ok) throw new Error(`route ${route.key}: the prefix is not canonical`);
  const segments = prefix.key === '/' ? [] : prefix.key.slice(1).split('/');
  let branch = root;
  for (const segment of segments) branch = branchOf(branch.children, segment);
  branch.route = route;
}

function branchOf(branches: Map<string, Branch>, name: string): Branch {
  const existing = branches.get(name);
  if (existing) return existing;
  const branch: Branch = { children: new Map() };
  branches.set(name, branch);
  return branch;
}

function descend(root: Branch, key: string): Found | undefined {
  let { route } = root;
  let depth = 0;
  let branch: Branch | undefined = root;
  for (let start = 0; start < key.length && branch; ) {
    const end = endOfSegment(key, start);
    branch = branch.children.get(key.slice(start + 1, end));
    if (branch?.route) {
      route = branch.route;
      depth = end;
    }
    start = end;
  }
  return route && { route, rest: key.slice(depth) };
}

/**
 * @returns what a route with `strip_prefix` forwards of a matched path: the path without as many segments as `prefix` has.
 */
export function stripPrefix(prefix: string, path: string): string {
  let end = 0;
  for (let depth = prefix === '/' ? 0 : prefix.split('/').length - 1; depth > 0; depth--) {
    end = endOfSegment(path, end);
  }
  return path.slice(end);
}

/** @returns the index of the next slash after `start`, or the length of the path. */
function endOfSegment(path: string, start: number): number {
  const end = path.indexOf('/', start + 1);
  return end === -1 ? path.length : end;
}
