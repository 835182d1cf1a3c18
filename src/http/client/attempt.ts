/** One attempt to get a response to one request. It knows its connection only while it is under way: later calls do nothing. */

import type { Socket } from 'node:net';
import { formatRequestHead } from '../framing/head-text.ts';
import type { AttemptHandler, OutgoingRequest } from '../message.ts';

/** Milliseconds. */
export interface AttemptTimes {
  readonly connect: number;
  /** From the end of the request, or from when the upstream takes no more of it, to the head of the response. */
  readonly response: number;
  /** Between two pieces of the response's body, while they are wanted. */
  readonly idle: number;
}

/** The connection of an attempt, as long as the attempt is under way. */
export interface AttemptChannel {
  /** Whether it is connected, so that what is written leaves. */
  readonly isOpen: boolean;
  write(piece: Buffer): boolean;
  endRequest(): void;
  resume(): void;
  abort(): void;
  reserveFor(owner: Socket): void;
}

/** Bytes that may be written before there is a connection: a small body leaves with its head. */
const MOST_EARLY = 64 * 1024;

export class Attempt {
  readonly request: OutgoingRequest;
  readonly handler: AttemptHandler;
  readonly times: AttemptTimes;
  /** The head as it is sent. */
  readonly text: string;
  #connection: AttemptChannel | undefined;
  #isOver = false;
  #owner: Socket | undefined;
  /** What was written before there was a connection, and how many bytes it is. */
  readonly #early: Buffer[] = [];
  #earlySize = 0;
  /** What `attach` wrote of it. */
  #sent: readonly Buffer[] = [];
  #hasEnded: boolean;

  /**
   * @param isLast whether the connection is closed behind it.
   * @throws TypeError where the request cannot be sent as what it is.
   */
  constructor(request: OutgoingRequest, handler: AttemptHandler, times: AttemptTimes, isLast = false) {
    this.request = request;
    this.text = formatRequestHead(request, isLast);
    this.handler = handler;
    this.times = times;
    this.#hasEnded = request.body === 'none';
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether something of it may have reached the upstream. */
  get isConnected(): boolean {
    return this.#connection?.isOpen ?? false;
  }

  /** @returns whether more may be written at once; else `onUpstreamReady` is called when it may. */
  write(piece: Buffer): boolean {
    if (this.#isOver) return false;
    if (this.#connection) return this.#connection.write(piece);
    this.#early.push(piece);
    this.#earlySize += piece.length;
    return this.#earlySize < MOST_EARLY;
  }

  /** The body has been written. */
  end(): void {
    if (this.#isOver || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#connection?.endRequest();
  }

  /** After `onData` returned false: the next piece may come. */
  resume(): void {
    this.#connection?.resume();
  }

  /** Ends the attempt and its connection. The handler is not called any more. */
  abort(): void {
    this.#isOver = true;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.abort();
  }

  /** The connection is authenticated from now on: it is used for requests of `owner` only, a client's, and closed with it. */
  reserveFor(owner: Socket): void {
    this.#owner = owner;
    this.#connection?.reserveFor(owner);
  }

  /** The connection has sent the head, and takes what was written before. */
  attach(connection: AttemptChannel): void {
    this.#connection = connection;
    if (this.#owner) connection.reserveFor(this.#owner);
    let mayWrite = this.#early.length > 0;
    this.#sent = this.#early.splice(0);
    for (const piece of this.#sent) mayWrite = connection.write(piece);
    if (this.#hasEnded) connection.endRequest();
    else if (mayWrite) this.handler.onUpstreamReady();
  }

  /** The connection took nothing of it: it is as before `attach`. */
  takeBack(): void {
    this.#connection = undefined;
    this.#early.unshift(...this.#sent);
    this.#sent = [];
  }

  /** There is a response: what was written is not taken back any more. */
  letGo(): void {
    this.#sent = [];
  }

  /** The attempt is over: later calls do not reach the connection, which may serve another attempt by then. */
  detach(): void {
    this.#isOver = true;
    this.#connection = undefined;
  }
}
