/** Sends the responses of one connection, and knows whether the client takes them. */

import type { Socket } from 'node:net';
import { formatResponseHead } from '../framing/head-text.ts';
import { MessageWriter, type SentFraming } from '../framing/message-writer.ts';
import { type HeaderList, NO_FIELDS } from '../header-list.ts';
import type { ResponseHead } from '../message.ts';
import type { ParsedRequest } from '../parsing/request-head.ts';
import { NEVER } from '../sweeper.ts';
import { frameResponse } from './response-framing.ts';

const CONTINUE: ResponseHead = { status: 100, reason: '', fields: NO_FIELDS, body: 'none' };

export class ResponseSender {
  readonly #socket: Socket;
  readonly #writer: MessageWriter;
  readonly #onFlushed: () => void;
  /** `undefined` where it could not be parsed. */
  #request: ParsedRequest | undefined;
  #hasContinued = false;
  #mustClose = false;
  #isLast = false;
  /** For the client to take what was written, by `performance.now()`. */
  #takenBy = NEVER;

  /** @param onFlushed called after `end` has returned `waiting`, when the client has taken everything. */
  constructor(socket: Socket, onFlushed: () => void) {
    this.#socket = socket;
    this.#writer = new MessageWriter(socket);
    this.#onFlushed = onFlushed;
  }

  /** Whether the connection closes with the response under way, or the last one. */
  get isLast(): boolean {
    return this.#isLast || this.#mustClose;
  }

  /** Whether the client still waits for 100 Continue: it may send its body, or not (RFC 9110 section 10.1.1). */
  get isAwaited(): boolean {
    return this.#request?.expects === 'continue' && !this.#hasContinued;
  }

  /** For the next request. */
  begin(request: ParsedRequest | undefined): void {
    this.#request = request;
    this.#hasContinued = false;
    this.#isLast = false;
  }

  /** The connection closes with the response under way, or the next one, whatever the client wants. */
  closeAfter(): void {
    this.#mustClose = true;
  }

  sendContinue(): void {
    this.#hasContinued = true;
    this.#writer.send(formatResponseHead(CONTINUE, '', ''));
  }

  /** A client of HTTP/1.0 would take it for the response (RFC 9110 section 15.2). */
  sendInterim(status: number, fields: HeaderList): void {
    const head: ResponseHead = { status, reason: '', fields, body: 'none' };
    if (this.#request?.version === '1.1') this.#writer.send(formatResponseHead(head, '', ''));
  }

  /** @returns the framing of its body. */
  start(head: ResponseHead): SentFraming {
    const { text, framing, isLast } = frameResponse(this.#request, head, this.#mustClose);
    this.#isLast = isLast;
    this.#writer.start(text, framing);
    return framing;
  }

  /** @param patience milliseconds for the client to take it. @returns whether more may be written at once. */
  write(piece: Buffer, patience: number): boolean {
    const mayWrite = this.#writer.write(piece);
    if (!mayWrite) this.#await(patience);
    return mayWrite;
  }

  /** @returns `short`: the body was shorter than the Content-Length that was sent. */
  end(patience: number): 'sent' | 'waiting' | 'short' {
    if (!this.#writer.end()) return 'short';
    if (this.#socket.writableLength === 0) {
      this.#takenBy = NEVER;
      return 'sent';
    }
    this.#await(patience);
    this.#socket.write('', error => {
      if (!error) this.#onFlushed();
    });
    return 'waiting';
  }

  onDrain(): void {
    this.#takenBy = NEVER;
  }

  /** Whether the client has not taken in time what waits for it. */
  isLate(now: number): boolean {
    return now >= this.#takenBy;
  }

  close(): void {
    this.#takenBy = NEVER;
    this.#writer.close();
  }

  /** From the first time that something waits for the client; it ends when nothing waits. */
  #await(patience: number): void {
    if (this.#takenBy === NEVER) this.#takenBy = performance.now() + patience;
  }
}
