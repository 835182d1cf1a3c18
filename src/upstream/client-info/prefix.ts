/** X-Forwarded-Prefix: the path that proxies have removed from the start of a request's path. */

/**
 * @param value of a trusted proxy: one prefix, or a list of those that follow one another, from the client on.
 * @returns all of it as one path without a trailing slash; `` for none.
 */
export function joinPrefixes(value: string | undefined): string {
  if (value === undefined) return '';
  return value
    .split(',')
    .map(prefix => prefix.trim().replace(/\/$/, ''))
    .join('');
}
