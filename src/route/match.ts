/** Host and path → route: whole segments, routes of the Host first, then the longest prefix. */

import type { Route } from '../config/config.ts';
import { type Denial, deny } from '../denial.ts';
import { type CanonicalPath, canonicalizePath, decodeAsKey } from './path.ts';
import { listReadings } from './readings.ts';
import { addGuardedPort, type GuardedPorts, isTolerant } from './tolerance.ts';

export interface RouteTable {
  readonly hosts: Map<string, Branch>;
  readonly everyHost: Branch;
  readonly guardedPorts: GuardedPorts;
}

interface Branch {
  readonly children: Map<string, Branch>;
  route?: Route;
}

export interface Match {
  readonly ok: true;
  readonly route: Route;
  /** The whole path, as forwarded: canonical, or as it was sent where it `isAmbiguous`. */
  readonly path: string;
  /** What follows the prefix, as matched: `` or `/…`. The scopes of the route are found by it. */
  readonly rest: string;
  /** Other ways to read `rest`. Each needs its scopes, too. */
  readonly otherRests: readonly string[];
  /** The path has several readings, and that is only reported: nothing behind this upstream is protected. */
  readonly isAmbiguous?: true;
}

type NoMatch = Denial<'no_route' | 'ambiguous_path'>;

/** The path of a request, in its one reading or not. */
export interface RequestPath {
  /** Lower-case, without a port. */
  readonly host: string;
  readonly path: CanonicalPath | Denial<'ambiguous_path'>;
  /** As sent, without its query; no control character or blank in it. */
  readonly sentPath: string;
}

/** @returns the routes, arranged so that a look-up costs the depth of the prefix that matches, however many routes there are. */
export function createRouteTable(routes: readonly Route[]): RouteTable {
  const table = createEmptyTable();
  for (const route of routes) addRoute(table, route);
  return table;
}

/** @returns a table without routes, to which they are added one by one. */
export function createEmptyTable(): RouteTable {
  return { hosts: new Map(), everyHost: { children: new Map() }, guardedPorts: new Set() };
}

/** Adds one route more to a table that serves nothing yet. */
export function addRoute({ hosts, everyHost, guardedPorts }: RouteTable, route: Route): void {
  plant(route.host === undefined ? everyHost : branchOf(hosts, route.host), route);
  addGuardedPort(guardedPorts, route);
}

/**
 * @returns the route of a request. Where its path has several readings, and every route to the same upstream is public or on
 *   `report`, that is the route which the path meets as it was sent; else `ambiguous_path`.
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
  const found = find(table, host, path.key);
  const isContested = path.contested.length > 0;
  if (!found) return deny(isContested ? 'ambiguous_path' : 'no_route');
  if (!isContested && !ENDS_UNUSUALLY.test(path.key)) return accept(found, path.text, []);
  if (path.contested.some(encoding => !found.route.allowEncoded.has(encoding))) return deny('ambiguous_path');
  const otherRests = readOtherwise(table, host, path.key, found);
  return otherRests ? accept(found, path.text, otherRests) : deny('ambiguous_path');
}

/** A dot or a blank at the end of a segment: the one thing that servers read differently without any encoding. */
const ENDS_UNUSUALLY = /[ .](?:\/|$)/;

/** @returns what follows the prefix in every other reading; `undefined` where a server could come to another route. */
function readOtherwise(table: RouteTable, host: string, key: string, found: Found): readonly string[] | undefined {
  const readings = listKeys(key, found);
  if (!readings) return undefined;
  const rests = new Set<string>();
  for (const reading of readings) {
    const other = find(table, host, reading);
    if (other?.route !== found.route) return undefined;
    rests.add(other.rest);
  }
  rests.delete(found.rest);
  return [...rests];
}

/** @returns the paths here of all that the upstream may read; `undefined` where it may read what is no path here. */
function listKeys(key: string, { route, rest }: Found): readonly string[] | undefined {
  const readings = listReadings(key);
  if (!readings || !route.stripPrefix || key === rest) return readings;
  const base = decodeAsKey(route.upstream.basePath);
  const targets = listReadings(`${base}${rest}` || '/');
  if (!targets?.every(target => target === base || target.startsWith(`${base}/`))) return undefined;
  const prefix = key.slice(0, key.length - rest.length);
  return [...readings, ...targets.map(target => prefix + target.slice(base.length))];
}

/** Nothing about `sent` is decided but where its segments are; whoever reads it otherwise finds nothing protected there. */
function matchAsSent(table: RouteTable, host: string, sent: string): Match | undefined {
  const found = sent.startsWith('/') ? find(table, host, decodeAsKey(sent)) : undefined;
  if (!found || !isTolerant(table.guardedPorts, found.route)) return undefined;
  const { stripPrefix, prefix } = found.route;
  if (stripPrefix && prefix !== '/' && !`${sent}/`.startsWith(`${prefix}/`)) return undefined;
  return { ...accept(found, sent, []), isAmbiguous: true };
}

function accept({ route, rest }: Found, path: string, otherRests: readonly string[]): Match {
  return { ok: true, route, path, rest, otherRests };
}

interface Found {
  readonly route: Route;
  readonly rest: string;
}

function find(table: RouteTable, host: string, key: string): Found | undefined {
  const own = table.hosts.get(host);
  return (own && descend(own, key)) ?? descend(table.everyHost, key);
}

function plant(root: Branch, route: Route): void {
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
 * @returns `rest` of a matched path as it is forwarded by a route with `strip_prefix`: the prefix removed by whole
 *   segments of the path.
 */
export function stripPrefix(prefix: string, path: string): string {
  let end = 0;
  for (let depth = prefix === '/' ? 0 : prefix.split('/').length - 1; depth > 0; depth--) {
    end = endOfSegment(path, end);
  }
  return path.slice(end);
}

/** `start` is at a slash; the end is at the next one, or at the end of the path. */
function endOfSegment(path: string, start: number): number {
  const end = path.indexOf('/', start + 1);
  return end === -1 ? path.length : end;
}
