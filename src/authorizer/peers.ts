/** Who may ask the authorizer: its answers hold identity fields, and tokens where an API gets other ones. */

import type { BlockList } from 'node:net';
import type { Network, TrustedProxy } from '../config/config.ts';
import { createTrustedProxies, UNIX_PEER } from '../upstream/client-info/trusted-proxies.ts';

/** Loopback, and a unix socket, which is guarded by the mode of its file. */
const ALWAYS: readonly TrustedProxy[] = [
  UNIX_PEER,
  { address: '127.0.0.0', prefix: 8, family: 'ipv4' },
  { address: '::1', prefix: 128, family: 'ipv6' },
];

/** @param networks of `authorizer.peers`. @returns all that may ask, for `isTrustedPeer`. */
export function createPeerList(networks: readonly Network[]): BlockList | undefined {
  return createTrustedProxies([...ALWAYS, ...networks]);
}
