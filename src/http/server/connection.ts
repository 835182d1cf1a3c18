/**
 * One connection of a client: a request is read, answered and told to have ended before the next one is read (RFC 9112 section
 * 9.3). All listeners and time-outs are the connection's.
 */

import type { Socket } from 'node:net';
import { HeaderList } from '../fields/header-list.ts';
import { formatResponseHead } from '../framing/head-text.ts';
import { MessageWriter } from '../framing/message-writer.ts';
import type { RequestEnd, ResponseHead, UnparsedReason } from '../message.ts';
import type { ParseFault } from '../parsing/parse-error.ts';
import type { ParsedRequest } from '../parsing/request-head.ts';
import type { Swept } from '../sweeper.ts';
import { IncomingRequest } from './incoming-request.ts';
import { type InputEvents, RequestInput } from './request-input.ts';
import { frameResponse } from './response-framing.ts';
import type { HttpServer } from './server.ts';

/** Of a body that nobody reads, or behind the last response: what is read and dropped, so that the client can read that response. */
const LINGER_BYTES = 64 * 1024 * 1024;
const LINGER_TIME = 1_000;
const NEVER = Number.POSITIVE_INFINITY;
const CONTINUE: ResponseHead = { status: 100, reason: '', fields: HeaderList.of(), body: 'none' };

const UNPARSED: Readonly<Record<ParseFault, UnparsedReason>> = {
  malformed: 'malformed_request',
  too_large: 'headers_too_large',
  version: 'version_not_supported',
};

/** `flushing`: the response was written, and waits for the client. `draining`: so does the rest of the request's body. */
type Phase = 'idle' | 'serving' | 'flushing' | 'draining' | 'lingering' | 'closed';

export class ServerConnection implements Swept, InputEvents {
  readonly #socket: Socket;
  readonly #server: HttpServer;
  readonly #input: RequestInput;
  readonly #writer: MessageWriter;
  #phase: Phase = 'idle';
  #request: IncomingRequest | undefined;
  #parsed: ParsedRequest | undefined;
  /** After the response under way. */
  #mustClose = false;
  #isLast = false;
  #hasContinued = false;
  #hasServed = false;
  /** For the client to send, and to take what was written, by `performance.now()`. */
  #readBy: number;
  #writeBy = NEVER;
  #lingered = 0;
  readonly #dependents = new Set<{ destroy(): void }>();

  /** @param received what was read of the socket already. */
  constructor(socket: Socket, server: HttpServer) {
    this.#socket = socket;
    this.#server = server;
    this.#input = new RequestInput(socket, server.settings.headLimit, this);
    this.#writer = new MessageWriter(socket);
    this.#readBy = performance.now() + server.settings.timeouts.headers;
    socket.setNoDelay(true);
    socket.on('data', this.#onData).on('drain', this.#onDrain).on('end', this.#onEnd);
    socket.on('error', this.#onError).on('close', this.#onClose);
  }

  get socket(): Socket {
    return this.#socket;
  }

  get isIdle(): boolean {
    return this.#phase === 'idle' && !this.#input.isInHead;
  }

  /** Ends `dependent` with this connection, such as one to an upstream that only this client may use. */
  addDependent(dependent: { destroy(): void }): void {
    if (this.#phase === 'closed') dependent.destroy();
    else this.#dependents.add(dependent);
  }

  /** The response under way is the last; without one, the connection closes now. */
  closeSoon(): void {
    this.#mustClose = true;
    if (this.isIdle) this.#linger();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  onHead(head: ParsedRequest): void {
    this.#parsed = head;
    this.#begin(new IncomingRequest(this, head));
  }

  onBody(piece: Buffer): void {
    this.#readBy = performance.now() + this.#server.settings.timeouts.body;
    this.#input.holdBody();
    if (this.#request?.handler.onBody(piece)) this.#input.takeBody();
    else if (!this.#input.isBodyWanted) this.#readBy = this.#phase === 'serving' ? NEVER : this.#readBy;
  }

  onBodyEnd(): void {
    if (this.#phase === 'serving') {
      this.#readBy = NEVER;
      this.#request?.handler.onBodyEnd();
    } else if (this.#phase === 'draining') this.#next();
  }

  onFault(fault: ParseFault): void {
    this.#mustClose = true;
    this.#readBy = NEVER;
    if (this.#phase === 'idle') this.#refuse(UNPARSED[fault]);
    else if (this.#phase === 'serving') this.#request?.handler.onBodyError('malformed_request');
    else if (this.#phase === 'draining') this.#linger();
  }

  startBody(): void {
    if (this.#parsed?.expects === 'continue' && !this.#hasContinued && !this.#request?.isStarted) {
      this.#hasContinued = true;
      this.#writer.send(formatResponseHead(CONTINUE, '', ''));
    }
    if (this.#input.isBodyComplete) this.#request?.handler.onBodyEnd();
    else this.resumeBody();
  }

  resumeBody(): void {
    if (this.#phase !== 'serving') return;
    this.#readBy = performance.now() + this.#server.settings.timeouts.body;
    this.#input.takeBody();
  }

  dropBody(): void {
    if (this.#phase === 'serving' && !this.#input.isBodyComplete) this.#input.dropBody();
  }

  respond(head: ResponseHead, body: Buffer): void {
    this.dropBody();
    if (!this.#input.isBodyComplete) this.#mustClose = true;
    if (this.startResponse(head) !== 'none') this.#writer.write(body);
    this.endResponse();
  }

  interim(head: ResponseHead): void {
    if (this.#parsed?.version === '1.1') this.#writer.send(formatResponseHead(head, '', ''));
  }

  /** @returns the framing of its body. */
  startResponse(head: ResponseHead) {
    const isAwaited = this.#parsed?.expects === 'continue' && !this.#hasContinued;
    // A client that was not told to go on may send its body, or not (RFC 9110 section 10.1.1).
    if (isAwaited && !this.#input.isBodyComplete) this.#mustClose = true;
    const { text, framing, isLast } = frameResponse(this.#parsed, head, this.#mustClose);
    this.#isLast = isLast;
    this.#writer.start(text, framing);
    return framing;
  }

  write(piece: Buffer): boolean {
    const mayWrite = this.#writer.write(piece);
    if (!mayWrite) this.#awaitReader();
    return mayWrite;
  }

  endResponse(): void {
    if (this.#phase !== 'serving') return;
    if (!this.#writer.end()) this.abortResponse();
    else if (this.#socket.writableLength === 0) this.#finish();
    else this.#flush();
  }

  abortResponse(): void {
    this.#end('aborted');
    reset(this.#socket);
  }

  detach(): { readonly socket: Socket; readonly rest: Buffer } {
    const rest = this.#input.close();
    const socket = this.#socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd);
    socket.off('error', this.#onError).off('close', this.#onClose).pause();
    this.#close('detached');
    return { socket, rest };
  }

  sweep(now: number): void {
    if (now >= this.#writeBy) {
      this.#end('slow_reader');
      this.#socket.destroy();
    } else if (now >= this.#readBy) this.#onReadTimeout();
  }

  #onReadTimeout(): void {
    this.#readBy = NEVER;
    if (this.#phase === 'serving') {
      this.#mustClose = true;
      this.#request?.handler.onBodyError('request_timeout');
    } else if (this.#phase !== 'idle') this.#socket.destroy();
    else if (this.#input.isInHead) this.#refuse('request_timeout');
    else if (this.#hasServed) this.#linger();
    else this.#socket.destroy();
  }

  #refuse(reason: UnparsedReason): void {
    this.#mustClose = true;
    this.#parsed = undefined;
    this.#input.close();
    this.#begin(new IncomingRequest(this, undefined, reason));
  }

  #begin(request: IncomingRequest): void {
    this.#phase = 'serving';
    this.#request = request;
    this.#hasContinued = false;
    this.#readBy = NEVER;
    this.#server.events.onRequest(request);
  }

  /** The client is behind: what it was sent is still here. */
  #flush(): void {
    this.#phase = 'flushing';
    this.#awaitReader();
    this.#socket.write('', this.#onFlushed);
  }

  readonly #onFlushed = (error?: Error | null): void => {
    if (!error && this.#phase === 'flushing') this.#finish();
  };

  #finish(): void {
    this.#writeBy = NEVER;
    this.#hasServed = true;
    this.#end('complete');
    if (this.#isLast || this.#mustClose) this.#linger();
    else if (this.#input.isBodyComplete) this.#next();
    else this.#drain();
  }

  /** The rest of the body must not be taken for the next request. */
  #drain(): void {
    this.#phase = 'draining';
    this.#readBy = performance.now() + LINGER_TIME;
    this.#input.dropBody();
  }

  #next(): void {
    this.#phase = 'idle';
    this.#parsed = undefined;
    this.#readBy = performance.now() + this.#server.settings.timeouts.keepAlive;
    this.#input.next();
  }

  /**
   * Ends our direction, and reads and drops what still comes: a connection that closes with unread bytes is reset, and the reset
   * may overtake the response (RFC 9112 section 9.6).
   */
  #linger(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'lingering';
    this.#readBy = performance.now() + LINGER_TIME;
    this.#input.close();
    this.#socket.end();
    this.#socket.resume();
  }

  /** From the first time that something waits for the client; it ends when nothing waits. */
  #awaitReader(): void {
    if (this.#writeBy === NEVER) this.#writeBy = performance.now() + this.#server.settings.timeouts.body;
  }

  #end(end: RequestEnd): void {
    const request = this.#request;
    this.#request = undefined;
    request?.leave();
    request?.handler.onClose(end);
  }

  #close(end: RequestEnd): void {
    this.#phase = 'closed';
    this.#readBy = NEVER;
    this.#writeBy = NEVER;
    this.#writer.close();
    this.#server.onConnectionClose(this);
    for (const dependent of this.#dependents) dependent.destroy();
    this.#end(end);
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#phase === 'lingering') {
      this.#lingered += bytes.length;
      if (this.#lingered > LINGER_BYTES) this.#socket.destroy();
      return;
    }
    this.#input.receive(bytes);
    if (this.#phase === 'draining' && this.#input.dropped > LINGER_BYTES) this.#socket.destroy();
    else if (this.#phase === 'idle' && this.#input.isInHead) this.#awaitHead();
  };

  /** From its first byte on. */
  #awaitHead(): void {
    const { headers } = this.#server.settings.timeouts;
    if (this.#hasServed) this.#readBy = Math.min(this.#readBy, performance.now() + headers);
  }

  readonly #onDrain = (): void => {
    this.#writeBy = NEVER;
    if (this.#phase === 'serving') this.#request?.handler.onClientReady();
  };

  /** A client that ends its side has left, also behind a whole request; what is no whole request gets a refusal. */
  readonly #onEnd = (): void => {
    if (this.#phase === 'idle' && this.#input.isInHead) this.#refuse('malformed_request');
    else if (this.#phase === 'idle') this.#socket.end();
    else if (this.#phase === 'flushing') this.#isLast = true;
    else if (this.#phase === 'lingering') this.#socket.destroySoon();
    else this.#socket.destroy();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#input.close();
    this.#close('client_gone');
  };
}

/** Where it is no TCP connection, its end cuts a response just as well, save one that only the end of the connection frames. */
function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}
