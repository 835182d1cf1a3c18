/** A URL of an upstream, or `unix:PATH`. */

import { posix } from 'node:path';
import type { Endpoint } from '../../upstream-config.ts';
import { accept, type ParsedValue, reject } from '../parsed-value.ts';
import { parsePathPrefix } from '../path/path-prefix.ts';
import { parseHttpUri } from './uri.ts';

export const ENDPOINT = 'an http://, https:// or unix: URL such as http://billing:8080/api';

/** The pattern in the JSON Schema; the parser is stricter. */
export const ENDPOINT_FORM = /^(?:[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?|unix:\/[^\s:]+)$/;

const UNIX = 'unix:';
/** Bytes of `sun_path` on Linux without the NUL behind it (unix(7)): a longer path would be cut, and name another file. */
const LONGEST_PATH = 107;

/** @returns where requests are forwarded; rejects a query, and a path that could be read in two ways. */
export function parseEndpoint(text: string): ParsedValue<Endpoint> {
  if (text.startsWith(UNIX)) return parseUnixSocket(text.slice(UNIX.length));
  const [, socket] = /^https?:\/\/unix:(\/[^:]+)/i.exec(text) ?? [];
  if (socket !== undefined) return reject('is the form of nginx', { nearest: UNIX + socket });
  if (/^wss?:/i.test(text)) {
    const nearest = text.replace(/^ws/i, 'http');
    return reject('is a WebSocket URL', { expected: 'http:// or https://, which carry upgrades too', nearest });
  }
  const uri = parseHttpUri(text);
  if (!uri.ok) return uri;
  if (uri.value.query !== undefined) return reject('has a query');
  if (new URL(uri.value.origin).port === '0') return reject('has port 0, which nobody can listen on');
  return parseBasePath(uri.value.origin, uri.value.path.replace(/\/$/, ''));
}

function parseBasePath(origin: string, basePath: string): ParsedValue<Endpoint> {
  const path = basePath === '' ? accept('') : parsePathPrefix(basePath);
  if (!path.ok) {
    const { what, expected } = path.rejection;
    return reject(`has a path that ${what}`, expected ? { expected } : {});
  }
  const { host, hostname, port, protocol } = new URL(origin);
  const label = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
  return accept({ origin, basePath, authority: host, socketPath: undefined, label });
}

/** The path must be written in one way only, since two routes with one socket are two with one upstream. */
function parseUnixSocket(path: string): ParsedValue<Endpoint> {
  if (!path.startsWith('/')) return reject('has no absolute path of a socket');
  if (/[\p{Cc}\s]/u.test(path)) return reject('has a blank or a control character');
  if (path.includes(':')) return reject('has a colon: a unix socket has no base path');
  const normal = posix.normalize(path).replace(/\/$/, '');
  if (normal !== path) return reject('has a path with //, /./, /../ or a / at its end', { nearest: UNIX + normal });
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    return reject('is too long', { expected: `a path of at most ${LONGEST_PATH} bytes` });
  }
  return accept({ origin: 'http://localhost', basePath: '', authority: 'localhost', socketPath: path, label: path });
}
