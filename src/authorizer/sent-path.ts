/**
 * The route of a request that another proxy forwards. That proxy sends the bytes of its client, not their canonical form, so that every
 * reading of these bytes must lead to one route and to the same scopes. In every mode: what the upstream is, only that proxy knows.
 */

import { findRequirement } from '../authorization/scope.ts';
import { type Denial, deny } from '../denial.ts';
import { findRoute, type Match, matchRoute, type RouteTable } from '../route/match.ts';
import type { RequestHead } from '../route/request-head.ts';

/** What a path has in no other form than encoded, in upper case (RFC 3986 sections 2.1 and 3.3): such a prefix must stay reachable. */
const ALWAYS_ENCODED = /%(?:20|22|3[CE]|5[BDE]|60|7[BCD])|(?:%[89A-F][0-9A-F])+/g;

/**
 * @returns the route with what is below it; `no_route`; or `ambiguous_path` where a server may read the bytes as the path of another
 *   route, or as one that needs other scopes there. Unlike on the data listener, a reading that decodes nothing counts as well, and so
 *   does a Host with its final dot: a proxy may choose the upstream by either.
 */
export function matchSentPath(
  table: RouteTable,
  head: Pick<RequestHead, 'method' | 'host' | 'authority' | 'path' | 'sentPath'>,
): Match | Denial<'no_route' | 'ambiguous_path'> {
  const { host, authority, path, sentPath } = head;
  if (!path.ok) return path;
  const match = matchRoute(table, host, path);
  if (!match.ok) return match;
  const { route } = match;
  const literal = findRoute(table, readLiteralHost(host, authority), readLiteralPath(sentPath));
  if (literal?.route !== route) return deny('ambiguous_path');
  const others = [literal.rest, ...match.otherRests].filter(rest => rest !== match.rest);
  if (!others.every(rest => needsTheSame(match, rest, head.method))) return deny('ambiguous_path');
  return match;
}

/** What stands before a port, in lower case: names of hosts have no case (RFC 9110 section 4.2.3), a final dot is another spelling. */
function readLiteralHost(host: string, authority = ''): string {
  return /\.(?::\d*)?$/.test(authority) ? `${host}.` : host;
}

function readLiteralPath(path: string): string {
  return path.replace(ALWAYS_ENCODED, encoded => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

function needsTheSame({ route, rest }: Match, other: string, method: string): boolean {
  if (route.public || rest === other) return true;
  const [one, another] = [rest, other].map(each => findRequirement(route.scopeRules, method, each));
  return JSON.stringify(one) === JSON.stringify(another);
}
