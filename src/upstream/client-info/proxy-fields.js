/** What proxies say of a request in X-Forwarded-*, and in Forwarded where none of them is there. */
import { isName, reduceFields } from '../../http/header-list.js';
import { isAuthority } from '../../route/authority.js';
import { readForwarded } from './forwarded.js';
import { isNode } from './node.js';
const NAMES = [
    ['forwarded', 'forwarded'],
    ['x-forwarded-for', 'for'],
    ['x-forwarded-host', 'host'],
    ['x-forwarded-proto', 'protocol'],
    ['x-forwarded-port', 'port'],
    ['x-forwarded-prefix', 'prefix'],
];
const PROTOCOL = /^(?:http|ws)s?$/i;
const PORT = /^[1-9]\d{0,4}$/;
/** Path segments without `.`, `..` and empty ones: pages make links of it, and `//evil` would be another host. */
const PREFIX = /^\/$|^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+;=:@%-]+)+\/?$/;
/**
 * @param fields of a request that a trusted proxy sent.
 * @param chooseElement of a Forwarded field with several elements, the one whose `host` and `proto` count.
 */
export function readProxyFields(fields, chooseElement) {
    const { forwarded, ...sent } = reduceFields(fields, addField, {});
    // Beside X-Forwarded-* a Forwarded may be the client's own: many proxies write the one and pass the other on.
    const isLone = Object.keys(sent).length === 0;
    if (isLone && forwarded !== undefined)
        return describeForwarded(forwarded, chooseElement);
    const chain = readList(sent.for, isNode);
    return {
        chain: chain.entries,
        isCut: chain.isCut,
        host: sent.host !== undefined && isAuthority(sent.host) ? sent.host : undefined,
        protocol: readList(sent.protocol, isProtocol).entries[0]?.toLowerCase(),
        port: readList(sent.port, isPort).entries[0],
        prefix: sent.prefix !== undefined && isPrefix(sent.prefix) ? sent.prefix : undefined,
    };
}
function describeForwarded(text, chooseElement) {
    const { elements, isCut } = readForwarded(text);
    const { host, protocol } = chooseElement(elements) ?? {};
    return {
        chain: elements.map(({ node }) => node),
        isCut,
        host: host !== undefined && isAuthority(host) ? host : undefined,
        protocol: protocol !== undefined && isProtocol(protocol) ? protocol.toLowerCase() : undefined,
    };
}
/** Each proxy adds at the end, so that what stands before an entry that no proxy writes was not checked by any. */
function readList(text, isReadable) {
    const entries = (text ?? '').split(',').flatMap(entry => entry.trim() || []);
    const broken = entries.findLastIndex(entry => !isReadable(entry));
    return { entries: entries.slice(broken + 1), isCut: broken !== -1 };
}
function isProtocol(text) {
    return PROTOCOL.test(text);
}
function isPort(text) {
    return PORT.test(text) && Number(text) < 65_536;
}
/** Spring takes a list for prefixes that follow one another. */
function isPrefix(text) {
    return text.split(',').every(prefix => PREFIX.test(prefix.trim()));
}
function addField(fields, name, value) {
    for (const [field, key] of NAMES) {
        if (isName(name, field))
            fields[key] = fields[key] === undefined ? value : `${fields[key]}, ${value}`;
    }
    return fields;
}
