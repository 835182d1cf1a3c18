/** The Forwarded field (RFC 7239 section 4). */
import { isNode, UNKNOWN } from './node.js';
/** Text outside of quotes, and quoted strings. */
const ELEMENT = /(?:[^",\\]|"(?:[^"\\]|\\.)*")+/y;
/** A token, or what proxies leave unquoted: an address with a port, a host with one. */
const PAIR = /^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z:[\]-]+)|"((?:[^"\\]|\\.)*)")[ \t]*$/;
const ADDRESS_IN_BRACKETS = /^\[([^\]]*)\]$/;
const PAIRS = /(?:[^";]|"(?:[^"\\]|\\.)*")+/g;
/**
 * @param text the value of the field; those of several fields joined by commas.
 * @returns the elements behind the last one that cannot be read, and whether there is such a one. Where quotes do not match,
 *   nothing can be read, since every comma may be within them.
 */
export function readForwarded(text) {
    const parts = splitElements(text);
    if (!parts)
        return { elements: [], isCut: true };
    const read = parts.map(part => part.trim()).flatMap(part => (part === '' ? [] : [readElement(part)]));
    const broken = read.lastIndexOf(undefined);
    return { elements: read.slice(broken + 1).filter(element => element !== undefined), isCut: broken !== -1 };
}
function splitElements(text) {
    const parts = [];
    for (let at = 0; at < text.length; at += 1) {
        ELEMENT.lastIndex = at;
        const [part = ''] = ELEMENT.exec(text) ?? [];
        parts.push(part);
        at += part.length;
        if (at < text.length && text[at] !== ',')
            return undefined;
    }
    return parts;
}
function readElement(text) {
    const parameters = new Map();
    for (const [pair] of text.matchAll(PAIRS)) {
        if (pair.trim() === '')
            continue;
        const [, name = '', token, quoted = ''] = PAIR.exec(pair) ?? [];
        const key = name.toLowerCase();
        if (key === '' || parameters.has(key))
            return undefined;
        parameters.set(key, token ?? quoted.replace(/\\(.)/g, '$1'));
    }
    const node = parameters.get('for') ?? UNKNOWN;
    if (!isNode(node))
        return undefined;
    return {
        node: node.replace(ADDRESS_IN_BRACKETS, '$1'),
        host: parameters.get('host'),
        protocol: parameters.get('proto'),
    };
}
