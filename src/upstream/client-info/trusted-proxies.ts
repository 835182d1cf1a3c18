/** Whose word about its clients is believed: `trusted_proxies`. */

import { BlockList, isIP } from 'node:net';
import type { Network } from '../../config/config.ts';

/** @returns the networks, ready for look-ups; `undefined` where no proxy is trusted. */
export function createTrustedProxies(networks: readonly Network[]): BlockList | undefined {
  if (networks.length === 0) return undefined;
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return list;
}

/** @param address without brackets and port. @returns whether it is the address of a trusted proxy; false for what is no address. */
export function isTrusted(trusted: BlockList, address: string | undefined): boolean {
  const version = address === undefined ? 0 : isIP(address);
  return address !== undefined && version !== 0 && trusted.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
