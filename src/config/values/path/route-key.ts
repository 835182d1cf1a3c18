/** `[host]/path-prefix`, the key of a route → its host and its prefix. */

import { isIPv6 } from 'node:net';
import { isHostName } from '../address/host.ts';
import { accept, type ParsedValue, type Rejected, reject } from '../parsed-value.ts';
import { decodePathPrefix, parsePathPrefix } from './path-prefix.ts';

export interface RouteTarget {
  /** Lower-case; IPv6 in brackets, as in a Host field; `undefined`: every host. */
  readonly host: string | undefined;
  readonly prefix: string;
}

export const ROUTE_KEY = '/path or host/path';

/** The pattern in the JSON Schema; `parseRouteKey` is stricter. */
export const ROUTE_KEY_FORM = /^[^\s/]*(?:\/|(?:\/[^\s/?#;\\]+)+)$/;

/** @returns the host and the prefix of `key`; rejects a port, a wildcard, and a path that is not canonical. */
export function parseRouteKey(key: string): ParsedValue<RouteTarget> {
  const [, schemeless] = /^[a-z]+:\/\/(.*)$/is.exec(key) ?? [];
  if (schemeless !== undefined) {
    const nearest = schemeless.replace(/^([^/]*?):\d*(?=\/|$)/, '$1');
    return reject('has a scheme', { expected: ROUTE_KEY, nearest: parseRouteKey(nearest).ok ? nearest : undefined });
  }
  const slash = key.indexOf('/');
  if (slash === -1) {
    return reject('has no path', { expected: ROUTE_KEY, nearest: suggestPath(key) });
  }
  const host = key.slice(0, slash).toLowerCase();
  const rejected = host === '' ? undefined : rejectHost(host, key);
  if (rejected !== undefined) return rejected;
  const path = parsePathPrefix(key.slice(slash));
  if (path.ok) return accept({ host: host === '' ? undefined : host, prefix: path.value });
  const { nearest } = path.rejection;
  return {
    ok: false,
    rejection: { ...path.rejection, nearest: nearest === undefined ? nearest : key.slice(0, slash) + nearest },
  };
}

/** @returns a name of the target: the same for two keys that match the same requests. */
export function nameTarget({ host, prefix }: RouteTarget): string {
  return `${host ?? ''}${decodePathPrefix(prefix)}`;
}

function suggestPath(key: string): string {
  if (key === '*') return '/';
  return key.includes('.') ? `${key}/` : `/${key}`;
}

function rejectHost(host: string, key: string): Rejected | undefined {
  if (isHostName(host) || (/^\[.*\]$/.test(host) && isIPv6(host.slice(1, -1)))) return undefined;
  if (host.includes('*')) {
    return reject('has a wildcard', { expected: 'one whole host name, or none at all for every host' });
  }
  if (/^(?:\[.*\]|[^:]*):\d*$/.test(host)) {
    const nearest = key.replace(/:\d*\//, '/');
    return reject('has a port, but the port of a request is ignored', { expected: 'the host without it', nearest });
  }
  return reject('has no valid host', { expected: 'a DNS name, an IPv4 address or an [IPv6] address before the path' });
}
