/**
 * One connection to an upstream, with one attempt at a time (RFC 9112 section 9). It can be used again only when both directions
 * have finished and nothing came that nobody asked for; else it is destroyed.
 */

import type { Socket } from 'node:net';
import { BodyReader } from '../framing/body-reader.ts';
import { MessageWriter } from '../framing/message-writer.ts';
import type { AttemptFailure } from '../message.ts';
import { HeadParser } from '../parsing/head-parser.ts';
import { RESPONSE } from '../parsing/llhttp.ts';
import { ParseError } from '../parsing/parse-error.ts';
import { type ParsedResponse, readResponseHead } from '../parsing/response-head.ts';
import type { Swept } from '../sweeper.ts';
import type { Attempt } from './attempt.ts';
import type { OpeningSocket } from './connector.ts';
import { codeOf, readConnectError, readResponseError, TimeoutError } from './failure.ts';

/** Each 1xx restarts the clock of the response; a flood of them would hold the connection for ever. */
const INTERIM_RESPONSES = 16;
/** A server that says how long it keeps a connection closes it about then: it is left alone a little earlier. */
const SAFETY = 1_000;

export interface ConnectionEvents {
  /** It may be used again, though not in this turn of the event loop. */
  onIdle(connection: ClientConnection): void;
  onClose(connection: ClientConnection): void;
}

export interface ConnectionLimits {
  /** Bytes of a response's head. */
  readonly head: number;
  /** Milliseconds that it is kept without a request, and since it was opened. */
  readonly idle: number;
  readonly maxAge: number;
}

export class ClientConnection implements Swept {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #limits: ConnectionLimits;
  readonly #parser: HeadParser;
  readonly #body = new BodyReader();
  readonly #writer: MessageWriter;
  readonly #retiresAt: number;
  #attempt: Attempt | undefined;
  #head: ParsedResponse | undefined;
  #stage: 'connecting' | 'securing' | 'open' | 'closed' = 'connecting';
  #served = 0;
  #interim = 0;
  /** Whether a byte came since the request was sent. */
  #hasReceived = false;
  #isPaused = false;
  #error: Error | undefined;
  /** What is waited for, by `performance.now()`. */
  #deadline = Number.POSITIVE_INFINITY;

  constructor({ socket, readyEvent }: OpeningSocket, limits: ConnectionLimits, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#limits = limits;
    this.#parser = new HeadParser(RESPONSE, limits.head);
    this.#writer = new MessageWriter(socket);
    this.#retiresAt = performance.now() + limits.maxAge;
    socket.setNoDelay(true);
    socket.on('data', this.#onData).on('drain', this.#onDrain).on('end', this.#onEnd);
    socket.on('error', this.#onError).on('close', this.#onClose);
    // Of a TLS socket, too, this is the event of its TCP connection.
    socket.once('connect', this.#onConnect);
    if (readyEvent !== 'connect') socket.once(readyEvent, this.#onReady);
    else socket.once('connect', this.#onReady);
  }

  get isOpen(): boolean {
    return this.#stage === 'open' && !this.#socket.destroyed && this.#socket.readable && this.#socket.writable;
  }

  get isIdle(): boolean {
    return this.#attempt === undefined && this.isOpen;
  }

  /** Sends the head; one without a body leaves at once. Only where nothing is under way. */
  send(attempt: Attempt): void {
    if (this.#attempt || this.#stage === 'closed') throw new Error('the connection is not free');
    const { request, times, text } = attempt;
    this.#attempt = attempt;
    this.#head = undefined;
    this.#interim = 0;
    this.#hasReceived = false;
    this.#deadline = this.#stage === 'open' ? Number.POSITIVE_INFINITY : performance.now() + times.connect;
    this.#writer.start(text, request.body);
    attempt.attach(this);
  }

  write(piece: Buffer): boolean {
    const mayWrite = this.#writer.write(piece);
    if (!mayWrite) this.#awaitResponse();
    return mayWrite;
  }

  endRequest(): void {
    if (!this.#writer.end()) {
      this.destroy(new RangeError('less than its length'));
      return;
    }
    this.#awaitResponse();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#awaitData();
    this.#socket.resume();
  }

  /** Ends it without a word to the attempt under way. */
  abort(): void {
    this.#release();
    this.#socket.destroy();
  }

  /** Ends it, and the attempt under way with it. */
  destroy(error?: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  sweep(now: number): void {
    if (now < this.#deadline) {
      if (now >= this.#retiresAt && this.isIdle) this.#socket.destroy();
      return;
    }
    if (!this.#attempt) this.#socket.destroy();
    else if (this.#stage !== 'open') this.destroy(new TimeoutError('connect_timeout'));
    else this.destroy(new TimeoutError(this.#head ? 'idle_timeout' : 'response_timeout'));
  }

  /** Not while the upstream takes the body, or before it is there: that time is the client's. */
  #awaitResponse(): void {
    if (this.#head || this.#stage !== 'open' || !this.#attempt) return;
    this.#deadline = performance.now() + this.#attempt.times.response;
  }

  #awaitData(): void {
    if (this.#head && this.#attempt) this.#deadline = performance.now() + this.#attempt.times.idle;
  }

  readonly #onConnect = (): void => {
    if (this.#stage === 'connecting') this.#stage = 'securing';
  };

  readonly #onReady = (): void => {
    this.#stage = 'open';
    this.#deadline = Number.POSITIVE_INFINITY;
    if (!this.#writer.isOpen || this.#socket.writableNeedDrain) this.#awaitResponse();
  };

  readonly #onDrain = (): void => {
    if (!this.#attempt || !this.#writer.isOpen) return;
    if (!this.#head) this.#deadline = Number.POSITIVE_INFINITY;
    this.#attempt.handler.onUpstreamReady();
  };

  readonly #onData = (bytes: Buffer): void => {
    // What nobody asked for (RFC 9112 section 9.2): the next request must not take it for its response.
    if (!this.#attempt) {
      this.#socket.destroy();
      return;
    }
    this.#hasReceived = true;
    try {
      this.#read(bytes);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.destroy(error);
    }
  };

  #read(bytes: Buffer): void {
    let at = 0;
    while (this.#attempt && !this.#head) {
      if (at >= bytes.length) return;
      at = this.#parser.read(bytes, at);
      if (at === -1) return;
      this.#onHead(readResponseHead(this.#parser, this.#attempt.request.method === 'HEAD'), bytes, at);
    }
    if (this.#attempt && !this.#body.isComplete) at = this.#readBody(this.#attempt, bytes, at);
    if (this.#attempt && this.#body.isComplete) this.#complete(at === bytes.length);
  }

  #onHead(head: ParsedResponse, bytes: Buffer, at: number): void {
    const { handler } = this.#attempt as Attempt;
    if (head.status === 101) this.#switch(head, bytes.subarray(at));
    else if (head.status < 200) this.#onInterim(head);
    else {
      this.#head = head;
      this.#body.start(head.framing);
      this.#awaitData();
      handler.onResponse(head);
    }
  }

  /** RFC 9110 section 15.2: a client must be able to parse some that it did not expect. */
  #onInterim({ status, fields }: ParsedResponse): void {
    this.#interim += 1;
    if (this.#interim > INTERIM_RESPONSES) throw new ParseError('malformed');
    if (!this.#writer.isOpen) this.#awaitResponse();
    this.#attempt?.handler.onInterim(status, fields);
  }

  /** Only to what was asked for, and when the request is out (RFC 9110 section 15.2.2). Until here nothing was passed on. */
  #switch(head: ParsedResponse, rest: Buffer): void {
    const attempt = this.#attempt as Attempt;
    const wanted = attempt.request.protocol?.toLowerCase();
    if (wanted === undefined || head.protocol?.toLowerCase() !== wanted || this.#writer.isOpen) {
      throw new ParseError('malformed');
    }
    this.#leaveSocket();
    attempt.handler.onSwitch(head, this.#socket, rest);
  }

  #readBody(attempt: Attempt, bytes: Buffer, from: number): number {
    if (from === bytes.length) return from;
    const at = this.#body.read(bytes, from);
    const { piece } = this.#body;
    this.#awaitData();
    if (piece === undefined || attempt.handler.onData(piece) || this.#body.isComplete) return at;
    // The handler may have aborted, or resumed, from within.
    if (this.#attempt !== attempt) return at;
    this.#isPaused = true;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#socket.pause();
    return at;
  }

  /** @param isExact nothing came behind the response. */
  #complete(isExact: boolean): void {
    const { handler, request } = this.#attempt as Attempt;
    const hasSent = !this.#writer.isOpen && this.#socket.writableLength === 0;
    // Some servers send a body in response to HEAD.
    const isReusable = isExact && hasSent && this.#head?.isPersistent === true && request.method !== 'HEAD';
    this.#release();
    this.#served += 1;
    if (!isReusable || !this.isOpen) this.#socket.destroy();
    else this.#rest();
    handler.onEnd();
  }

  #rest(): void {
    const told = this.#head?.keepAlive;
    const idle = told === undefined ? this.#limits.idle : Math.min(this.#limits.idle, told - SAFETY);
    this.#head = undefined;
    this.#deadline = performance.now() + idle;
    if (idle <= 0) this.#socket.destroy();
    else this.#events.onIdle(this);
  }

  #release(): void {
    this.#attempt?.detach();
    this.#attempt = undefined;
    this.#deadline = Number.POSITIVE_INFINITY;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  #leaveSocket(): void {
    this.#release();
    this.#stage = 'closed';
    this.#parser.close();
    const socket = this.#socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd);
    socket.off('error', this.#onError).off('close', this.#onClose);
    this.#events.onClose(this);
  }

  /** The end of a body that has no other; of every other response it cuts off the rest (RFC 9112 section 8). */
  readonly #onEnd = (): void => {
    if (this.#attempt && this.#head && this.#body.end()) this.#complete(true);
    this.#socket.destroy();
  };

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };

  readonly #onClose = (): void => {
    const attempt = this.#attempt;
    const failure = attempt && this.#describeFailure();
    this.#stage = 'closed';
    this.#release();
    this.#parser.close();
    this.#body.close();
    this.#writer.close();
    this.#events.onClose(this);
    if (attempt && failure) attempt.handler.onFailure(failure);
  };

  #describeFailure(): AttemptFailure {
    const error = this.#error;
    const code = codeOf(error);
    if (this.#stage !== 'open') {
      return { cause: readConnectError(error, this.#stage === 'securing'), stage: 'unsent', code };
    }
    const isTimeout = error instanceof TimeoutError;
    const stage = this.#served > 0 && !this.#hasReceived && !isTimeout ? 'stale' : 'sent';
    return { cause: readResponseError(error, this.#head !== undefined), stage, code };
  }
}
