/** `[host]/path-prefix`, the key of a route → its host and its prefix. */
import { isIPv6 } from 'node:net';
import { isHostName } from '../address/host.js';
import { accept, reject } from '../parsed-value.js';
import { decodePathPrefix, parsePathPrefix } from './path-prefix.js';
export const ROUTE_KEY = '/path or host/path';
/** The pattern in the JSON Schema; `parseRouteKey` is stricter. */
export const ROUTE_KEY_FORM = /^[^\s/]*(?:\/|(?:\/[^\s/?#;\\]+)+)$/;
/** @returns the host and the prefix of `key`; rejects a port, a wildcard, and a path that is not canonical. */
export function parseRouteKey(key) {
    const slash = key.indexOf('/');
    if (slash === -1) {
        return reject('has no path', { expected: ROUTE_KEY, nearest: key.includes('.') ? `${key}/` : `/${key}` });
    }
    const host = key.slice(0, slash).toLowerCase();
    const rejected = host === '' ? undefined : rejectHost(host, key);
    if (rejected !== undefined)
        return rejected;
    const path = parsePathPrefix(key.slice(slash));
    if (path.ok)
        return accept({ host: host === '' ? undefined : host, prefix: path.value });
    const { nearest } = path.rejection;
    return {
        ok: false,
        rejection: { ...path.rejection, nearest: nearest === undefined ? nearest : key.slice(0, slash) + nearest },
    };
}
/** @returns a name of the target: the same for two keys that match the same requests. */
export function nameTarget({ host, prefix }) {
    return `${host ?? ''}${decodePathPrefix(prefix)}`;
}
function rejectHost(host, key) {
    if (isHostName(host) || (/^\[.*\]$/.test(host) && isIPv6(host.slice(1, -1))))
        return undefined;
    if (host.includes('*')) {
        return reject('has a wildcard', { expected: 'one whole host name, or none at all for every host' });
    }
    if (/^(?:\[.*\]|[^:]*):\d*$/.test(host)) {
        const nearest = key.replace(/:\d*\//, '/');
        return reject('has a port, but the port of a request is ignored', { expected: 'the host without it', nearest });
    }
    return reject('has no valid host', { expected: 'a DNS name, an IPv4 address or an [IPv6] address before the path' });
}
