/** Where a request comes from: what a trusted proxy says of it, else what our own socket says. */

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Network } from '../config/config.ts';
import { isAuthority, type RequestHead } from '../route/request-head.ts';
import type { Origin } from './request-headers.ts';

/** @returns the networks, ready for look-ups. */
export function createTrustedProxies(networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return list;
}

/** @returns the origin of `request`. `X-Forwarded-*` of a peer that is no trusted proxy says nothing. */
export function readOrigin(
  trusted: BlockList,
  { socket, headers }: IncomingMessage,
  { authority }: RequestHead,
): Origin {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  const direct = { chain: address, authority, protocol: 'http' };
  if (!isTrusted(trusted, address)) return direct;
  const host = textOf(headers['x-forwarded-host']);
  const protocol = textOf(headers['x-forwarded-proto']);
  return {
    chain: [...readChain(textOf(headers['x-forwarded-for'])), address].join(', '),
    authority: isAuthority(host) ? host : authority,
    protocol: protocol === 'https' ? protocol : 'http',
  };
}

function isTrusted(trusted: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** From the right, the part that consists of addresses: what stands before a broken entry was not written by a proxy. */
function readChain(chain: string): string[] {
  const entries = chain.split(',').map(entry => entry.trim());
  const broken = entries.findLastIndex(entry => isIP(entry) === 0);
  return entries.slice(broken + 1);
}

function textOf(field: string | string[] | undefined): string {
  return typeof field === 'string' ? field : '';
}
