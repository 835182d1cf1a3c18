/**
 * What is read of a client's connection. One request at a time: the bytes behind it wait unread, and once there are as many as a head may
 * have, reading stops (RFC 9112 section 9.3.2). Until then the end of the connection is seen at once.
 */

import type { Socket } from 'node:net';
import { BodyReader } from '../framing/body-reader.ts';
import { HeadParser } from '../parsing/head-parser.ts';
import { REQUEST } from '../parsing/llhttp.ts';
import { ParseError, type ParseFault } from '../parsing/parse-error.ts';
import { type ParsedRequest, readRequestHead } from '../parsing/request-head.ts';

const NOTHING = Buffer.alloc(0);

export interface InputEvents {
  onHead(head: ParsedRequest): void;
  onBody(piece: Buffer): void;
  onBodyEnd(): void;
  /** After `dropBody`: the rest of the body has come and was dropped, or turned out malformed. */
  onDropped(): void;
  /** What came is no request, or no body. Nothing more is read. */
  onFault(fault: ParseFault): void;
}

/** What the next bytes are: a head, a body that is passed on, held or dropped; `closed`: nothing more is parsed. */
type Mode = 'head' | 'body' | 'waiting' | 'dropping' | 'closed';

export class RequestInput {
  readonly #socket: Socket;
  readonly #events: InputEvents;
  readonly #parser: HeadParser;
  readonly #body = new BodyReader();
  readonly #readAhead: number;
  #mode: Mode = 'head';
  /** What was read and not parsed, from `#at` on. */
  #bytes: Buffer = NOTHING;
  #at = 0;
  #isReading = false;
  #isPaused = false;
  #isFaulty = false;
  /** Bytes that were dropped of the body. */
  #dropped = 0;

  /** @param limit bytes of a head, and of what is read ahead. */
  constructor(socket: Socket, limit: number, events: InputEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#readAhead = limit;
    this.#parser = new HeadParser(REQUEST, limit);
  }

  /** Whether a part of a head has come. */
  get isInHead(): boolean {
    return this.#mode === 'head' && this.#parser.isInHead;
  }

  /** Whether what came was no request, or no body: where the next request would begin is not known. */
  get isFaulty(): boolean {
    return this.#isFaulty;
  }

  get isBodyComplete(): boolean {
    return this.#body.isComplete && !this.#isFaulty;
  }

  /** Whether the next piece of the body is waited for. */
  get isBodyWanted(): boolean {
    return this.#mode === 'body' && !this.#body.isComplete;
  }

  get dropped(): number {
    return this.#dropped;
  }

  receive(bytes: Buffer): void {
    if (this.#mode === 'closed') return;
    this.#bytes = this.#at === this.#bytes.length ? bytes : Buffer.concat([this.#bytes.subarray(this.#at), bytes]);
    this.#at = 0;
    this.#read();
  }

  /** Passes the body on as it arrives. */
  takeBody(): void {
    if (this.#mode !== 'waiting') return;
    this.#mode = 'body';
    this.#read();
  }

  /** Passes on no more of the body until `takeBody` is called. */
  holdBody(): void {
    if (this.#mode === 'body') this.#mode = 'waiting';
  }

  /** What has come of the body is dropped at once, without an event, and the rest of it as it comes. */
  dropBody(): void {
    if (this.#mode === 'closed') return;
    this.#mode = 'dropping';
    this.#drop();
    if (!this.#isReading) this.#hold();
  }

  /** The request was answered and its body is complete: the next head may be read. */
  next(): void {
    if (this.#mode === 'closed') return;
    this.#mode = 'head';
    this.#dropped = 0;
    this.#read();
  }

  /** Parses nothing more. @returns what was not parsed. */
  close(): Buffer {
    const rest = this.#bytes.subarray(this.#at);
    this.#mode = 'closed';
    this.#bytes = NOTHING;
    this.#at = 0;
    this.#parser.close();
    this.#body.close();
    return rest;
  }

  #read(): void {
    // Called from within an event: the loop that raised it goes on.
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#at < this.#bytes.length && this.#readNext());
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.#fail();
      this.#events.onFault(error.fault);
    } finally {
      this.#isReading = false;
    }
    this.#hold();
  }

  /** @returns whether to go on. */
  #readNext(): boolean {
    if (this.#mode === 'head') return this.#readHead();
    if (this.#body.isComplete || (this.#mode !== 'body' && this.#mode !== 'dropping')) return false;
    if (this.#mode === 'dropping') {
      this.#drop();
      if (this.#body.isComplete) this.#events.onDropped();
      return true;
    }
    this.#at = this.#body.read(this.#bytes, this.#at);
    const piece = this.#body.take();
    if (piece) this.#events.onBody(piece);
    // The handler may have given it up.
    if (this.#body.isComplete && this.#isBody()) this.#events.onBodyEnd();
    return true;
  }

  #drop(): void {
    try {
      while (this.#at < this.#bytes.length && !this.#body.isComplete) {
        this.#at = this.#body.read(this.#bytes, this.#at);
        this.#dropped += this.#body.take()?.length ?? 0;
      }
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.#fail();
    }
  }

  #fail(): void {
    this.#isFaulty = true;
    this.close();
  }

  #readHead(): boolean {
    const end = this.#parser.read(this.#bytes, this.#at);
    this.#at = end === -1 ? this.#bytes.length : end;
    if (end === -1) return false;
    const head = readRequestHead(this.#parser);
    this.#parser.forget();
    this.#mode = 'waiting';
    this.#body.start(head.body === 'unknown' ? 'chunked' : head.body === 'none' ? 0 : head.body);
    this.#events.onHead(head);
    return true;
  }

  /** Apart, since an event may have changed it. */
  #isBody(): boolean {
    return this.#mode === 'body' || this.#mode === 'waiting';
  }

  #hold(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest === 0) this.#bytes = NOTHING;
    // Not the whole piece that it is a part of, which may be much larger.
    else if (this.#at > 0 && rest < this.#readAhead) this.#bytes = Buffer.from(this.#bytes.subarray(this.#at));
    else this.#bytes = this.#bytes.subarray(this.#at);
    this.#at = 0;
    if (rest >= this.#readAhead) this.#pause();
    else this.#resume();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }
}
