/** Writes replies of the gateway itself, so that the framing of the connection stays intact. */

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HeaderList } from '../http/header-list.ts';
import { discardRequest, startLingeringClose } from './lingering-close.ts';

export interface LocalReply {
  readonly status: number;
  /** The value of Upgrade (RFC 9110 section 15.5.22). */
  readonly protocol?: string | undefined;
  readonly headers: HeaderList;
  readonly body: string;
}

/** `head` is `undefined` if it was refused. */
export interface ReplyTarget {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: { readonly hasBody: boolean; readonly expectsContinue: boolean } | undefined;
}

/**
 * Writes a reply. If the head of another response was sent already, the connection is reset instead, so that the body cannot
 * look complete. If the request's body is unread, the connection closes: the body would be parsed as the next request.
 *
 * @param readTimeout milliseconds that the client may leave the reply unread.
 */
export function writeLocalReply(
  { request, response, head }: ReplyTarget,
  { status, protocol, headers, body }: LocalReply,
  readTimeout: number,
): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.socket?.resetAndDestroy();
    return;
  }
  const hasUnreadBody = head?.hasBody !== false && !request.complete;
  if (hasUnreadBody) response.shouldKeepAlive = false;
  const upgrade = protocol === undefined ? [] : ['Upgrade', protocol, 'Connection', 'close, Upgrade'];
  response.writeHead(status, [...headers, ...upgrade]);
  if (!hasUnreadBody || head?.expectsContinue) {
    response.end(body);
    if (response.socket && response.socket.writableLength > 0) response.socket.setTimeout(readTimeout);
    return;
  }
  response.write(body);
  discardRequest(request).then(() => response.end());
}

/** Reads and drops the rest of a request whose response is complete, so that it is not parsed as the next request. */
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
  // A socket that ended while this request was queued still belongs to the previous response.
  if (!socket.writable) return response;
  try {
    response.assignSocket(socket);
  } catch {
    // node:http has parsed another request in the meantime and assigned the socket to its response: no reply is possible.
    socket.destroy();
    return response;
  }
  socket.on('drain', () => response.emit('drain'));
  // After an upgrade the socket belongs to the tunnel, which sets a time-out of its own.
  socket.on('timeout', () => response.socket === socket && response.emit('timeout', socket));
  response.once('finish', () => startLingeringClose(socket));
  return response;
}
