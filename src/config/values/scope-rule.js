/** The keys and the scopes of `scopes`. */
import { METHODS } from 'node:http';
import { findNearest } from '../diagnostics/suggestion.js';
import { accept, reject } from './parsed-value.js';
import { parsePathPrefix } from './path/path-prefix.js';
export const RULE_KEY = 'METHOD, METHOD /path, * or * /path';
export const RULE_KEY_FORM = /^(?:\*|[A-Z-]+)(?: \/\S*)?$/;
/** @returns the method (or `*`) and the path below the route's prefix; rejects unknown methods and CONNECT. */
export function parseScopeKey(key) {
    const [, method, path = '/'] = /^(\*|[^\s/]+)(?: (\S.*))?$/s.exec(key) ?? [];
    if (method === undefined) {
        return reject('does not name a method', {
            expected: RULE_KEY,
            nearest: key.startsWith('/') ? `* ${key}` : undefined,
        });
    }
    if (method === 'CONNECT')
        return reject('cannot be routed: a CONNECT request has no path', { expected: RULE_KEY });
    if (method !== '*' && !METHODS.includes(method)) {
        const nearest = findNearest(method, METHODS);
        return reject('does not begin with a method of HTTP', {
            expected: RULE_KEY,
            nearest: nearest === undefined ? undefined : key.replace(method, nearest),
        });
    }
    const prefix = parsePathPrefix(path);
    if (prefix.ok)
        return accept({ method, path });
    const { nearest } = prefix.rejection;
    return {
        ok: false,
        rejection: { ...prefix.rejection, nearest: nearest === undefined ? nearest : `${method} ${nearest}` },
    };
}
export const SCOPE_FORM = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
export const SCOPE = 'a scope without spaces, quotes and backslashes (RFC 6749 section 3.3)';
/** @returns `text`; rejects what is not one scope-token (RFC 6749 section 3.3). */
export function parseScope(text) {
    if (SCOPE_FORM.test(text))
        return accept(text);
    if (/^\S+(?: +\S+)+$/.test(text))
        return reject('holds several scopes', { expected: 'each as its own entry of the list' });
    return reject('is not a scope');
}
