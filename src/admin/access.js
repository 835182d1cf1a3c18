/** Access to the admin listener: not for other web sites, and to the status page only with the admin token, where one is configured. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { valuesOf } from '../http/header-list.js';
/**
 * Checks a request for any page but /healthz and /readyz: the site that made it, and the Host it was made under. A web site
 * can make its own name resolve to this address (DNS rebinding), and would then read what a browser on this machine can. So
 * the Host must be an IP address, `localhost`, a name without a dot (which no web site has), the host in `admin`, or one of
 * `admin_hosts`.
 *
 * @returns why the request is refused; `undefined` where it is not.
 */
export function findAccessRefusal(names, request) {
    const host = readHost(request);
    if (isForAnotherSite(request.headers) || isOfAnotherOrigin(request.headers))
        return 'other_site';
    return host !== undefined && isOwnName(host, names) ? undefined : 'unknown_host';
}
/** @returns whether the request has the admin token, as Bearer (RFC 6750 section 2.1) or as the password of any user (RFC 7617). */
export function hasAdminToken(hash, authorization = '') {
    const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization) ?? [];
    const token = scheme.toLowerCase() === 'basic' ? readPassword(credentials) : credentials;
    return timingSafeEqual(createHash('sha256').update(token).digest(), Buffer.from(hash, 'hex'));
}
/**
 * Decides by the Fetch Metadata fields (W3C), which no script can set. A site that embeds or fetches the page cannot read it, but
 * could make the gateway render it again and again. Another port of this host counts as another site. A link from another
 * site is followed where it opens the page as a document of its own, which that site cannot read.
 */
function isForAnotherSite(headers) {
    const site = headers['sec-fetch-site'];
    if (site === undefined || site === 'same-origin' || site === 'none')
        return false;
    const isLink = site === 'cross-site' || site === 'same-site';
    return !isLink || headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}
/** A script that fetches from another origin sends its own (Fetch standard, "Origin"). A proxy may have terminated TLS, so both schemes are own. */
function isOfAnotherOrigin({ origin, host = '' }) {
    if (origin === undefined)
        return false;
    return !['http', 'https'].some(scheme => isSameAuthority(origin, `${scheme}://${host}`));
}
/**
 * Checks a request that changes something, after `findAccessRefusal`. No link and no form of another site may cause it: browsers
 * say where it comes from in Sec-Fetch-Site, older ones in Origin, which `findAccessRefusal` compares.
 *
 * @returns whether the request is of this page, or of a program.
 */
export function isSameOrigin({ headers }) {
    const site = headers['sec-fetch-site'];
    return site === undefined || site === 'same-origin';
}
function isSameAuthority(origin, own) {
    if (!URL.canParse(own))
        return false;
    return origin.toLowerCase() === new URL(own).origin;
}
/** @returns the one Host, without its port, in lower case; `undefined` where there is none, or more than one. */
function readHost({ headers, rawHeaders }) {
    // node:http takes the first of several Host fields; a proxy in front may have taken another.
    if (valuesOf(rawHeaders, 'host').length !== 1)
        return undefined;
    const [, name] = /^(\[[^\]]*\]|[^:]*)(?::\d{0,5})?$/.exec(headers.host ?? '') ?? [];
    return name?.toLowerCase();
}
function isOwnName(host, { admin, adminHosts }) {
    const [, address] = /^\[(.*)\]$/.exec(host) ?? [];
    if (address !== undefined)
        return isIPv6(address);
    if (isIPv4(host) || /^[a-z0-9_-]+$/.test(host))
        return true;
    // A trailing dot, for the root, names the same host (RFC 1034 section 3.1).
    const name = host.replace(/\.$/, '');
    return name === 'localhost' || (name !== '' && (name === admin.host || adminHosts.has(name)));
}
function readPassword(credentials) {
    const pair = Buffer.from(credentials, 'base64').toString('utf8');
    return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : '';
}
