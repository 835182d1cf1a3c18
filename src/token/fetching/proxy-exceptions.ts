/**
 * The hosts that are reached without the proxy: the entries of `no_proxy`, as curl and Go read them. There is no standard.
 * This machine is always one of them, as in Go: keys that a proxy fetches from "localhost" are those of the proxy's machine.
 */

import { BlockList, isIP, isIPv6 } from 'node:net';
import { isLoopback } from '../../config/values/address/host.ts';

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

interface Destination {
  /** In lower case, without brackets and without a dot at the end. */
  readonly host: string;
  readonly port: string;
}

/**
 * @param url absolute, http or https.
 * @param except entries, separated by commas or blanks: `*`; a name, which stands for its subdomains, too, with or without a
 *   dot or `*.` before it; an address; a network in CIDR form. Name and address may have a port. What is none of these has no effect.
 * @returns whether `url` is fetched without the proxy.
 */
export function isProxyException(url: string, except: string): boolean {
  const { protocol, hostname, port } = new URL(url);
  if (isLoopback(hostname)) return true;
  const destination = { host: foldHost(hostname), port: port || (DEFAULT_PORTS[protocol] ?? '') };
  const entries = except.split(/[\s,]+/).filter(entry => entry !== '');
  return entries.some(entry => entry === '*' || hasDestination(entry, destination));
}

function hasDestination(entry: string, { host, port }: Destination): boolean {
  if (entry.includes('/')) return isInNetwork(host, entry);
  const named = splitPort(entry);
  if (named.port !== undefined && named.port !== port) return false;
  const name = foldHost(named.host);
  if (isIP(name) || isIP(host)) return isSameAddress(name, host);
  const domain = name.replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** An IPv6 address has a port only where it is in brackets. */
function splitPort(entry: string): { readonly host: string; readonly port: string | undefined } {
  if (isIPv6(entry)) return { host: entry, port: undefined };
  const [, host = entry, port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  return { host, port };
}

function foldHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function isSameAddress(one: string, other: string): boolean {
  return isIP(one) !== 0 && isIP(one) === isIP(other) && (one === other || isInNetwork(one, other));
}

/** @param network `10.0.0.0/8`, or an address. */
function isInNetwork(host: string, network: string): boolean {
  const [address = '', length] = foldHost(network).split('/');
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  const prefix = length === undefined ? longest : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (version === 0 || isIP(host) !== version || !(prefix <= longest)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, prefix, family);
  return list.check(host, family);
}
