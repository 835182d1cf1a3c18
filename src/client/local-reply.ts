/** Answers of our own, on a connection that must not be confused by them. */

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { closeGently, drainRequest } from './lingering-close.ts';

export interface Answer {
  readonly status: number;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** A request, its response, and what its head said of a body; `undefined` where the head had no one reading. */
export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: { readonly hasBody: boolean; readonly expectsContinue: boolean } | undefined;
}

/**
 * Writes an answer. Where another's head is out already, its body is aborted instead, so that it cannot look whole. A
 * body of the request that nobody read would be taken for the next request, so its connection closes.
 *
 * @param patience milliseconds that the client may leave the answer unread.
 */
export function writeAnswer(
  { request, response, head }: Asked,
  { status, headers, body }: Answer,
  patience: number,
): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.socket?.resetAndDestroy();
    return;
  }
  const hasUnreadBody = head?.hasBody !== false && !request.complete;
  if (hasUnreadBody) response.shouldKeepAlive = false;
  response.writeHead(status, [...headers]);
  if (!hasUnreadBody || head?.expectsContinue) {
    response.end(body);
    if (response.socket && response.socket.writableLength > 0) response.socket.setTimeout(patience);
    return;
  }
  response.write(body);
  drainRequest(request).then(() => response.end());
}

/** Reads and drops the rest of a request that was answered before it had all come; it must not be taken for the next one. */
export function finishRequest({ request, head }: Asked): Promise<void> | undefined {
  if (!head?.hasBody || request.complete) return undefined;
  return drainRequest(request).then(isComplete => {
    if (!isComplete) request.socket.destroySoon();
  });
}

/** @returns a response for a socket that node:http has let go of. It closes with its answer, and takes the socket with it. */
export function createResponse(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  // A socket that ended while this request waited for its turn still belongs to the response before.
  if (!socket.writable) return response;
  try {
    response.assignSocket(socket);
  } catch {
    // node:http has read one more request meanwhile, and given the socket to its response. Nobody can be answered on it now.
    socket.destroy();
    return response;
  }
  socket.on('drain', () => response.emit('drain'));
  response.once('finish', () => closeGently(socket));
  return response;
}
