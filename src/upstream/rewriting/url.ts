/**
 * References to URLs (RFC 3986 section 4.1). Only forms that all clients read alike are rewritten. A form that browsers repair
 * (WHATWG URL), such as `http:/x`, `///x` or one with a backslash, a tab or a blank at its end, is never compared, and so never taken for another.
 */

import { isAuthority, isSameAuthority } from '../../route/authority.ts';
import { mapPath, type PathMapping } from './path-mapping.ts';
import type { Origin, Place } from './place.ts';

const REPAIRED = /[\x00-\x1f\x7f\\]|^ | $/;
/** Path, and the rest of it. A second slash would begin a host. */
const ABSOLUTE_PATH = /^(\/(?!\/)[^?#]*)(.*)$/;
/** Scheme, authority, path and the rest. A WebSocket may be redirected to its own schemes. */
const WITH_AUTHORITY = /^(?:(http|ws)(s?):)?\/\/([^/?#]+)([^?#]*)(.*)$/i;

/**
 * @returns the reference with the gateway's name in place of the upstream's. Left as it is: what names anybody else, also by user
 *   information or another port; a path outside the base path, or with the prefix already; a relative path, which stays
 *   right as long as it does not leave the prefix; and what cannot be rewritten, as there is no name of the gateway.
 */
export function rewriteUrl(reference: string, place: Place): string {
  if (REPAIRED.test(reference)) return reference;
  const [, path, rest] = ABSOLUTE_PATH.exec(reference) ?? [];
  if (path !== undefined) return formatPath(mapPath(path, place.paths), rest) ?? reference;
  const [, scheme, secure, authority = '', pathOfUrl, restOfUrl] = WITH_AUTHORITY.exec(reference) ?? [];
  const named = findOrigins(scheme === undefined ? undefined : secure !== '', authority, place);
  const mapped = mapFirst(pathOfUrl || '/', named, place.paths);
  if (mapped === undefined) return reference;
  if (place.authority === undefined) return formatPath(mapped, restOfUrl) ?? reference;
  const gatewayScheme = scheme === undefined ? '' : `${scheme.toLowerCase()}${place.isSecure ? 's' : ''}:`;
  return `${gatewayScheme}//${place.authority}${mapped}${restOfUrl}`;
}

/** @returns `undefined` where there is no path, or one that would be read as a host. */
function formatPath(path: string | undefined, rest = ''): string | undefined {
  return path === undefined || path.startsWith('//') ? undefined : path + rest;
}

/** @param isSecure `undefined`: the reference has no scheme, so that it is the one of the upstream. */
function findOrigins(isSecure: boolean | undefined, authority: string, { origins }: Place): readonly Origin[] {
  if (!isAuthority(authority)) return [];
  return origins.filter(
    origin =>
      (isSecure === undefined || isSecure === (origin.scheme === 'https')) &&
      isSameAuthority(origin.scheme, authority, origin.authority),
  );
}

/** Two servers of an upstream may differ in nothing but their base paths. */
function mapFirst(path: string, origins: readonly Origin[], paths: PathMapping): string | undefined {
  for (const { basePath } of origins) {
    const mapped = mapPath(path, { ...paths, basePath });
    if (mapped !== undefined) return mapped;
  }
  return undefined;
}
