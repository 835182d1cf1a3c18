/**
 * One connection to an upstream, with one attempt at a time (RFC 9112 section 9). It can be used again only when both directions
 * have finished and no unsolicited byte came; else it is destroyed. So it is after HEAD, which some servers answer with a body.
 */

import type { Socket } from 'node:net';
import { Deadline } from '../deadline.ts';
import { MessageWriter } from '../framing/message-writer.ts';
import type { AttemptHandler } from '../message.ts';
import { ParseError } from '../parsing/parse-error.ts';
import type { ParsedResponse } from '../parsing/response-head.ts';
import { NEVER, type Swept } from '../sweeper.ts';
import type { Attempt, AttemptChannel } from './attempt.ts';
import type { ConnectionEvents, ConnectionLimits } from './connection-events.ts';
import type { OpeningSocket } from './connector.ts';
import { describeFailure, TimeoutError } from './failure.ts';
import { KeepAlive } from './keep-alive.ts';
import { endUnlessReset } from './reset-detection.ts';
import { type ResponseEvents, ResponseReader } from './response-reader.ts';

export class ClientConnection implements Swept, ResponseEvents, AttemptChannel {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents<ClientConnection>;
  readonly #reader: ResponseReader;
  readonly #writer: MessageWriter;
  readonly #keepAlive: KeepAlive;
  #attempt: Attempt | undefined;
  /** Of the attempt under way, or of the last one: its last call, too, may throw. */
  #handler: AttemptHandler | undefined;
  #stage: 'connecting' | 'securing' | 'open' | 'closed' = 'connecting';
  #served = 0;
  /** Whether a byte came since the request was sent. */
  #hasReceived = false;
  #isPaused = false;
  #error: Error | undefined;
  readonly #deadline = new Deadline();

  constructor(opening: OpeningSocket, limits: ConnectionLimits, events: ConnectionEvents<ClientConnection>) {
    const { socket, readyEvent } = opening;
    this.#socket = socket;
    this.#events = events;
    this.#reader = new ResponseReader(limits.head, this, limits.lenient);
    this.#writer = new MessageWriter(socket);
    this.#keepAlive = new KeepAlive(limits);
    socket.setNoDelay(true).on('data', this.#onData).on('drain', this.#onDrain).on('end', this.#onEnd);
    socket.on('error', this.#onError).on('close', this.#onClose);
    // `connect` is of TCP, also of a TLS socket.
    socket.once('connect', this.#onConnect).once(readyEvent, this.#onReady);
  }

  get isIdle(): boolean {
    return this.#attempt === undefined && this.isOpen;
  }

  /** Only where nothing is under way. @returns `false`: it had ended and took no byte, so the attempt can go to another one. */
  send(attempt: Attempt): boolean {
    if (this.#attempt || this.#stage === 'closed') throw new Error('the connection is not free');
    const { request, times } = attempt;
    this.#attempt = attempt;
    this.#handler = attempt.handler;
    this.#hasReceived = false;
    this.#deadline.start(this.#stage === 'open' ? NEVER : times.connect);
    this.#reader.expect(request.method, request.protocol);
    this.#writer.start(attempt.text, request.body);
    this.#run(() => attempt.attach(this));
    if (this.#served > 0) this.#writer.flush();
    if (this.#served === 0 || this.#writer.hasSent || !this.#socket.errored || attempt.isOver) return true;
    attempt.takeBack();
    this.#attempt = undefined;
    this.#socket.destroy();
    return false;
  }

  write(piece: Buffer): boolean {
    const mayWrite = this.#writer.write(piece);
    if (!mayWrite) this.#awaitResponse();
    return mayWrite;
  }

  endRequest(): void {
    if (this.#writer.end()) this.#awaitResponse();
    else this.destroy(new RangeError('less than its length'));
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#awaitData();
    this.#socket.resume();
  }

  reserveFor(owner: Socket): void {
    this.#events.onReserved(this, owner);
  }

  /** Ends it without calling the handler of the attempt under way. */
  abort(): void {
    this.#release();
    this.#socket.destroy();
  }

  /** Ends it, and the attempt under way with it. */
  destroy(error?: Error): void {
    if (!this.#socket.destroyed) this.#error ??= error;
    this.#socket.destroy();
  }

  sweep(now: number): void {
    if (this.#keepAlive.isOver(now) && this.isIdle) this.#socket.destroy();
    if (!this.#deadline.isPast(now)) return;
    this.#deadline.stop();
    if (!this.#attempt) this.#socket.destroy();
    else this.destroy(TimeoutError.of(this.#stage === 'open', this.#reader.hasHead));
  }

  onInterim({ status, fields }: ParsedResponse): void {
    if (!this.#writer.isOpen) this.#awaitResponse();
    this.#attempt?.handler.onInterim(status, fields);
  }

  onHead(head: ParsedResponse): void {
    this.#awaitData();
    this.#attempt?.handler.onResponse(head);
  }

  onPiece(piece: Buffer): void {
    const attempt = this.#attempt;
    this.#awaitData();
    // Before the call: the handler may resume or abort from within.
    this.#isPaused = true;
    if (attempt?.handler.onData(piece)) this.#isPaused = false;
    if (!this.#isPaused || this.#reader.isComplete || this.#attempt !== attempt) return;
    this.#deadline.stop();
    this.#socket.pause();
  }

  /** Not before the request is out. Until here nothing was passed on. */
  onSwitch(head: ParsedResponse, rest: Buffer): void {
    const attempt = this.#attempt;
    if (this.#writer.isOpen) throw new ParseError('malformed');
    this.#release();
    const socket = this.#socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd);
    socket.off('error', this.#onError).off('close', this.#onClose).pause();
    this.#close();
    attempt?.handler.onSwitch(head, socket, rest);
  }

  onComplete(isExact: boolean): void {
    const attempt = this.#attempt;
    const hasSent = !this.#writer.isOpen && this.#socket.writableLength === 0;
    const isReusable = isExact && hasSent && attempt?.request.method !== 'HEAD' && this.isOpen;
    const head = this.#reader.head;
    this.#release();
    this.#served += 1;
    if (!isExact) this.#events.onUnsolicited(this);
    else if (isReusable && head?.isPersistent) this.#becomeIdle(head.keepAlive);
    else this.#socket.destroy();
    attempt?.handler.onEnd();
  }

  get isOpen(): boolean {
    return this.#stage === 'open' && !this.#socket.destroyed && this.#socket.readable && this.#socket.writable;
  }

  #becomeIdle(told: number | undefined): void {
    const idle = this.#keepAlive.idleTime(told);
    this.#deadline.start(idle);
    if (idle <= 0) this.#socket.destroy();
    else this.#events.onIdle(this);
  }

  /** Not while the upstream takes the body, or before it is there: that time is the client's. */
  #awaitResponse(): void {
    if (this.#reader.head || this.#stage !== 'open' || !this.#attempt) return;
    this.#deadline.start(this.#attempt.times.response);
  }

  #awaitData(): void {
    if (this.#attempt) this.#deadline.start(this.#attempt.times.idle);
  }

  #release(): void {
    this.#attempt?.detach();
    this.#attempt = undefined;
    this.#reader.stop();
    this.#deadline.stop();
    if (this.#isPaused) this.#socket.resume();
    this.#isPaused = false;
  }

  #close(): void {
    this.#stage = 'closed';
    this.#reader.close();
    this.#writer.close();
    this.#events.onClose(this);
  }

  readonly #onConnect = (): void => {
    if (this.#stage === 'connecting') this.#stage = 'securing';
  };

  readonly #onReady = (): void => {
    this.#stage = 'open';
    this.#deadline.stop();
    if (!this.#writer.isOpen || this.#socket.writableNeedDrain) this.#awaitResponse();
  };

  readonly #onDrain = (): void => {
    if (!this.#attempt || !this.#writer.isOpen) return;
    if (!this.#reader.head) this.#deadline.stop();
    this.#run(() => this.#attempt?.handler.onUpstreamReady());
  };

  readonly #onData = (bytes: Buffer): void => {
    this.#hasReceived = true;
    if (this.#attempt) this.#run(() => this.#reader.read(bytes));
    else this.#events.onUnsolicited(this);
  };

  /** The end of a body that has no other; it cuts off every other response (RFC 9112 section 8). */
  readonly #onEnd = (): void => endUnlessReset(this.#socket, () => this.#run(() => this.#reader.end()));

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };

  readonly #onClose = (): void => {
    const attempt = this.#attempt;
    const isUntouched = this.#served > 0 && !this.#hasReceived;
    const failure = describeFailure(this.#error, { stage: this.#stage, hasHead: this.#reader.hasHead, isUntouched });
    this.#release();
    this.#close();
    if (attempt) this.#run(() => attempt.handler.onFailure(failure));
  };

  /** A fault of a handler's must not end the process. A malformed response fails at once: what began in the same read has not left. */
  #run(event: () => void): void {
    try {
      event();
    } catch (error) {
      if (error instanceof ParseError) {
        this.destroy(error);
        this.#onClose();
      } else {
        this.abort();
        this.#handler?.onFault(error);
      }
    }
  }
}
