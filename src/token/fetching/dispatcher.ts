/** How connections to an issuer are opened: directly, or through the proxy of the environment (RFC 9110 sections 3.7 and 9.3.6). */

import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { ForwardProxy } from '../../config/forward-proxy.ts';
import { isProxyException } from './proxy-exceptions.ts';

/** The settings of TLS towards the issuer; its proxy has none of them. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Calls at the same time; further ones wait, within their time-out. Whoever sends random tokens causes an introspection each. */
const MOST_CONNECTIONS = 64;

/** @returns the URL of the proxy for `url`; a variable for http is not used for https, as curl and Go have it. */
export function chooseProxy(url: string, proxy: ForwardProxy | undefined): string | undefined {
  const uri = new URL(url).protocol === 'https:' ? proxy?.https : proxy?.http;
  return proxy === undefined || uri === undefined || isProxyException(url, proxy.except) ? undefined : uri;
}

/**
 * @param timeout milliseconds for opening a connection; the request has one time-out, the caller's.
 * @param proxy where it goes through one: https in a tunnel (CONNECT), in which certificate and name are still the issuer's;
 *   http as a request to the proxy, since many proxies open tunnels to port 443 only.
 */
export function createDispatcher(timeout: number, tls: TlsOptions, proxy: string | undefined): Dispatcher {
  const options = { connections: MOST_CONNECTIONS, connect: { ...tls, timeout }, headersTimeout: 0, bodyTimeout: 0 };
  if (proxy === undefined) return new Agent(options);
  return new ProxyAgent({
    ...options,
    ...readProxyUrl(proxy),
    proxyTunnel: false,
    requestTls: { ...tls, timeout },
    proxyTls: { timeout },
    // A tunnel that the proxy never opens would hold one of the connections for minutes after its request was given up.
    clientFactory: (origin, given) => new Pool(origin, { ...given, headersTimeout: timeout }),
    factory: (origin, given) => new Pool(origin, { ...options, ...given }),
  });
}

/** The library would send no name without a password, and would fail on a percent sign that encodes nothing. */
function readProxyUrl(text: string): { readonly uri: string; readonly token?: string } {
  const { origin, username, password } = new URL(text);
  if (username === '' && password === '') return { uri: origin };
  const pair = Buffer.concat([decode(username), Buffer.from(':'), decode(password)]);
  return { uri: origin, token: `Basic ${pair.toString('base64')}` };
}

/** Of the octets: a password need not be UTF-8 (RFC 3986 section 2.1). */
function decode(text: string): Buffer {
  const octets = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, 'latin1');
}
