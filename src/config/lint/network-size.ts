/** How large a network may be that belongs to one operator. */

import type { Network } from '../config.ts';

/** @returns whether it is larger than 10.0.0.0/8, the private addresses of IPv6 (RFC 4193), or those of one link (RFC 4291 section 2.5.6). */
export function isLargerThanOwned({ address, family, prefix }: Network): boolean {
  if (family === 'ipv4') return prefix < 8;
  if (/^f[cd]/i.test(address)) return prefix < 7;
  return prefix < (/^fe[89ab]/i.test(address) ? 10 : 16);
}
