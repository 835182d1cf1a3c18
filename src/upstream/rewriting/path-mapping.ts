/** A path as the upstream has it → the path under which a client of the gateway finds the same: the reverse of what forwarding does. */

import { stripPrefix } from '../../route/match.ts';
import { decodeAsKey, isBelowPath } from '../../route/path.ts';

export interface PathMapping {
  /** What forwarding puts before a path: `` or `/api`. */
  readonly basePath: string;
  /** Of the route: `` or `/app`. */
  readonly prefix: string;
  /** Whether forwarding removes it. */
  readonly isStripped: boolean;
  /** What a trusted proxy in front has removed: `` or `/front`. */
  readonly front: string;
}

/** A `.` or `..` between slashes, also encoded: clients resolve them before they use the path (WHATWG URL, path state). */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Compares whole segments, decoded as those of a request are; dot segments are resolved first.
 *
 * @param path begins with a slash; without query, fragment and backslashes.
 * @returns the client's path, without dot segments; the path itself where it begins with the prefix already; `undefined` for a
 *   path outside the base path, which the gateway does not forward to.
 */
export function mapPath(path: string, { basePath, prefix, isStripped, front }: PathMapping): string | undefined {
  const resolved = DOT_SEGMENT.test(path) ? resolveDotSegments(path) : path;
  const key = toKey(resolved);
  const added = isStripped ? prefix : '';
  if (front !== '' && isBelow(key, front + added)) return path;
  if (hasPrefix(key, basePath, prefix, added)) return front === '' ? path : front + resolved;
  if (!isBelow(key, basePath)) return undefined;
  const below = basePath === '' ? resolved : stripPrefix(basePath, resolved);
  return `${front}${added}${below}` || '/';
}

/**
 * @param path the Path of a cookie, as for `mapPath`: the path itself or a part of it before a slash, compared as it is
 *   written (RFC 6265 section 5.1.4). With a trailing slash the root would leave the path of the route itself out.
 * @returns as `mapPath`.
 */
export function mapCookiePath(path: string, mapping: PathMapping): string | undefined {
  if (DOT_SEGMENT.test(path)) return undefined;
  const mapped = mapPath(path, mapping);
  return path === '/' && mapped !== undefined && mapped !== '/' ? mapped.replace(/\/$/, '') : mapped;
}

/** Whether the upstream has put the prefix before a path. Below a base path that has the prefix, too, it is the base path's. */
function hasPrefix(key: string, basePath: string, prefix: string, added: string): boolean {
  const isDecisive = prefix !== '' && (added !== '' || basePath !== '');
  if (!isDecisive || !isBelow(key, prefix)) return false;
  return !(isBelow(key, basePath) && isBelow(toKey(basePath), prefix));
}

/** @param key decoded. @param base `` or a path without a trailing slash. */
function isBelow(key: string, base: string): boolean {
  return isBelowPath(key, toKey(base) || '/');
}

/** Most paths have nothing to decode. */
function toKey(path: string): string {
  return path.includes('%') ? decodeAsKey(path) : path;
}

/** As browsers do (WHATWG URL, path state). */
function resolveDotSegments(path: string): string {
  const segments = path.slice(1).split('/');
  const kept: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const plain = segment.replace(/%2e/gi, '.');
    const isDots = plain === '.' || plain === '..';
    if (plain === '..') kept.pop();
    if (!isDots) kept.push(segment);
    else if (index === segments.length - 1) kept.push('');
  }
  return `/${kept.join('/')}`;
}
