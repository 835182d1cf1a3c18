/** One granted WebSocket (RFC 6455 section 4, RFC 9110 section 7.8): its handshake, and how that ended. */

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { failureOf } from './carriage.ts';
import type { Carried } from './forward.ts';
import { isWebSocketAnswer, type OutgoingHandshake, startHandshake, watchClient } from './handshake.ts';
import { createResponseHeaders, readReasonPhrase } from './response-headers.ts';
import { Tunnel } from './tunnel.ts';

export interface OutgoingUpgrade extends OutgoingHandshake {
  /** Milliseconds until the upstream must have answered the handshake. */
  readonly timeout: number;
  /** Milliseconds that the tunnel may be silent. */
  readonly idle: number;
  /** Fields of ours for the answer: alternating names and values. */
  readonly notice: readonly string[];
  /** When the tunnel ends with its token, in milliseconds since 1970. */
  readonly expiresAt: number | undefined;
}

/** The client's side of a handshake. `response` writes an answer other than 101 onto the same socket. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly response: ServerResponse;
}

export interface Upgraded {
  readonly end: 'upgraded';
  readonly responseMs: number;
  readonly tunnel: Tunnel;
}

const HANDSHAKE_TIMEOUT = Object.assign(new Error('no answer to the handshake'), { code: 'ETIMEDOUT' });

/**
 * @returns `upgraded`, or how an answer that is no upgrade was carried, or the failure, with nothing written to the client.
 */
export function upgrade(outgoing: OutgoingUpgrade, client: UpgradeRequest): Promise<Upgraded | Carried> {
  const { request, socket, head } = client;
  const startedAt = performance.now();
  const handshake = startHandshake(outgoing, request, socket, head);
  const timer = setTimeout(() => handshake.request.destroy(HANDSHAKE_TIMEOUT), outgoing.timeout).unref();
  let hasLeft = false;
  const stopWatching = watchClient(socket, () => {
    hasLeft = true;
    handshake.request.destroy();
  });
  const elapsed = () => performance.now() - startedAt;
  const settled = new Promise<Upgraded | Carried>(resolve => {
    handshake.request.once('error', error => {
      resolve({ end: hasLeft ? 'client_gone' : failureOf(error), responseMs: undefined });
    });
    handshake.request.once('response', answer => resolve(carryAnswer(answer, client, outgoing, elapsed())));
    handshake.request.once('upgrade', (answer, upstream: Socket, received) => {
      if (!isWebSocketAnswer(answer)) {
        upstream.destroy();
        resolve({ end: 'upstream_unreachable', responseMs: undefined });
        return;
      }
      stopWatching();
      const [name, value] = outgoing.notice;
      if (name !== undefined) answer.headers[name] = value;
      handshake.join(answer, upstream, received);
      const tunnel = new Tunnel(socket, upstream, outgoing.idle, outgoing.expiresAt);
      resolve({ end: 'upgraded', responseMs: elapsed(), tunnel });
    });
  });
  return settled.finally(() => clearTimeout(timer));
}

/** An answer that is no upgrade: a refusal, as a rule. */
function carryAnswer(
  answer: IncomingMessage,
  { socket, response }: UpgradeRequest,
  { idle, notice }: OutgoingUpgrade,
  responseMs: number,
): Promise<Carried> {
  const { statusCode: status = 0 } = answer;
  if (status < 200) {
    answer.destroy();
    return Promise.resolve({ end: 'upstream_unreachable', responseMs: undefined });
  }
  socket.setTimeout(idle, () => socket.destroy());
  return new Promise(resolve => {
    answer.once('error', error => resolve({ end: failureOf(error), responseMs }));
    response.once('close', () => {
      answer.destroy();
      resolve({ end: response.writableFinished ? 'complete' : 'client_gone', responseMs });
    });
    const phrase = readReasonPhrase(answer.statusMessage) ?? STATUS_CODES[status] ?? '';
    response.writeHead(status, phrase, createResponseHeaders(answer.rawHeaders, status, notice));
    answer.pipe(response);
  });
}
