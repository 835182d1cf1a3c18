/** Where a request comes from: what a trusted proxy says of it, else what our own socket says. */

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import type { Network } from '../config/config.ts';
import { isAuthority, type RequestHead } from '../route/request-head.ts';
import type { Origin } from './request-headers.ts';

/** @returns the networks, ready for look-ups; `undefined` where nobody is trusted. */
export function createTrustedProxies(networks: readonly Network[]): BlockList | undefined {
  if (networks.length === 0) return undefined;
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return list;
}

/** @returns the origin of `request`. `X-Forwarded-*` of a peer that is no trusted proxy says nothing. */
export function readOrigin(
  trusted: BlockList | undefined,
  request: IncomingMessage,
  { authority }: RequestHead,
): Origin {
  const address = readAddress(request.socket);
  if (!trusted || !isTrusted(trusted, address)) return { chain: address, authority, protocol: 'http' };
  const { headers } = request;
  const host = textOf(headers['x-forwarded-host']);
  const protocol = textOf(headers['x-forwarded-proto']);
  return {
    chain: [...readChain(textOf(headers['x-forwarded-for'])), address].join(', '),
    authority: isAuthority(host) ? host : authority,
    protocol: protocol === 'https' ? protocol : 'http',
    isFromTrustedProxy: true,
  };
}

/** An IPv4 client of a listener for both families looks like `::ffff:192.0.2.1`. */
function readAddress({ remoteAddress = '' }: Socket): string {
  return remoteAddress.startsWith('::ffff:') && remoteAddress.includes('.') ? remoteAddress.slice(7) : remoteAddress;
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
