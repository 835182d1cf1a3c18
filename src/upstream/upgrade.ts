/**
 * One granted WebSocket handshake (RFC 6455 section 4, RFC 9110 section 7.8) and the tunnel after it, over http-proxy's
 * `ws`. Its plain-HTTP path stays unused: CVE-2026-29057 turns a chunked DELETE into a second, unchecked request.
 */

import { type ClientRequest, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import httpProxy from 'http-proxy';
import { type Carried, failureOf } from './forward.ts';
import { createResponseHeaders, readReasonPhrase } from './response-headers.ts';

export interface OutgoingUpgrade {
  readonly origin: string;
  readonly path: string;
  /** Without Host, Connection and Upgrade, which are added here. */
  readonly headers: readonly string[];
  /** Milliseconds until the upstream must have answered the handshake. */
  readonly timeout: number;
}

/** The client's side of a handshake. `response` writes an answer other than 101 onto the same socket. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly response: ServerResponse;
}

/** `upgraded`: a tunnel stands; the promise `closed` settles when both its sides have ended. */
export type Upgraded = { readonly end: 'upgraded'; readonly responseMs: number; readonly closed: Promise<void> };

const HANDSHAKE_TIMEOUT = Object.assign(new Error('no answer to the handshake'), { code: 'ETIMEDOUT' });

/**
 * @returns `upgraded`, or how an answer that is no upgrade was carried, or the failure, with nothing written to the client.
 */
export function upgrade(outgoing: OutgoingUpgrade, client: UpgradeRequest): Promise<Upgraded | Carried> {
  const { request, socket, head, response } = client;
  const startedAt = performance.now();
  const handshake = startHandshake(outgoing, request, socket, head);
  const timer = setTimeout(() => handshake.destroy(HANDSHAKE_TIMEOUT), outgoing.timeout).unref();
  const leave = () => handshake.destroy();
  socket.once('close', leave);
  const elapsed = () => performance.now() - startedAt;
  const settled = new Promise<Upgraded | Carried>(resolve => {
    handshake.once('error', error => {
      resolve({ end: socket.destroyed ? 'client_gone' : failureOf(error), responseMs: undefined });
    });
    handshake.once('response', answer => resolve(carryAnswer(answer, response, elapsed())));
    handshake.once('upgrade', (_answer, upstreamSocket) => {
      socket.off('close', leave);
      resolve({ end: 'upgraded', responseMs: elapsed(), closed: tie(socket, upstreamSocket) });
    });
  });
  return settled.finally(() => clearTimeout(timer));
}

/**
 * http-proxy keeps its part of an accepted upgrade. Its other parts go: on an error it ends the client's socket before
 * an answer can be written, and to a refusal it copies Transfer-Encoding over an unchunked body.
 */
function startHandshake(
  outgoing: OutgoingUpgrade,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): ClientRequest {
  const proxy = httpProxy.createProxyServer();
  let handshake: ClientRequest | undefined;
  proxy.once('proxyReqWs', proxyRequest => {
    handshake = proxyRequest;
    replaceHead(proxyRequest, outgoing);
  });
  const ignoreErrors = () => undefined;
  proxy.ws(request, socket, head, { target: outgoing.origin, ignorePath: true, xfwd: false }, ignoreErrors);
  if (!handshake) throw new Error('the handshake was not started');
  return handshake.removeAllListeners('error').removeAllListeners('response');
}

/** What http-proxy made of the client's path and fields goes; the wire gets what was decided. */
function replaceHead(proxyRequest: ClientRequest, { origin, path, headers }: OutgoingUpgrade): void {
  proxyRequest.path = path;
  for (const name of proxyRequest.getRawHeaderNames()) proxyRequest.removeHeader(name);
  proxyRequest.setHeader('Host', new URL(origin).host);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    proxyRequest.appendHeader(headers[index] ?? '', headers[index + 1] ?? '');
  }
  proxyRequest.setHeader('Connection', 'Upgrade');
  proxyRequest.setHeader('Upgrade', 'websocket');
}

function carryAnswer(answer: IncomingMessage, response: ServerResponse, responseMs: number): Promise<Carried> {
  return new Promise(resolve => {
    answer.once('error', error => resolve({ end: failureOf(error), responseMs }));
    response.once('close', () => {
      answer.destroy();
      resolve({ end: response.writableFinished ? 'complete' : 'client_gone', responseMs });
    });
    const headers = createResponseHeaders(answer.rawHeaders);
    const phrase = readReasonPhrase(answer.statusMessage) ?? STATUS_CODES[answer.statusCode ?? 502] ?? '';
    response.writeHead(answer.statusCode ?? 502, phrase, headers);
    answer.pipe(response);
  });
}

/** Either side's end, however it comes, ends the other. */
function tie(client: Duplex, upstream: Duplex): Promise<void> {
  const sides = [client, upstream];
  return new Promise(resolve => {
    for (const [index, side] of sides.entries()) {
      const other = sides[1 - index];
      side.on('error', () => side.destroy());
      side.once('close', () => {
        other?.destroy();
        resolve();
      });
    }
  });
}
