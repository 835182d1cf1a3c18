/** Host names and addresses (RFC 3986 section 3.2.2, RFC 1123 section 2.1). */
import { isIPv4, isIPv6 } from 'node:net';
import { accept, reject } from '../parsed-value.js';
export const HOST_NAME = 'a host name without a port, such as audgate.monitoring.svc';
/** The pattern in the JSON Schema; `parseHostName` is stricter. */
export const HOST_NAME_FORM = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;
/** @returns `text` in lower case; rejects a port, a scheme, a wildcard and a dot at the end. */
export function parseHostName(text) {
    if (isHostName(text))
        return accept(text.toLowerCase());
    const [, nearest] = /^(?:https?:\/\/)?([^/:]+?)\.?(?::\d*)?\/?$/i.exec(text) ?? [];
    const isName = nearest !== undefined && isHostName(nearest);
    return reject('is not a host name', isName ? { nearest: nearest.toLowerCase() } : {});
}
/** RFC 1123 has no underscores in host names, but names of Docker Compose and Kubernetes have them. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
/** @returns whether `host` is a DNS name or an IPv4 address. As in URLs, what ends in a number must be an address. */
export function isHostName(host) {
    const labels = host.split('.');
    if (/^\d+$/.test(labels.at(-1) ?? ''))
        return isIPv4(host);
    return host.length <= 253 && labels.every(label => LABEL.test(label));
}
/** @returns whether `host` (IPv6 with or without brackets) is this machine. */
export function isLoopback(host) {
    const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
    if (isIPv4(name))
        return name.startsWith('127.');
    if (isIPv6(name))
        return new URL(`http://[${name}]`).hostname === '[::1]';
    return name === 'localhost' || name.endsWith('.localhost');
}
