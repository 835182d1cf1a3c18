/**
 * The handshake of a WebSocket with the upstream, over http-proxy's `ws`. Its plain-HTTP path stays unused: CVE-2026-29057
 * turns a chunked DELETE into a second, unchecked request. Of its handlers here, only the one for an accepted upgrade is.
 */

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import httpProxy from 'http-proxy';

export interface OutgoingHandshake {
  readonly origin: string;
  readonly path: string;
  /** Without Host, Connection and Upgrade, which are added here. */
  readonly headers: readonly string[];
}

export interface Handshake {
  readonly request: ClientRequest;
  /** Writes the upstream's 101 to the client and joins the two sockets, in both directions. */
  readonly join: (answer: IncomingMessage, upstream: Socket, received: Buffer) => void;
}

/**
 * Starts the handshake; nothing is written to the client before `join`.
 *
 * @param received what came behind the head of the client's request.
 */
export function startHandshake(
  outgoing: OutgoingHandshake,
  request: IncomingMessage,
  socket: Socket,
  received: Buffer,
): Handshake {
  const proxy = httpProxy.createProxyServer();
  const ignoreErrors = () => undefined;
  // A ClientRequest that is made with Expect writes its head at once, before it can be replaced.
  delete request.headers.expect;
  let started: ClientRequest | undefined;
  proxy.once('proxyReqWs', proxyRequest => {
    started = proxyRequest;
    proxyRequest.on('error', ignoreErrors);
    try {
      replaceHead(proxyRequest, outgoing);
    } catch (fault) {
      // What http-proxy made of the client's fields must not leave instead.
      proxyRequest.destroy();
      throw fault;
    }
  });
  proxy.ws(request, socket, received, { target: outgoing.origin, ignorePath: true, xfwd: false }, ignoreErrors);
  if (!started) throw new Error('the handshake was not started');
  // On an error it ends the client's socket before an answer can be written; to a refusal it copies Transfer-Encoding
  // over an unchunked body; it takes every 101 for a WebSocket's. So all three are taken from it, and one is used.
  const [join] = started.listeners('upgrade') as Handshake['join'][];
  if (!join) throw new Error('http-proxy does not join upgraded sockets');
  return {
    request: started.removeAllListeners('error').removeAllListeners('response').removeAllListeners('upgrade'),
    join,
  };
}

/** @returns whether a 101 switches to what was asked for (RFC 6455 section 4.1). Its Sec-WebSocket-Accept is for the client to check. */
export function isWebSocketAnswer({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** What http-proxy made of the client's path and fields goes; the wire gets what was decided. */
function replaceHead(proxyRequest: ClientRequest, { origin, path, headers }: OutgoingHandshake): void {
  proxyRequest.path = path;
  for (const name of proxyRequest.getRawHeaderNames()) proxyRequest.removeHeader(name);
  proxyRequest.setHeader('Host', new URL(origin).host);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    proxyRequest.appendHeader(headers[index] ?? '', headers[index + 1] ?? '');
  }
  proxyRequest.setHeader('Connection', 'Upgrade');
  proxyRequest.setHeader('Upgrade', 'websocket');
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
