/** Replies of the gateway itself, written so that the connection's framing stays intact. */

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HeaderList } from '../http/header-list.ts';
import { discardRequest, startLingeringClose } from './lingering-close.ts';

export interface LocalReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
}

/** A request, its response, and what its head says of a body; `undefined` where the head was refused. */
export interface ReplyTarget {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: { readonly hasBody: boolean; readonly expectsContinue: boolean } | undefined;
}

/**
 * Writes a reply. Where the head of another response is sent already, its body is aborted instead, so that it cannot look
 * complete. An unread body of the request would be taken for the next request, so its connection closes.
 *
 * @param readTimeout milliseconds that the client may leave the reply unread.
 */
export function writeLocalReply(
  { request, response, head }: ReplyTarget,
  { status, headers, body }: LocalReply,
  readTimeout: number,
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
    if (response.socket && response.socket.writableLength > 0) response.socket.setTimeout(readTimeout);
    return;
  }
  response.write(body);
  discardRequest(request).then(() => response.end());
}

/** Reads and drops the rest of a request whose response is complete before it; it must not be taken for the next request. */
export function discardBody({ request, head }: ReplyTarget): Promise<void> | undefined {
  if (!head?.hasBody || request.complete) return undefined;
  return discardRequest(request).then(isComplete => {
    if (!isComplete) request.socket.destroySoon();
  });
}

/**
 * @returns a response for a socket that node:http no longer handles, as after an upgrade. It closes the socket when it is
 *   finished.
 */
export function createResponse(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  // A socket that ended while this request waited in the queue still belongs to the response before.
  if (!socket.writable) return response;
  try {
    response.assignSocket(socket);
  } catch {
    // node:http has parsed one more request meanwhile, and given the socket to its response. No reply can be written now.
    socket.destroy();
    return response;
  }
  socket.on('drain', () => response.emit('drain'));
  // Not once the socket is a tunnel's, whose time-out is its own.
  socket.on('timeout', () => response.socket === socket && response.emit('timeout', socket));
  response.once('finish', () => startLingeringClose(socket));
  return response;
}
