/**
 * Writes the messages of one connection, one after the other, with as few system calls as there can be: a head and a small
 * body leave in one write, and so do small pieces of the same turn of the event loop. Large pieces are never copied.
 */

import type { Socket } from 'node:net';
import type { BodyLength } from '../message.ts';

/** Bytes of a piece that is copied, since another system call would cost more. */
const SMALL = 16 * 1024;
/** Characters that may wait for the end of the turn. */
const MOST_WAITING = 64 * 1024;

/** As `Framing`, for what is sent. `close`: the end of the connection ends the body. */
export type SentFraming = BodyLength | 'close';

export class MessageWriter {
  readonly #socket: Socket;
  /** What has not been given to the socket, one character for each byte. */
  #waiting = '';
  #isFlushPlanned = false;
  #framing: SentFraming = 'none';
  #remaining = 0;
  #isOpen = false;
  #hasSent = false;
  /** Whether anything of the message was given to the socket. */
  #hasLeft = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether a message was begun and not ended. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether the socket took a byte of the message that was begun last. A write that fails at once took none (POSIX send). */
  get hasSent(): boolean {
    return this.#hasSent;
  }

  /** Begins a message. Nothing leaves before the end of this turn, unless it ends within it. */
  start(head: string, framing: SentFraming): void {
    if (this.#isOpen) throw new Error('a message is under way');
    this.#isOpen = true;
    this.#hasSent = false;
    this.#hasLeft = false;
    this.#framing = framing;
    this.#remaining = typeof framing === 'number' ? framing : 0;
    // One without a body ends at once.
    if (framing === 'none') this.#waiting += head;
    else this.#add(head);
  }

  /**
   * @returns whether more may be written at once; else after the socket's `drain`.
   * @throws RangeError for more bytes than the Content-Length. The connection must not be used any more.
   */
  write(piece: Buffer): boolean {
    if (!this.#isOpen) throw new Error('no message is under way');
    if (piece.length === 0) return !this.#socket.writableNeedDrain;
    this.#checkLength(piece.length);
    const isChunked = this.#framing === 'unknown';
    if (piece.length <= SMALL && this.#waiting.length + piece.length <= MOST_WAITING) {
      const text = piece.toString('latin1');
      this.#add(isChunked ? `${piece.length.toString(16)}\r\n${text}\r\n` : text);
    } else this.#writeLarge(piece, isChunked);
    return !this.#socket.writableNeedDrain;
  }

  /** @returns whether the body was as long as its Content-Length; if not, the connection must not be used any more. */
  end(): boolean {
    if (!this.#isOpen) throw new Error('no message is under way');
    this.#isOpen = false;
    if (this.#framing === 'unknown') this.#waiting += '0\r\n\r\n';
    this.flush();
    return this.#remaining === 0;
  }

  /** Takes back the message that was begun last. @returns whether nothing of it had left, so that it never was. */
  retract(): boolean {
    if (this.#hasLeft) return false;
    this.close();
    return true;
  }

  /** A whole message, such as an interim response, or one without a body. */
  send(head: string): void {
    this.#waiting += head;
    this.flush();
  }

  flush(): void {
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    this.#hasLeft = true;
    this.#socket.write(text, 'latin1');
    if (!this.#socket.errored) this.#hasSent = true;
  }

  /** Nothing that waits leaves any more. */
  close(): void {
    this.#isOpen = false;
    this.#waiting = '';
  }

  #checkLength(length: number): void {
    if (this.#framing === 'none') throw new RangeError('a message without a body');
    if (typeof this.#framing !== 'number') return;
    this.#remaining -= length;
    // It stays below zero, so that `end` fails too.
    if (this.#remaining < 0) throw new RangeError('more than its length');
  }

  #writeLarge(piece: Buffer, isChunked: boolean): void {
    this.#socket.cork();
    this.#waiting += isChunked ? `${piece.length.toString(16)}\r\n` : '';
    this.flush();
    this.#hasLeft = true;
    this.#socket.write(piece);
    if (isChunked) this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
  }

  #add(text: string): void {
    this.#waiting += text;
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    process.nextTick(flushPlanned, this);
  }

  onTurnEnd(): void {
    this.#isFlushPlanned = false;
    if (this.#isOpen) this.flush();
  }
}

function flushPlanned(writer: MessageWriter): void {
  writer.onTurnEnd();
}
