/** Whose word about its clients is believed: `trusted_proxies`. */

import { BlockList, isIP } from 'node:net';
import type { TrustedProxy } from '../../config/config.ts';

/** The address of a peer over a unix socket. No field can claim it, since it is no node. */
export const UNIX_PEER = 'unix:';

class TrustedProxies extends BlockList {
  trustsUnixPeers = false;
}

/** @returns the networks, ready for look-ups; `undefined` where no proxy is trusted. */
export function createTrustedProxies(proxies: readonly TrustedProxy[]): BlockList | undefined {
  if (proxies.length === 0) return undefined;
  const list = new TrustedProxies();
  for (const proxy of proxies) {
    if (proxy === UNIX_PEER) list.trustsUnixPeers = true;
    else list.addSubnet(proxy.address, proxy.prefix, proxy.family);
  }
  return list;
}

/** @param address without brackets and port, or `UNIX_PEER`. @returns whether it is the address of a trusted proxy; false for what is no address. */
export function isTrusted(trusted: BlockList, address: string | undefined): boolean {
  if (address === UNIX_PEER) return trusted instanceof TrustedProxies && trusted.trustsUnixPeers;
  const version = address === undefined ? 0 : isIP(address);
  return address !== undefined && version !== 0 && trusted.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
