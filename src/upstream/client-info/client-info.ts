/** Where a request comes from: from the fields of a trusted proxy, else the address of the connection itself. */

import type { BlockList } from 'node:net';
import { type HeaderList, valuesOf } from '../../http/header-list.ts';
import type { RequestHead } from '../../route/request-head.ts';
import type { ForwardedElement } from './forwarded.ts';
import { addressOf, UNKNOWN } from './node.ts';
import { readProxyFields } from './proxy-fields.ts';
import { isTrusted, UNIX_PEER } from './trusted-proxies.ts';

/** The other side of a connection, and the fields of the request that came from it. */
export interface Peer {
  /** `undefined` where it has closed; `unix:` over a unix socket. */
  readonly address: string | undefined;
  /** Whether its connection is TLS. */
  readonly isSecure?: boolean;
  readonly fields: HeaderList;
}

export interface ClientInfo {
  /** Nodes, as in X-Forwarded-For: of the client and of the proxies that followed, as a trusted proxy sent them, then the peer's. */
  readonly chain: readonly [...string[], string];
  /** The Host of the client's request; `undefined` where HTTP/1.0 named none. */
  readonly authority: string | undefined;
  /** `http`, `https`, `ws` or `wss`. */
  readonly protocol: string;
  /** `X-Forwarded-Port` and `X-Forwarded-Prefix` of a trusted proxy. */
  readonly port?: string | undefined;
  readonly prefix?: string | undefined;
  /** Whether the peer is a trusted proxy, whose other fields about its client's connection are forwarded. */
  readonly isFromTrustedProxy?: boolean;
}

/** @returns whether `peer` is a trusted proxy, whose word about its clients is believed. */
export function isTrustedPeer(trusted: BlockList | undefined, { address }: Pick<Peer, 'address'>): boolean {
  return trusted !== undefined && isTrusted(trusted, readAddress(address));
}

/** @returns what is known of the client of a request. What a peer that is no trusted proxy says of it is ignored. */
export function readClientInfo(
  trusted: BlockList | undefined,
  peer: Peer,
  { authority }: Pick<RequestHead, 'authority'>,
): ClientInfo {
  const address = readAddress(peer.address);
  const node = address === UNIX_PEER ? UNKNOWN : address;
  const scheme = peer.isSecure ? 'https' : 'http';
  if (!trusted || !isTrusted(trusted, address)) return { chain: [node], authority, protocol: scheme };
  const { chain, isCut, host, protocol, port, prefix } = readProxyFields(peer.fields, elements =>
    findOutermost(trusted, elements),
  );
  const [first = node] = chain;
  // Where the client cannot be read, the next in the chain must not be taken for it.
  const unknown = isCut && isTrusted(trusted, addressOf(first)) ? [UNKNOWN] : [];
  return {
    chain: [...unknown, ...chain, node],
    authority: host ?? authority,
    protocol: protocol ?? scheme,
    port,
    prefix,
    isFromTrustedProxy: true,
  };
}

/**
 * @returns the address of the client: of the chain that a trusted proxy sent the last entry that is no trusted proxy itself, since
 *   whoever is not trusted may have written what stands before it; where all are trusted the first. Where that is no address,
 *   or there is no chain, the address of the connection.
 */
export function readClientAddress(trusted: BlockList | undefined, peer: Peer): string {
  const address = readAddress(peer.address);
  if (!trusted || !isTrusted(trusted, address)) return address;
  const { chain, isCut } = readProxyFields(peer.fields, () => undefined);
  const client = chain.findLast(node => !isTrusted(trusted, addressOf(node))) ?? (isCut ? undefined : chain[0]);
  return (client !== undefined && addressOf(client)) || address;
}

/**
 * @param peer another proxy, which asks about a request of its client.
 * @returns the address of that client: the last in X-Forwarded-For, which the peer wrote; where that is no address, the peer's own.
 */
export function readNearestClient(peer: Peer): string {
  const nodes = valuesOf(peer.fields, 'x-forwarded-for').join(',').split(',');
  return addressOf(nodes.at(-1)?.trim() ?? '') ?? readAddress(peer.address);
}

/**
 * The peer wrote the last element. Where that came from another trusted proxy, this one wrote the element before, and so on: the
 * elements before these are the client's own.
 */
function findOutermost(trusted: BlockList, elements: readonly ForwardedElement[]): ForwardedElement | undefined {
  let at = elements.length - 1;
  while (at > 0 && isTrusted(trusted, addressOf(elements[at]?.node ?? ''))) at -= 1;
  return elements[at];
}

/** An IPv4 client of a listener for both families looks like `::ffff:192.0.2.1`; the zone of an address is of this machine only. */
function readAddress(address: string | undefined): string {
  if (!address) return UNKNOWN;
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7);
  return address.includes('%') ? address.slice(0, address.indexOf('%')) : address;
}
