/** Public routes that contain protected ones. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { RouteDraft } from '../routes.ts';

/** Protected routes below one path, by host. */
interface Contained {
  count: number;
  first: RouteDraft;
}

/** One segment of the paths of public routes. */
interface Branch {
  readonly children: Map<string, Branch>;
  /** By host, `''` for those of every host, and under `ALL` together. */
  readonly within: Map<string, Contained>;
}

/** No host name has a space. */
const ALL = ' ';

/**
 * Warns of each public route that contains protected ones: a path that is meant for one of those, but misses it by a letter,
 * needs no token.
 */
export function warnOfShadows(routes: readonly RouteDraft[], diagnostics: DiagnosticCollector): void {
  const root = createBranch();
  const branches = new Map<RouteDraft, Branch>();
  for (const route of routes) if (route.found.public === true && route.target) branches.set(route, plant(root, route));
  if (branches.size === 0) return;
  for (const route of routes) if (route.found.public === false) count(root, route);
  for (const [route, branch] of branches) warnOfShadow(route, branch, diagnostics);
}

function warnOfShadow(route: RouteDraft, { within }: Branch, diagnostics: DiagnosticCollector): void {
  const host = route.target?.host;
  // A route for one host is met by those of this host and of every host; one for every host by all.
  const contained = (host === undefined ? [ALL] : [host, '']).flatMap(name => within.get(name) ?? []);
  const [one, other] = contained;
  if (one === undefined) return;
  const first = other !== undefined && other.first.line < one.first.line ? other.first : one.first;
  const more = contained.reduce((sum, { count }) => sum + count, 0) - 1;
  const what = `this public route contains the protected route "${first.key}" (line ${first.line})`;
  diagnostics.warning(route.path, 'public-over-protected', more > 0 ? `${what} and ${more} more` : what, 'key');
}

function plant(root: Branch, route: RouteDraft): Branch {
  let branch = root;
  for (const segment of segmentsOf(route)) {
    const child = branch.children.get(segment) ?? createBranch();
    branch.children.set(segment, child);
    branch = child;
  }
  return branch;
}

function count(root: Branch, route: RouteDraft): void {
  if (!route.target) return;
  add(root, route);
  let branch: Branch | undefined = root;
  for (const segment of segmentsOf(route)) {
    branch = branch.children.get(segment);
    if (!branch) return;
    add(branch, route);
  }
}

function add({ within }: Branch, route: RouteDraft): void {
  for (const name of [ALL, route.target?.host ?? '']) {
    const contained = within.get(name);
    if (contained) contained.count += 1;
    else within.set(name, { count: 1, first: route });
  }
}

function createBranch(): Branch {
  return { children: new Map(), within: new Map() };
}

function segmentsOf({ target }: RouteDraft): readonly string[] {
  return target === undefined || target.prefix === '/' ? [] : target.prefix.slice(1).split('/');
}
