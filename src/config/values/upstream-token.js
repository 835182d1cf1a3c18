/** `upstream_token`: whether the client's Authorization (RFC 9110 section 11.6.2) is sent to the upstream. */
import { findNearest } from '../diagnostics/suggestion.js';
import { accept, reject } from './parsed-value.js';
export const UPSTREAM_TOKENS = ['strip', 'forward'];
export const UPSTREAM_TOKEN = 'strip or forward';
/** @returns the choice; rejects `exchange`, which does not exist yet, and everything else. */
export function parseUpstreamToken(text) {
    const choice = UPSTREAM_TOKENS.find(each => each === text);
    if (choice !== undefined)
        return accept(choice);
    if (text === 'exchange')
        return reject('is not available yet: token exchange comes with a later version');
    return reject('is not accepted', { nearest: findNearest(text, UPSTREAM_TOKENS) });
}
/** @returns what the route has by either key; `undefined` where it has neither. */
export function readUpstreamToken({ upstream_token, forward_token }) {
    if (upstream_token !== undefined || forward_token === undefined)
        return upstream_token;
    return forward_token ? 'forward' : 'strip';
}
/** @returns whether the two keys contradict one another. */
export function isContradicted({ upstream_token, forward_token }) {
    if (upstream_token === undefined || forward_token === undefined)
        return false;
    return upstream_token !== readUpstreamToken({ forward_token });
}
/** @returns the default: `forward` on `report`, where the API must behave as without a gateway, else `strip`. */
export function defaultUpstreamToken(enforcement) {
    return enforcement === 'report' ? 'forward' : 'strip';
}
