/**
 * One connection of a client: a request is read, answered and reported as ended before the next one is read (RFC 9112 section
 * 9.3). All listeners and time-outs are the connection's.
 */

import type { Socket } from 'node:net';
import type { Peer, RequestEnd, UnparsedReason } from '../message.ts';
import type { ParseFault } from '../parsing/parse-error.ts';
import type { ParsedRequest } from '../parsing/request-head.ts';
import type { Swept } from '../sweeper.ts';
import { IncomingRequest, type RequestChannel } from './incoming-request.ts';
import { InputDeadline } from './input-deadline.ts';
import { closeLingering, LINGER_BYTES, resetConnection } from './lingering-close.ts';
import { type InputEvents, RequestInput } from './request-input.ts';
import { ResponseSender } from './response-sender.ts';
import { type ServerContext, UNPARSED } from './server-context.ts';

/** `flushing`: the response was written, and waits for the client. `draining`: so does the rest of the request's body. */
type Phase = 'idle' | 'serving' | 'flushing' | 'draining' | 'lingering' | 'closed';

export class ServerConnection implements Swept, InputEvents, RequestChannel {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly input: RequestInput;
  readonly sender: ResponseSender;
  readonly #server: ServerContext<ServerConnection>;
  readonly #deadline: InputDeadline;
  #phase: Phase = 'idle';
  #request: IncomingRequest | undefined;
  #hasServed = false;

  constructor(socket: Socket, peer: Peer, server: ServerContext<ServerConnection>) {
    this.socket = socket;
    this.peer = peer;
    this.#server = server;
    this.input = new RequestInput(socket, server.settings.headLimit, this);
    this.sender = new ResponseSender(socket, () => this.#run(this.#onFlushed));
    this.#deadline = new InputDeadline(server.settings);
    socket.setNoDelay(true);
    socket.on('data', this.#onData).on('drain', this.#onDrain).on('end', this.#onEnd);
    socket.on('error', this.#onError).on('close', this.#onClose);
  }

  /** Whether no request is under way: a whole head has not come. */
  get isWaiting(): boolean {
    return this.#phase === 'idle';
  }

  /** Whether it is between two requests. */
  get isKept(): boolean {
    return this.isWaiting && this.#hasServed && !this.input.isInHead;
  }

  onHead(head: ParsedRequest): void {
    this.#begin(new IncomingRequest(this, head), head);
  }

  onBody(piece: Buffer): void {
    this.awaitBody();
    this.input.holdBody();
    if (this.#request?.receive(piece)) this.input.takeBody();
    if (this.#phase === 'serving' && !this.input.isBodyWanted) this.#deadline.stop();
  }

  onBodyEnd(): void {
    this.#deadline.stop();
    this.#request?.handler.onBodyEnd();
  }

  onDropped(): void {
    if (this.#phase === 'draining') this.#continue();
  }

  onFault(fault: ParseFault): void {
    this.#deadline.stop();
    this.sender.closeAfter();
    if (this.#phase === 'idle') this.#refuse(UNPARSED[fault]);
    else if (this.#phase === 'serving') this.#request?.handler.onBodyError('malformed_request');
  }

  awaitBody(time?: number): void {
    this.#deadline.awaitBody(time);
  }

  onResponseEnd(result: 'sent' | 'waiting' | 'short'): void {
    this.#deadline.stop();
    if (result === 'sent') this.#finish();
    else if (result === 'waiting') this.#phase = 'flushing';
    else this.abort();
  }

  abort(): void {
    this.#end('aborted');
    resetConnection(this.socket);
  }

  detach(): { readonly socket: Socket; readonly rest: Buffer } {
    const rest = this.input.close();
    const socket = this.#leaveInput().off('error', this.#onError).off('close', this.#onClose).pause();
    this.#close('detached');
    return { socket, rest };
  }

  sweep(now: number): void {
    if (this.sender.isLate(now)) {
      this.#run(() => this.#end('slow_reader'));
      this.socket.destroy();
    } else if (this.#deadline.isPast(now)) this.#run(this.#onLate);
  }

  #refuse(reason: UnparsedReason): void {
    this.sender.closeAfter();
    this.input.close();
    this.#begin(new IncomingRequest(this, undefined, reason), undefined);
  }

  #begin(request: IncomingRequest, head: ParsedRequest | undefined): void {
    this.#phase = 'serving';
    this.#request = request;
    this.#deadline.begin(this.#server.settings);
    this.sender.begin(head, this.#deadline.patience);
    this.#server.events.onRequest(request);
  }

  #finish(): void {
    this.#hasServed = true;
    this.#end('complete');
    this.#continue();
  }

  #continue(): void {
    if (this.sender.isLast || this.input.isFaulty) this.#linger();
    else if (this.input.isBodyComplete) this.#next();
    else if (this.#phase !== 'draining') this.#drain();
  }

  /** The rest of the body must not be taken for the next request. */
  #drain(): void {
    this.#phase = 'draining';
    this.#deadline.linger();
    this.input.dropBody();
    if (this.input.isBodyComplete || this.input.isFaulty) this.#continue();
  }

  #next(): void {
    this.#phase = 'idle';
    this.#deadline.awaitRequest(this.#server.settings);
    this.sender.begin(undefined);
    this.input.next();
  }

  #linger(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'lingering';
    this.#deadline.linger();
    this.input.close();
    closeLingering(this.#leaveInput());
  }

  /** No whole head has come in time. */
  #closeUnasked(): void {
    if (!this.isKept) this.#server.events.onSlowHead();
    if (this.isKept) this.#linger();
    else if (this.socket.bytesRead > 0) this.#refuse('request_timeout');
    else this.socket.destroy();
  }

  #leaveInput(): Socket {
    return this.socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd);
  }

  #end(end: RequestEnd): void {
    const request = this.#request;
    this.#request = undefined;
    request?.leave();
    request?.handler.onClose(end);
  }

  #close(end: RequestEnd): void {
    this.#phase = 'closed';
    this.#deadline.stop();
    this.sender.close();
    this.#server.onConnectionClose(this);
    this.#end(end);
  }

  /** A fault of a handler's must not end the process, and what is left of its request must not be served. */
  #run<Given>(event: (given: Given) => void, given?: Given): void {
    try {
      event.call(this, given as Given);
    } catch (fault) {
      this.#fail(fault);
    }
  }

  #fail(fault: unknown): void {
    this.sender.closeAfter();
    try {
      (this.#request?.handler ?? this.#server.events).onFault(fault);
    } catch (last) {
      this.#server.events.onFault(last);
    }
    if (this.#phase === 'serving' || this.#phase === 'idle') this.socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.input.receive(bytes);
    if (this.#phase === 'draining' && this.input.dropped > LINGER_BYTES) this.socket.destroy();
    // From its first byte on; that of the first request, from the connection's beginning.
    if (this.#phase !== 'idle' || !this.#hasServed || !this.input.isInHead) return;
    this.#deadline.awaitHead(this.#server.settings);
  }

  readonly #onLate = (): void => {
    this.#deadline.stop();
    if (this.#phase === 'serving') {
      this.sender.closeAfter();
      this.#request?.handler.onBodyError('request_timeout');
    } else if (this.#phase !== 'idle') this.socket.destroy();
    else this.#closeUnasked();
  };

  readonly #onData = (bytes: Buffer): void => this.#run(this.#receive, bytes);

  readonly #onDrain = (): void => {
    this.sender.onDrain();
    if (this.#phase === 'serving') this.#run(() => this.#request?.handler.onClientReady());
  };

  readonly #onFlushed = (): void => {
    this.sender.onDrain();
    if (this.#phase === 'flushing') this.#finish();
  };

  /** A client that ends its side has left, also behind a whole request; what is no whole request gets a refusal. */
  readonly #onEnd = (): void => {
    if (this.#phase === 'idle' && this.input.isInHead) this.#run(() => this.#refuse('malformed_request'));
    else if (this.#phase === 'idle') this.socket.end();
    else if (this.#phase === 'flushing') this.sender.closeAfter();
    else this.socket.destroy();
  };

  readonly #onError = (): unknown => this.socket.destroy();

  readonly #onClose = (): void => {
    this.input.close();
    this.#run(() => this.#close('client_gone'));
  };
}
