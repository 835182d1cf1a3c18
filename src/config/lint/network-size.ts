/** How large a network may be that belongs to one operator. */

import type { Network } from '../config.ts';

/** @returns whether it is larger than 10.0.0.0/8, or than the private addresses of IPv6 (RFC 4193). */
export function isLargerThanOwned({ address, family, prefix }: Network): boolean {
  if (family === 'ipv4') return prefix < 8;
  return prefix < (/^f[cd]/i.test(address) ? 7 : 16);
}
