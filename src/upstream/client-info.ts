/** Where a request comes from: from the fields of a trusted proxy, else the address of the connection itself. */

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import type { Network } from '../config/config.ts';
import { isAuthority } from '../route/authority.ts';
import type { RequestHead } from '../route/request-head.ts';

export interface ClientInfo {
  /** `X-Forwarded-For`: the client's address, or the addresses that a trusted proxy sent, continued by the proxy's own. */
  readonly forwardedFor: string;
  /** The Host of the client's request; `undefined` where HTTP/1.0 named none. */
  readonly authority: string | undefined;
  readonly protocol: string;
  /** Whether the peer is a trusted proxy, whose other fields about its client's connection are forwarded. */
  readonly isFromTrustedProxy?: boolean;
}

/** @returns the networks, ready for look-ups; `undefined` where no proxy is trusted. */
export function createTrustedProxies(networks: readonly Network[]): BlockList | undefined {
  if (networks.length === 0) return undefined;
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  return list;
}

/** @returns what is known of the client of `request`. `X-Forwarded-*` of a peer that is no trusted proxy is ignored. */
export function readClientInfo(
  trusted: BlockList | undefined,
  request: IncomingMessage,
  { authority }: RequestHead,
): ClientInfo {
  const address = readAddress(request.socket);
  if (!trusted || !isTrusted(trusted, address)) return { forwardedFor: address, authority, protocol: 'http' };
  const { headers } = request;
  const host = textOf(headers['x-forwarded-host']);
  const protocol = textOf(headers['x-forwarded-proto']);
  return {
    forwardedFor: [...readAddresses(textOf(headers['x-forwarded-for'])), address].join(', '),
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

/** From the right, as long as entries are addresses: entries to the left of one that is not were not written by a proxy. */
function readAddresses(forwardedFor: string): string[] {
  const entries = forwardedFor.split(',').map(entry => entry.trim());
  const broken = entries.findLastIndex(entry => isIP(entry) === 0);
  return entries.slice(broken + 1);
}

function textOf(field: string | string[] | undefined): string {
  return typeof field === 'string' ? field : '';
}
