/** `host:port`, `[::]:port`, `:port` or `unix:/path` → the address of a listener. */

import { isIPv6 } from 'node:net';
import type { DataAddress, ListenAddress } from '../../listener-config.ts';
import { accept, type ParsedValue, reject } from '../parsed-value.ts';
import { isHostName } from './host.ts';

export const LISTEN_ADDRESS = 'host:port, [::]:port or :port';
export const LISTEN_ADDRESS_FORM = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/;
export const DATA_ADDRESS = 'host:port, [::]:port, :port or unix:/path';
export const DATA_ADDRESS_FORM = /^(?:(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})|unix:\/.+)$/;

const UNIX = 'unix:';
/** Bytes of `sun_path`, less the NUL at its end (Linux, unix(7)). */
const LONGEST_PATH = 107;

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

/** As `parseListenAddress`; also `unix:` and the absolute path of a socket file. */
export function parseDataAddress(text: string): ParsedValue<DataAddress> {
  if (!text.startsWith(UNIX)) return parseListenAddress(text);
  const path = text.slice(UNIX.length);
  if (!path.startsWith('/') || path.endsWith('/') || path.includes('\0')) {
    return reject('has no absolute path of a file', { expected: 'unix:/run/audgate/audgate.sock' });
  }
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    return reject('is too long for a unix socket', { expected: `a path of at most ${LONGEST_PATH} bytes` });
  }
  return accept({ path });
}

/** @returns the address as it is written in the YAML. */
export function formatAddress(address: DataAddress): string {
  if ('path' in address) return `${UNIX}${address.path}`;
  const { host, port } = address;
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** @returns whether two listeners cannot both be opened: they have one port, and one host includes the other. */
export function isSameAddress(a: DataAddress, b: DataAddress): boolean {
  if ('path' in a || 'path' in b) return 'path' in a && 'path' in b && a.path === b.path;
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || isIncluded(a, b) || isIncluded(b, a);
}

/** `::` also accepts IPv4, `0.0.0.0` accepts no IPv6. */
function isIncluded(one: ListenAddress, every: ListenAddress): boolean {
  return every.host === '::' || (every.host === '0.0.0.0' && !isIPv6(one.host));
}
