/** One case on one connection, from its first byte to its last. */

import { connect, type Socket } from 'node:net';
import type { Case } from './cases.ts';
import type { Ending, Outcome } from './oracle.ts';
import { ResponseReader } from './response-reader.ts';

const PAUSE = 2;
const SAYS_CLOSE = /\r\nconnection: close(?:\r|$)/i;

/** A connection to the gateway, used for one case after the other. */
export class Link {
  readonly socket: Socket;
  /** The cases so far. */
  readonly cases: number[] = [];
  /** It could not connect, because no local port was free. */
  isUnconnected = false;
  isOpen = true;
  current: Conversation | undefined;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.socket.on('data', bytes => this.current?.onData(bytes));
    this.socket.on('end', () => this.#close('closed'));
    this.socket.on('close', () => this.#close('reset'));
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.isUnconnected = error.code === 'EADDRNOTAVAIL' || error.code === 'ECONNREFUSED';
    });
  }

  close(): void {
    this.isOpen = false;
    this.socket.destroy();
  }

  #close(ending: Ending): void {
    if (!this.isOpen) return;
    this.close();
    this.current?.onEnd(ending);
  }
}

export class Conversation {
  readonly case: Case;
  readonly link: Link;
  readonly #reader: ResponseReader;
  readonly #onDone: (outcome: Outcome) => void;
  #deadline: number;
  #lastByteAt = performance.now();
  #written = 0;
  #hasLeft = false;
  #isDone = false;

  /** @param bound milliseconds for the whole case, and again after the client has disconnected. */
  constructor(each: Case, link: Link, bound: number, onDone: (outcome: Outcome) => void) {
    this.case = each;
    this.link = link;
    this.#reader = new ResponseReader(each.requests.map(request => request.method));
    this.#onDone = onDone;
    this.#deadline = this.#lastByteAt + bound;
    link.current = this;
    link.cases.push(each.iteration);
    this.#write();
  }

  onData(bytes: Buffer): void {
    this.#lastByteAt = performance.now();
    this.#reader.push(bytes);
    if (this.#reader.fault !== undefined) this.#finish('open');
    else if (this.case.isWhole && this.#reader.completed >= this.case.requests.length) this.#finish('open');
  }

  onEnd(ending: Ending): void {
    if (!this.#hasLeft) this.#reader.end(ending === 'closed');
    this.#finish(ending);
  }

  /** Called every few milliseconds. */
  tick(now: number, bound: number): void {
    const isQuiet = this.#written >= this.case.pieces.length && now - this.#lastByteAt > this.case.patience;
    if (now > this.#deadline) this.#finish('overdue');
    else if (!this.case.isWhole && isQuiet && !this.#hasLeft) this.#leave(now + bound);
  }

  #leave(deadline: number): void {
    this.#hasLeft = true;
    this.#deadline = deadline;
    if (this.case.leave === 'end') return void this.link.socket.end();
    this.link.socket.resetAndDestroy();
    this.#finish('reset');
  }

  #write(): void {
    const { socket } = this.link;
    const piece = this.case.pieces[this.#written++];
    if (piece === undefined || this.#hasLeft || socket.destroyed) return;
    this.#lastByteAt = performance.now();
    socket.write(piece, 'latin1');
    if (this.#written < this.case.pieces.length) setTimeout(() => this.#write(), PAUSE);
  }

  #finish(ending: Ending): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.link.current = undefined;
    const isReusable = ending === 'open' && this.case.isWhole && this.#isSettled();
    if (!isReusable) this.link.close();
    this.#onDone({ reader: this.#reader, ending, hasLeft: this.#hasLeft });
  }

  /** Whether every response has arrived. An upstream may still cut a response that has no body for the client. */
  #isSettled(): boolean {
    const { responses, fault } = this.#reader;
    if (fault !== undefined || responses.some(({ head }) => SAYS_CLOSE.test(head))) return false;
    return this.case.kind !== 'answer' || responses.every(({ body }) => body !== '');
  }
}
