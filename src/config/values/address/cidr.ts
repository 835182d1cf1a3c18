/** `10.0.0.0/8`, `fd00::/8` or a single address (RFC 4632, RFC 4291 section 2.3). */

import { isIP } from 'node:net';
import type { Network } from '../../config.ts';
import { accept, type ParsedValue, reject } from '../parsed-value.ts';

export const CIDR = 'an IP address, or a network such as 10.0.0.0/8';
export const CIDR_FORM = /^([^/]+)(?:\/(\d{1,3}))?$/;

/** @returns `text`; rejects names and impossible prefix lengths. */
export function parseCidr(text: string): ParsedValue<string> {
  const network = readNetwork(text);
  if (network === undefined) return reject('is not an address or network');
  const longest = network.family === 'ipv4' ? 32 : 128;
  return network.prefix <= longest ? accept(text) : reject('has an impossible prefix length');
}

/** @returns the network of a text that `parseCidr` accepted. */
export function readNetwork(text: string): Network | undefined {
  const [, address = '', digits] = CIDR_FORM.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return { address, family, prefix: digits === undefined ? (version === 4 ? 32 : 128) : Number(digits) };
}
