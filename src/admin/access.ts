/** Who may read the admin listener: no other web site, and of the status page only whoever has the admin token, where there is one. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import type { Config } from '../config/config.ts';

type Names = Pick<Config, 'admin' | 'adminHosts'>;
type Asked = Pick<IncomingMessage, 'headers' | 'rawHeaders'>;

/**
 * Judges a request for any page but those of health: by whom it was made, and by which name the listener was asked. A page
 * elsewhere can make its own name point here (DNS rebinding), and would read what a browser on this machine may: so the Host
 * is an IP address, `localhost`, a name without a dot (which no other site has), the host in `admin`, or one of `admin_hosts`.
 *
 * @returns why it is refused; `undefined`: it is not.
 */
export function findForeign(names: Names, request: Asked): 'foreign_site' | 'foreign_host' | undefined {
  const host = readHost(request);
  if (isForAnotherSite(request.headers) || isOfAnotherOrigin(request.headers)) return 'foreign_site';
  return host !== undefined && isOwnName(host, names) ? undefined : 'foreign_host';
}

/** @returns whether the request has the admin token, as Bearer (RFC 6750 section 2.1) or as the password of any user (RFC 7617). */
export function holdsToken(hash: string, authorization = ''): boolean {
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization) ?? [];
  const token = scheme.toLowerCase() === 'basic' ? readPassword(credentials) : credentials;
  return timingSafeEqual(createHash('sha256').update(token).digest(), Buffer.from(hash, 'hex'));
}

/**
 * By the Fetch Metadata fields (W3C), which no script can set. Whoever embeds a page or fetches it gets nothing to read, but
 * could have it made as often as he likes; another port of this host is another site's. A link is followed where the page is
 * to be seen at the top of a window: then nobody but the reader sees it.
 */
function isForAnotherSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  const isLink = site === 'cross-site' || site === 'same-site';
  return !isLink || headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}

/** A script that asks another origin says which one it is of (Fetch standard, "Origin"). TLS may end before this listener. */
function isOfAnotherOrigin({ origin, host = '' }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return false;
  return !['http', 'https'].some(scheme => isSameAuthority(origin, `${scheme}://${host}`));
}

function isSameAuthority(origin: string, own: string): boolean {
  if (!URL.canParse(own)) return false;
  return origin.toLowerCase() === new URL(own).origin;
}

/** @returns the one Host, without its port, in lower case; `undefined` where there is none, or more than one. */
function readHost({ headers, rawHeaders }: Asked): string | undefined {
  // node:http takes the first of several; who is in between may have taken another.
  const count = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
  if (count !== 1) return undefined;
  const [, name] = /^(\[[^\]]*\]|[^:]*)(?::\d{0,5})?$/.exec(headers.host ?? '') ?? [];
  return name?.toLowerCase();
}

function isOwnName(host: string, { admin, adminHosts }: Names): boolean {
  const [, address] = /^\[(.*)\]$/.exec(host) ?? [];
  if (address !== undefined) return isIPv6(address);
  if (isIPv4(host) || /^[a-z0-9_-]+$/.test(host)) return true;
  // The name of the root, which resolvers leave out (RFC 1034 section 3.1).
  const name = host.replace(/\.$/, '');
  return name === 'localhost' || (name !== '' && (name === admin.host || adminHosts.has(name)));
}

function readPassword(credentials: string): string {
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : '';
}
