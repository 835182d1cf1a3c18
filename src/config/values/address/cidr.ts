/** `10.0.0.0/8`, `fd00::/8` or a single address (RFC 4632, RFC 4291 section 2.3); as a proxy also `unix:`. */

import { isIP } from 'node:net';
import type { Network, TrustedProxy } from '../../config.ts';
import { accept, type ParsedValue, reject } from '../parsed-value.ts';

export const PROXY = 'an IP address, a network such as 10.0.0.0/8, or unix:';
export const PROXY_FORM = /^(?:unix:|([^/]+)(?:\/(\d{1,3}))?)$/;
export const NETWORK = 'an IP address, or a network such as 10.0.0.0/8';
export const NETWORK_FORM = /^(?!unix:$)[^/]+(?:\/\d{1,3})?$/;
/** As nginx writes it. */
const UNIX_PEERS = 'unix:';

/** @returns `text`; rejects names and impossible prefix lengths. */
export function parseProxy(text: string): ParsedValue<string> {
  if (text === UNIX_PEERS) return accept(text);
  const network = readNetwork(text);
  if (network === undefined) return reject('is not an address or network');
  const longest = network.family === 'ipv4' ? 32 : 128;
  return network.prefix <= longest ? accept(text) : reject('has an impossible prefix length');
}

/** As `parseProxy`, without `unix:`. */
export function parseNetwork(text: string): ParsedValue<string> {
  return text === UNIX_PEERS ? reject('is not an address or network') : parseProxy(text);
}

/** @returns what a text that `parseProxy` accepted stands for. */
export function readProxy(text: string): TrustedProxy | undefined {
  return text === UNIX_PEERS ? text : readNetwork(text);
}

/** @returns the network of a text that `parseProxy` accepted; `undefined` for `unix:`. */
export function readNetwork(text: string): Network | undefined {
  const [, address = '', digits] = PROXY_FORM.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return { address, family, prefix: digits === undefined ? (version === 4 ? 32 : 128) : Number(digits) };
}
