/**
 * Which bytes of a connection node:http's parser gets, and when: the head of the next request only after the response to
 * the one before is complete (RFC 9112 section 9.3.2). What waits on a connection is bounded in bytes, not in requests.
 *
 * A stream may be cut anywhere before it is parsed, so a cut in the wrong place costs a call and changes nothing else.
 */

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { startLingeringClose } from './lingering-close.ts';

/**
 * Bytes behind the request under way that are read on. As long as they are no more, the connection is read, and its end
 * is noticed at once. With more, reading stops, and the end is noticed with the next byte that is written to the client.
 * What was read by then, and one more piece that node:net reads (64 KiB), is all that is held of a connection.
 */
const READ_AHEAD = 16 * 1024;

const CR = 13;
const LF = 10;
/** Ends every head that llhttp accepts: `\r\n\r\n`, and `\n\r\n` in HTTP/0.9. */
const BLANK_LINE = '\n\r\n';
/** No head but those of HTTP/0.9 and RTSP is without it; they are refused. */
const VERSION = 'HTTP/';
const NOTHING = Buffer.alloc(0);

type Parse = (bytes: Buffer) => void;

/** Stands between a socket and node:http's parser. To be made when node:http has just set up the connection. */
export class ParserInput {
  readonly #socket: Socket;
  readonly #parse: Parse;
  readonly #current: () => IncomingMessage | undefined;
  /** Read, and not parsed yet. */
  #held: Buffer = NOTHING;
  /** Read behind the bytes that are being parsed. */
  #rest: Buffer = NOTHING;
  /** Reading has stopped, and what was not parsed is back in the socket. */
  #isStopped = false;
  #isReleased = false;

  /**
   * @param current the request of this connection that is being served.
   * @throws where node:http does not read its sockets by their data event.
   */
  constructor(socket: Socket, current: () => IncomingMessage | undefined) {
    const [parse, ...others] = socket.listeners('data') as Parse[];
    if (!parse || others.length > 0) throw new Error('node:http does not read this connection by its data event');
    this.#socket = socket;
    this.#parse = parse;
    this.#current = current;
    socket.off('data', parse);
    socket.on('data', this.#onData).on('resume', this.#onResume);
  }

  /** To be called when the response to a request is complete. */
  continue(): void {
    if (this.#isReleased) return;
    if (!this.#socket.writable) {
      this.#drop();
      return;
    }
    const bytes = this.#held;
    this.#held = NOTHING;
    if (bytes.length > 0) this.#parseNext(bytes);
    if (!this.#isStopped || !this.#isFree()) return;
    this.#isStopped = false;
    this.#socket.resume();
  }

  /** Gives the parser nothing more. @returns what was read behind the bytes that are being parsed. */
  release(): Buffer {
    this.#isReleased = true;
    this.#socket.off('data', this.#onData).off('resume', this.#onResume);
    const rest = this.#rest;
    this.#rest = NOTHING;
    this.#held = NOTHING;
    return rest;
  }

  readonly #onData = (piece: Buffer): void => {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, piece]) : piece;
    this.#held = NOTHING;
    this.#parseNext(bytes);
  };

  /** node:http resumes a socket for reasons of its own, such as a body that was read to its end. */
  readonly #onResume = (): void => {
    if (this.#isStopped && !this.#isFree()) this.#socket.pause();
    else this.#isStopped = false;
  };

  #parseNext(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#mayParse()) {
      const end = findCut(bytes, at, this.#current() !== undefined);
      this.#rest = bytes.subarray(end);
      this.#parse(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
      if (this.#isReleased) return;
      at = end;
    }
    this.#rest = NOTHING;
    if (at < bytes.length) this.#hold(bytes.subarray(at));
  }

  /** Whether the next bytes are those of a request that may be read now. */
  #isFree(): boolean {
    const request = this.#current();
    return request === undefined || !request.complete;
  }

  #mayParse(): boolean {
    return this.#isFree() && !this.#socket.isPaused() && !this.#socket.destroyed;
  }

  #hold(bytes: Buffer): void {
    // Closed with these bytes unread, the connection would be reset, and the response cut off (RFC 9112 section 9.6).
    this.#socket.destroySoon = () => startLingeringClose(this.#socket);
    if (bytes.length < READ_AHEAD && !this.#socket.isPaused()) {
      // Not the whole piece that it is a part of.
      this.#held = Buffer.from(bytes);
      return;
    }
    this.#isStopped = true;
    this.#socket.pause();
    this.#socket.unshift(bytes);
  }

  /** The connection ends with the response that is complete now. */
  #drop(): void {
    this.release();
    this.#socket.resume();
  }
}

/**
 * @returns where a slice from `at` ends, so that it holds the end of one head at the most. A blank line in a body is none,
 *   and one that begins at `at` may be the end of a head whose other bytes came before.
 */
function findCut(bytes: Buffer, at: number, isInBody: boolean): number {
  let end = at;
  while (bytes[end] === CR || bytes[end] === LF) end += 1;
  if (end > at && !isInBody) return end;
  const from = isInBody ? bytes.indexOf(VERSION, at, 'latin1') : at;
  const blank = from === -1 ? -1 : bytes.indexOf(BLANK_LINE, from, 'latin1');
  return blank === -1 ? bytes.length : blank + BLANK_LINE.length;
}
