/** Who may read the status page: whoever has the admin token; without one, whoever reaches the listener by its own name. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import type { Config } from '../config/config.ts';

export type Access = 'granted' | 'token_needed' | 'foreign_host' | 'foreign_site';

/**
 * With `admin_token`, only the token counts: `Authorization: Bearer TOKEN` (RFC 6750 section 2.1), or the password of any
 * user (RFC 7617). Without it the Host has to be an IP address, localhost or the name in `admin`: a page elsewhere can
 * make its own name point here (DNS rebinding), and would read what a browser on this machine may. A browser that asks for
 * another site is answered only where the page is to be seen at the top of a window.
 */
export function judgeAccess(
  { adminTokenHash, admin }: Pick<Config, 'adminTokenHash' | 'admin'>,
  headers: IncomingHttpHeaders,
): Access {
  const { authorization, host } = headers;
  if (isForAnotherSite(headers)) return 'foreign_site';
  if (adminTokenHash !== undefined) return holdsToken(adminTokenHash, authorization) ? 'granted' : 'token_needed';
  return isOwnName(host ?? '', admin.host) ? 'granted' : 'foreign_host';
}

/**
 * By the Fetch Metadata fields (W3C), which no script can set. Whoever embeds the page or fetches it gets nothing to read,
 * but could have it rendered as often as he likes. Another port of this host is another site's.
 */
function isForAnotherSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}

function holdsToken(hash: string, authorization = ''): boolean {
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization) ?? [];
  const token = scheme.toLowerCase() === 'basic' ? readPassword(credentials) : credentials;
  return timingSafeEqual(createHash('sha256').update(token).digest(), Buffer.from(hash, 'hex'));
}

function readPassword(credentials: string): string {
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : '';
}

function isOwnName(authority: string, configured: string): boolean {
  const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(authority) ?? [];
  if (bracketed !== undefined) return isIPv6(bracketed);
  const name = plain.toLowerCase();
  return isIPv4(name) || name === 'localhost' || (name !== '' && name === configured);
}
