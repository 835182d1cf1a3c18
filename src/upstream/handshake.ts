/**
 * The handshake of a WebSocket with the upstream, over http-proxy's `ws`. Its plain-HTTP path stays unused: CVE-2026-29057
 * turns a chunked DELETE into a second, unchecked request. Of its handlers here, only the one for an accepted upgrade is.
 */

import type { ClientRequest, IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import httpProxy from 'http-proxy';
import { createResponseHeaders } from './response-headers.ts';

export interface OutgoingHandshake {
  readonly origin: string;
  readonly path: string;
  /** Without Host, Connection and Upgrade, which are added here. */
  readonly headers: readonly string[];
}

export interface Handshake {
  readonly request: ClientRequest;
  /** Writes the upstream's 101 to the client, with `notice`, and joins the two sockets, in both directions. */
  readonly join: (answer: IncomingMessage, upstream: Socket, received: Buffer, notice: readonly string[]) => void;
}

/**
 * Starts the handshake. Until `join` nothing is written to the client, and nothing that it sent behind the head of its
 * request leaves for the upstream. `socket` and `received` are the client's.
 */
export function startHandshake(outgoing: OutgoingHandshake, socket: Socket, received: Buffer): Handshake {
  const { protocol, hostname, port, host } = new URL(outgoing.origin);
  const name = hostname.replace(/^\[|\]$/g, '');
  const proxy = httpProxy.createProxyServer();
  const ignoreErrors = () => undefined;
  let started: ClientRequest | undefined;
  proxy.once('proxyReqWs', proxyRequest => {
    started = proxyRequest;
    proxyRequest.on('error', ignoreErrors);
    try {
      replaceHead(proxyRequest, outgoing, host);
    } catch (fault) {
      // What http-proxy made of the placeholder must not leave instead.
      proxyRequest.destroy();
      throw fault;
    }
  });
  // http-proxy and node derive the name that is verified, SNI and more from the request they are given: it is never the
  // client's. A name is sent for SNI, an IP address is not (RFC 6066 section 3).
  const placeholder = { method: 'GET', url: '/', headers: { host, connection: 'Upgrade', upgrade: 'websocket' } };
  const target = { protocol, host: name, hostname: name, port };
  const ssl = { servername: isIP(name) ? '' : name };
  const options = { target, ssl, ignorePath: true, xfwd: false };
  proxy.ws(placeholder as unknown as IncomingMessage, socket, received, options, ignoreErrors);
  if (!started) throw new Error('the handshake was not started');
  // On an error it ends the client's socket before an answer can be written; to a refusal it copies Transfer-Encoding
  // over an unchunked body; it takes every 101 for a WebSocket's. So all three are taken from it, and one is used.
  const [join] = started.listeners('upgrade') as ((...given: [IncomingMessage, Socket, Buffer]) => void)[];
  if (!join) throw new Error('http-proxy does not join upgraded sockets');
  return {
    request: started.removeAllListeners('error').removeAllListeners('response').removeAllListeners('upgrade'),
    join: (answer, upstream, first, notice) => {
      answer.headers = createSwitchingHeaders(answer.rawHeaders, notice);
      join(answer, upstream, first);
    },
  };
}

/** The wire gets what was decided. */
function replaceHead(proxyRequest: ClientRequest, { path, headers }: OutgoingHandshake, host: string): void {
  proxyRequest.path = path;
  for (const name of proxyRequest.getRawHeaderNames()) proxyRequest.removeHeader(name);
  proxyRequest.setHeader('Host', host);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    proxyRequest.appendHeader(headers[index] ?? '', headers[index + 1] ?? '');
  }
  proxyRequest.setHeader('Connection', 'Upgrade');
  proxyRequest.setHeader('Upgrade', 'websocket');
}

/** The end-to-end fields of a 101, which has no body and no length of one (RFC 9110 section 8.6), and those that switch. */
function createSwitchingHeaders(received: readonly string[], notice: readonly string[]): NodeJS.Dict<string[]> {
  // Without a prototype, since the names are the upstream's.
  const headers: NodeJS.Dict<string[]> = Object.create(null);
  headers['Upgrade'] = ['websocket'];
  headers['Connection'] = ['Upgrade'];
  const kept = createResponseHeaders(received, 101, notice);
  for (let index = 0; index + 1 < kept.length; index += 2) {
    const name = kept[index] ?? '';
    const values = headers[name] ?? [];
    values.push(kept[index + 1] ?? '');
    headers[name] = values;
  }
  return headers;
}

const EARLY_BYTES = 64 * 1024;

/**
 * Reads a client's socket while its handshake is under way, since a socket that nobody reads does not tell that its
 * other side has left.
 *
 * @returns a function that stops, and puts what was read back.
 */
export function watchClient(socket: Socket, onLeave: () => void): () => void {
  const early: Buffer[] = [];
  let size = 0;
  const keep = (bytes: Buffer) => {
    early.push(bytes);
    size += bytes.length;
    if (size > EARLY_BYTES) socket.pause();
  };
  socket.on('data', keep).once('end', onLeave).once('close', onLeave);
  return () => {
    socket.off('data', keep).off('end', onLeave).off('close', onLeave).pause();
    if (size > 0) socket.unshift(Buffer.concat(early));
  };
}
