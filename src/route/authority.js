/** Hosts with their ports, as Host and absolute-form have them (RFC 9110 section 7.2, RFC 3986 section 3.2). */
/** RFC 3986 section 3.2.2 without userinfo and percent-encodings: a name, an IPv4 or an IPv6 address, then a port. */
const AUTHORITY = /^([A-Za-z0-9._~!$&'()*+=-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;
/** @returns whether a text may be shown in a log line and sent on as a Host. */
export function isAuthority(text) {
    return AUTHORITY.test(text);
}
/** @returns the host of an authority as routes are matched by it: lower-case, without port and final dot; `undefined` for no authority. */
export function readHost(authority) {
    return AUTHORITY.exec(authority)?.[1]?.toLowerCase().replace(/\.$/, '');
}
/**
 * @param scheme `http` or `https`, in any case.
 * @returns whether two authorities of a URI of that scheme are the same: without regard to case and to the default port, which
 *   may be left out (RFC 9110 section 4.2.3). Whatever else differs in writing is another authority.
 */
export function isSameAuthority(scheme, one, other) {
    // An IPv6 address ends in `]`, so that a colon within it is none before a port.
    const port = scheme.toLowerCase() === 'https' ? /:(?:443)?$/ : /:(?:80)?$/;
    return one.toLowerCase().replace(port, '') === other.toLowerCase().replace(port, '');
}
