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
  /** Milliseconds for the client to take what is written. */
  #patience = 0;
  #hasContinued = false;
  #mustClose = false;
  #keepsAlive = true;
  #hasStarted = false;
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

  /** @param request `undefined`: there is none yet; the one before is not kept. */
  begin(request: ParsedRequest | undefined, patience = 0): void {
    this.#request = request;
    this.#patience = patience;
    this.#hasContinued = false;
    this.#hasStarted = false;
    this.#isLast = false;
    this.#mustClose ||= !this.#keepsAlive;
  }

  /** The connection closes with the response under way, or the next one, whatever the client wants. */
  closeAfter(): void {
    this.#mustClose = true;
  }

  /** The same, but not where the response under way has told the client that the connection goes on: then after the next one. */
  endKeepAlive(): void {
    this.#keepsAlive = false;
    this.#mustClose ||= !this.#hasStarted;
  }

  ignoreExpectation(): void {
    this.#hasContinued = true;
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
    this.#hasStarted = true;
    this.#isLast = isLast;
    this.#writer.start(text, framing);
    return framing;
  }

  /** Takes back the response that was begun. @returns whether nothing of it had left. */
  retract(): boolean {
    return this.#writer.retract();
  }

  /** @returns whether more may be written at once. */
  write(piece: Buffer): boolean {
    const mayWrite = this.#writer.write(piece);
    // From the first time that something waits for the client.
    if (!mayWrite && this.#takenBy === NEVER) this.#takenBy = performance.now() + this.#patience;
    return mayWrite;
  }

  /**
   * @param patience milliseconds for the client to take what still waits, from now on, or less where it waits longer already.
   * @returns `short`: the body was shorter than the Content-Length that was sent.
   */
  end(patience = this.#patience): 'sent' | 'waiting' | 'short' {
    if (!this.#writer.end()) return 'short';
    if (this.#socket.writableLength === 0) {
      this.#takenBy = NEVER;
      return 'sent';
    }
    this.#takenBy = Math.min(this.#takenBy, performance.now() + patience);
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
}
