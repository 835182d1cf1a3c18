/** Warnings about public routes that contain protected ones. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { RouteDraft } from '../routes.ts';
import { nameRoute } from './route-name.ts';

/** Protected routes at or below one path, of one host. */
interface Contained {
  count: number;
  readonly first: RouteDraft;
  /** How many routes stand before the first. */
  readonly order: number;
}

/** A node of the tree of public paths: one segment. */
interface Branch {
  readonly children: Map<string, Branch>;
  /** By host; `''` for routes of every host, and `ALL` for all of them together. */
  readonly contained: Map<string, Contained>;
}

/** Cannot be a host name, since it is a space. */
const ALL = ' ';

/**
 * Warns about each public route that contains protected ones: a request for a protected path with one wrong letter matches the
 * public route and needs no token. The tree keeps the cost at the number of segments, not of pairs of routes.
 */
export function warnOfShadows(routes: readonly RouteDraft[], diagnostics: DiagnosticCollector): void {
  const root = createBranch();
  const branches = new Map<RouteDraft, Branch>();
  for (const route of routes) if (route.found.public === true && route.target) branches.set(route, insert(root, route));
  if (branches.size === 0) return;
  for (const [order, route] of routes.entries()) if (route.found.public === false) count(root, route, order);
  for (const [route, branch] of branches) warnOfShadow(route, branch, diagnostics);
}

function warnOfShadow(route: RouteDraft, { contained: byHost }: Branch, diagnostics: DiagnosticCollector): void {
  const host = route.target?.host;
  // A route for one host contains those of this host and of every host; a route for every host contains all.
  const contained = (host === undefined ? [ALL] : [host, '']).flatMap(name => byHost.get(name) ?? []);
  const [one, other] = contained;
  if (one === undefined) return;
  const { first } = other !== undefined && other.order < one.order ? other : one;
  const more = contained.reduce((sum, { count }) => sum + count, 0) - 1;
  const what = `this public route contains the protected route ${nameRoute(first, route.place.file)}`;
  diagnostics.warning(route.path, 'public-over-protected', more > 0 ? `${what} and ${more} more` : what, 'key');
}

function insert(root: Branch, route: RouteDraft): Branch {
  let branch = root;
  for (const segment of segmentsOf(route)) {
    const child = branch.children.get(segment) ?? createBranch();
    branch.children.set(segment, child);
    branch = child;
  }
  return branch;
}

function count(root: Branch, route: RouteDraft, order: number): void {
  if (!route.target) return;
  add(root, route, order);
  let branch: Branch | undefined = root;
  for (const segment of segmentsOf(route)) {
    branch = branch.children.get(segment);
    if (!branch) return;
    add(branch, route, order);
  }
}

function add({ contained: byHost }: Branch, route: RouteDraft, order: number): void {
  for (const name of [ALL, route.target?.host ?? '']) {
    const known = byHost.get(name);
    if (known) known.count += 1;
    else byHost.set(name, { count: 1, first: route, order });
  }
}

function createBranch(): Branch {
  return { children: new Map(), contained: new Map() };
}

function segmentsOf({ target }: RouteDraft): readonly string[] {
  return target === undefined || target.prefix === '/' ? [] : target.prefix.slice(1).split('/');
}
