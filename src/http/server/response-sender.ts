/** Sends the responses of one connection, and knows whether the client takes them. */

import type { Socket } from 'node:net';
import { HeaderList } from '../fields/header-list.ts';
import { formatResponseHead } from '../framing/head-text.ts';
import { MessageWriter, type SentFraming } from '../framing/message-writer.ts';
import type { ResponseHead } from '../message.ts';
import type { ParsedRequest } from '../parsing/request-head.ts';
import { frameResponse } from './response-framing.ts';

const NEVER = Number.POSITIVE_INFINITY;
const CONTINUE: ResponseHead = { status: 100, reason: '', fields: HeaderList.of(), body: 'none' };

export class ResponseSender {
  readonly #socket: Socket;
  readonly #writer: MessageWriter;
  readonly #onFlushed: () => void;
  #hasContinued = false;
  #isLast = false;
  /** For the client to take what was written, by `performance.now()`. */
  #takenBy = NEVER;

  /** @param onFlushed called after `end` has returned `waiting`, when the client has taken everything. */
  constructor(socket: Socket, onFlushed: () => void) {
    this.#socket = socket;
    this.#writer = new MessageWriter(socket);
    this.#onFlushed = onFlushed;
  }

  /** Whether the response under way, or the last one, was said to be the last of its connection. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** For the next request. */
  begin(): void {
    this.#hasContinued = false;
    this.#isLast = false;
  }

  /** Whether the client still waits to be told to send its body: it may send it, or not (RFC 9110 section 10.1.1). */
  isAwaited(request: ParsedRequest | undefined): boolean {
    return request?.expects === 'continue' && !this.#hasContinued;
  }

  sendContinue(): void {
    this.#hasContinued = true;
    this.#writer.send(formatResponseHead(CONTINUE, '', ''));
  }

  sendInterim(head: ResponseHead): void {
    this.#writer.send(formatResponseHead(head, '', ''));
  }

  /** @returns the framing of its body. */
  start(request: ParsedRequest | undefined, head: ResponseHead, mustClose: boolean): SentFraming {
    const { text, framing, isLast } = frameResponse(request, head, mustClose);
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

  /** @returns `short`: it was not as long as its head has said. */
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
