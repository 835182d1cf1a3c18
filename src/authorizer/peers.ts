/** Who may ask the authorizer: its answers hold identity fields, and tokens where an API gets other ones. */

import { BlockList, isIP } from 'node:net';
import type { Network } from '../config/config.ts';

/** @returns the networks of `authorizer.peers`, and loopback, ready for look-ups. */
export function createPeerList(peers: readonly Network[]): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress('::1', 'ipv6');
  for (const { address, prefix, family } of peers) list.addSubnet(address, prefix, family);
  return list;
}

/** @param address of a connection; `unix:` is guarded by the mode of the socket's file. @returns false for what is no address. */
export function isPeer(peers: BlockList, address: string | undefined): boolean {
  if (address === 'unix:') return true;
  const [plain = ''] = (address ?? '').replace(/^::ffff:(?=.*\.)/, '').split('%');
  const version = isIP(plain);
  return version !== 0 && peers.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}
