/** The request to explain: a URL, a method and a time → the request head that the gateway would read. */

import { METHODS } from 'node:http';
import type { Config } from '../../../config/config.ts';
import type { DataAddress } from '../../../config/listener-config.ts';
import { accept, type ParsedValue, reject } from '../../../config/values/parsed-value.ts';
import type { IncomingHead } from '../../../route/request-head.ts';

export interface RequestSpec {
  /** As in the URL; of a path alone, that of the listener. */
  readonly scheme: 'http' | 'https';
  readonly method: string;
  /** Path and query, byte for byte, one character per byte (Latin-1). Not normalised, as a browser or `new URL` would do. */
  readonly target: string;
  readonly authority: string;
  /** Whether the URL named no host. */
  readonly isAuthorityAssumed: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly isNow: boolean;
}

const ABSOLUTE = /^(https?):\/\/([^/?#]*)(.*)$/is;

type Location = Pick<RequestSpec, 'scheme' | 'authority' | 'target'>;

/** @returns scheme, authority and target of `url`; of a path alone, those of the listener. Not parsed with `new URL`, which would resolve the dot segments to explain. */
export function parseUrl(url: string, { listen, tls }: Pick<Config, 'listen' | 'tls'>): ParsedValue<Location> {
  if (/[\x00-\x20\x7f]/.test(url)) return reject('has white space or a control character, which no client can send');
  const [, scheme, authority, rest = ''] = ABSOLUTE.exec(url) ?? [];
  if (authority?.includes('@')) return reject('has user information; a token is given by --token-file');
  if (authority === undefined && !url.startsWith('/')) {
    return reject('is not a URL', { expected: 'https://HOST/PATH, or /PATH alone' });
  }
  if (authority === undefined) {
    return accept({ scheme: tls ? 'https' : 'http', authority: assumeAuthority(listen), target: toBytes(url) });
  }
  const target = toBytes(rest.startsWith('/') ? rest : `/${rest}`);
  return accept({ scheme: scheme?.toLowerCase() === 'https' ? 'https' : 'http', authority, target });
}

/** @returns `text`; rejects a method that the parser does not know, and CONNECT, which has no path. */
export function parseMethod(text: string): ParsedValue<string> {
  if (METHODS.includes(text) && text !== 'CONNECT') return accept(text);
  return reject('is not a method that can be routed', { expected: 'a method of HTTP in upper case, such as GET' });
}

/** @returns the head as the gateway would get it, with one Authorization field for each value. */
export function toIncomingHead(request: RequestSpec, authorization: readonly string[]): IncomingHead {
  const credentials = authorization.flatMap(value => ['Authorization', value]);
  return {
    method: request.method,
    target: request.target,
    version: '1.1',
    fields: ['Host', request.authority, ...credentials],
    body: 'none',
    expects: 'nothing',
  };
}

/** A listener on every interface, or on a unix socket, has no host name: `localhost`. */
function assumeAuthority(listen: DataAddress): string {
  if ('path' in listen) return 'localhost';
  const { host, port } = listen;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** @returns the URL for output: without the query and the fragment, which can hold secrets. */
export function formatUrl({ scheme, authority, target }: RequestSpec): string {
  return `${scheme}://${authority}${target.replace(/([?#]).*$/s, '$1…')}`;
}
