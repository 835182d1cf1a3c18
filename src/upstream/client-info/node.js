/**
 * Nodes of a chain of proxies, as proxies write them (RFC 7239 section 6): an address with or without a port, `unknown`, or
 * `_` and a name that hides one. X-Forwarded-For has IPv6 addresses without brackets, too.
 */
import { isIP, isIPv6 } from 'node:net';
const WORD = /^(?:unknown|_[A-Za-z0-9._-]+)$/i;
const PORT = /^(?:\d{1,5}|_[A-Za-z0-9._-]+)$/;
/** IPv6 in brackets or something without a colon; then a port. */
const NODE = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/;
/** Stands for a client that is not known (RFC 7239 section 6.2). */
export const UNKNOWN = 'unknown';
/** @returns whether a text is a node. */
export function isNode(text) {
    return readNode(text) !== undefined;
}
/** @returns the address of a node, without brackets and port; `undefined` for a word, and for what is no node. */
export function addressOf(node) {
    return readNode(node)?.address;
}
/** @returns a node as RFC 7239 has it: IPv6 in brackets, and in quotes what is no token. */
export function formatNode(node) {
    if (!node.includes(':'))
        return node;
    return isIPv6(node) ? `"[${node}]"` : `"${node}"`;
}
/** The zone of an IPv6 address means nothing to others (RFC 6874), and is no part of a node. */
function readNode(text) {
    if (text.includes('%'))
        return undefined;
    if (isIP(text) !== 0)
        return { address: text };
    const [, bracketed, name = '', port] = NODE.exec(text) ?? [];
    if (port !== undefined && !PORT.test(port))
        return undefined;
    if (bracketed !== undefined)
        return isIPv6(bracketed) ? { address: bracketed } : undefined;
    if (isIP(name) !== 0)
        return { address: name };
    return WORD.test(name) ? { address: undefined } : undefined;
}
