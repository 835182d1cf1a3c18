/** `host:port`, `[::]:port` or `:port` → the address of a listener. */

import { isIPv6 } from 'node:net';
import type { ListenAddress } from '../../config.ts';
import { accept, type ParsedValue, reject } from '../parsed-value.ts';
import { isHostName } from './host.ts';

export const LISTEN_ADDRESS = 'host:port, [::]:port or :port';
export const LISTEN_ADDRESS_FORM = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/;

/** @returns the address in `text`: `:8080` is every IPv4 interface, port 0 any free port. */
export function parseListenAddress(text: string): ParsedValue<ListenAddress> {
  const [, bracketed, plain, digits] = LISTEN_ADDRESS_FORM.exec(text) ?? [];
  if (digits === undefined) {
    return reject('is not the address of a listener', { nearest: /^\d{1,5}$/.test(text) ? `:${text}` : undefined });
  }
  if (Number(digits) > 65_535) return reject('has no valid port', { expected: 'a port from 0 to 65535' });
  const host = bracketed ?? (plain === '' ? '0.0.0.0' : (plain ?? ''));
  const valid = bracketed === undefined ? isHostName(host) : isIPv6(host);
  return valid ? accept({ host: host.toLowerCase(), port: Number(digits) }) : reject('has no valid host');
}

/** @returns whether two listeners cannot both be opened: they have one port, and one host includes the other. */
export function isSameAddress(a: ListenAddress, b: ListenAddress): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || isIncluded(a, b) || isIncluded(b, a);
}

/** `::` also accepts IPv4, `0.0.0.0` accepts no IPv6. */
function isIncluded(one: ListenAddress, every: ListenAddress): boolean {
  return every.host === '::' || (every.host === '0.0.0.0' && !isIPv6(one.host));
}
