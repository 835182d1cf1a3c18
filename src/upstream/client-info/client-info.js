/** Where a request comes from: from the fields of a trusted proxy, else the address of the connection itself. */
import { addressOf, UNKNOWN } from './node.js';
import { readProxyFields } from './proxy-fields.js';
import { isTrusted, UNIX_PEER } from './trusted-proxies.js';
/** @returns whether `peer` is a trusted proxy, whose word about its clients is believed. */
export function isTrustedPeer(trusted, { address }) {
    return trusted !== undefined && isTrusted(trusted, readAddress(address));
}
/** @returns what is known of the client of a request. What a peer that is no trusted proxy says of it is ignored. */
export function readClientInfo(trusted, peer, { authority }) {
    const address = readAddress(peer.address);
    const node = address === UNIX_PEER ? UNKNOWN : address;
    const scheme = peer.isSecure ? 'https' : 'http';
    if (!trusted || !isTrusted(trusted, address))
        return { chain: [node], authority, protocol: scheme };
    const { chain, isCut, host, protocol, port, prefix } = readProxyFields(peer.fields, elements => findOutermost(trusted, elements));
    const [first = node] = chain;
    // Where the client cannot be read, the next in the chain must not be taken for it.
    const unknown = isCut && isTrusted(trusted, addressOf(first)) ? [UNKNOWN] : [];
    return {
        chain: [...unknown, ...chain, node],
        authority: host ?? authority,
        protocol: protocol ?? scheme,
        port,
        prefix,
        isFromTrustedProxy: true,
    };
}
/**
 * The peer wrote the last element. Where that came from another trusted proxy, this one wrote the element before, and so on: the
 * elements before these are the client's own.
 */
function findOutermost(trusted, elements) {
    let at = elements.length - 1;
    while (at > 0 && isTrusted(trusted, addressOf(elements[at]?.node ?? '')))
        at -= 1;
    return elements[at];
}
/** An IPv4 client of a listener for both families looks like `::ffff:192.0.2.1`; the zone of an address is of this machine only. */
function readAddress(address) {
    if (!address)
        return UNKNOWN;
    if (address.startsWith('::ffff:') && address.includes('.'))
        return address.slice(7);
    return address.includes('%') ? address.slice(0, address.indexOf('%')) : address;
}
