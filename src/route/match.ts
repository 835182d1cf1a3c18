/** Host and path → route: whole segments, routes of the Host first, then the longest prefix. */

import type { Route } from '../config/config.ts';
import { type Denial, deny } from '../denial.ts';
import { type CanonicalPath, canonicalizePath, listReadings } from './path.ts';

export interface RouteTable {
  readonly hosts: Map<string, Branch>;
  readonly everyHost: Branch;
}

interface Branch {
  readonly children: Map<string, Branch>;
  route?: Route;
}

export interface Match {
  readonly ok: true;
  readonly route: Route;
  /** The whole canonical path, as forwarded. */
  readonly path: string;
  /** What follows the prefix, as matched: `` or `/…`. The scopes of the route are found by it. */
  readonly rest: string;
  /** Other ways to read `rest`, where the route allows encodings that servers read differently. Each needs its scopes, too. */
  readonly otherRests: readonly string[];
}

/** @returns the routes, arranged so that a look-up costs the depth of the prefix that matches, however many routes there are. */
export function createRouteTable(routes: readonly Route[]): RouteTable {
  const table: RouteTable = { hosts: new Map(), everyHost: { children: new Map() } };
  for (const route of routes) addRoute(table, route);
  return table;
}

/** Adds one route more to a table that serves nothing yet. */
export function addRoute({ hosts, everyHost }: RouteTable, route: Route): void {
  plant(route.host === undefined ? everyHost : branchOf(hosts, route.host), route);
}

/**
 * @param host lower-case, without a port.
 * @returns the route with the longest prefix among the Host's own, else among those of every host; `no_route`; or
 *   `ambiguous_path` where the path has an encoding that the route does not allow.
 */
export function matchRoute(
  table: RouteTable,
  host: string,
  path: CanonicalPath,
): Match | Denial<'no_route' | 'ambiguous_path'> {
  const found = find(table, host, path.key);
  if (path.contested.length > 0) return matchContested(table, host, path, found);
  if (!found) return deny('no_route');
  return { ok: true, route: found.route, path: path.text, rest: found.rest, otherRests: [] };
}

/** An upstream that reads a contested encoding in its own way must not come to the path of another route. */
function matchContested(
  table: RouteTable,
  host: string,
  path: CanonicalPath,
  found: Found | undefined,
): Match | Denial<'ambiguous_path'> {
  if (!found || path.contested.some(encoding => !found.route.allowEncoded.has(encoding))) return deny('ambiguous_path');
  const others = listReadings(path.key)
    .slice(1)
    .map(reading => find(table, host, reading));
  if (others.some(other => other?.route !== found.route)) return deny('ambiguous_path');
  const otherRests = others.map(other => other?.rest ?? '');
  return { ok: true, route: found.route, path: path.text, rest: found.rest, otherRests };
}

interface Found {
  readonly route: Route;
  readonly rest: string;
}

function find(table: RouteTable, host: string, key: string): Found | undefined {
  const own = table.hosts.get(host);
  return (own && descend(own, key)) ?? descend(table.everyHost, key);
}

/**
 * @returns `rest` of a matched path as it is forwarded by a route with `strip_prefix`: the prefix removed by whole
 *   segments of the canonical path.
 */
export function stripPrefix(prefix: string, path: string): string {
  let end = 0;
  for (let depth = prefix === '/' ? 0 : prefix.split('/').length - 1; depth > 0; depth--) {
    end = endOfSegment(path, end);
  }
  return path.slice(end);
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

/** `start` is at a slash; the end is at the next one, or at the end of the path. */
function endOfSegment(path: string, start: number): number {
  const end = path.indexOf('/', start + 1);
  return end === -1 ? path.length : end;
}
