/** The body of a request on its way to the upstream: bounded in size and in time. */

import type { IncomingMessage } from 'node:http';
import { MALFORMED } from '../client/unparsed-request.ts';
import type { BodyReason } from '../denial.ts';
import type { Attempt } from '../http/client/attempt.ts';

/** Why a body was aborted. `client_gone`: the client's connection closed. */
export type BodyAbort = BodyReason | 'client_gone';

export interface BodyLimits {
  /** Bytes; `undefined`: any number. */
  readonly size: number | undefined;
  /** Milliseconds for the client to send the next piece, while the upstream is ready for it. */
  readonly timeout: number;
}

export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #send: () => Attempt | undefined;
  readonly #limit: number;
  readonly #abort: (abort: BodyAbort) => void;
  readonly #timer: NodeJS.Timeout;
  #attempt: Attempt | undefined;
  #received = 0;
  #isWanted = true;

  /**
   * Starts to read the body.
   *
   * @param send called once, when the first piece is there, or the end: sends the head. `undefined`: it could not be sent.
   * @param abort called where the rest of the body cannot be had. The body has stopped by then.
   */
  constructor(
    request: IncomingMessage,
    { size, timeout }: BodyLimits,
    send: () => Attempt | undefined,
    abort: (abort: BodyAbort) => void,
  ) {
    this.#request = request;
    this.#send = send;
    this.#limit = size ?? Number.POSITIVE_INFINITY;
    this.#abort = abort;
    this.#timer = setTimeout(() => this.#isWanted && this.#fail('request_timeout'), timeout);
    request.on('data', this.#onData).once('end', this.#onEnd).once('close', this.#onClose);
    request.once(MALFORMED, this.#onMalformed);
  }

  /** The upstream has taken what was written. */
  resume(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#timer.refresh();
    this.#request.resume();
  }

  /** Writes no more of it. What still comes is for the caller to read. */
  stop(): void {
    // Else a late `resume` would start the timer again.
    this.#isWanted = true;
    clearTimeout(this.#timer);
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    this.#request.off(MALFORMED, this.#onMalformed);
  }

  readonly #onData = (piece: Buffer): void => {
    this.#received += piece.length;
    this.#timer.refresh();
    if (this.#received > this.#limit) {
      this.#fail('body_too_large');
      return;
    }
    this.#attempt ??= this.#send();
    if (!this.#attempt?.write(piece)) this.#wait();
  };

  readonly #onEnd = (): void => {
    this.stop();
    this.#attempt ??= this.#send();
    this.#attempt?.end();
  };

  readonly #onClose = (): void => {
    if (!this.#request.complete) this.#fail('client_gone');
  };

  readonly #onMalformed = (): void => this.#fail('malformed_request');

  /** The upstream does not read: the client's time-out stops meanwhile. */
  #wait(): void {
    this.#isWanted = false;
    this.#request.pause();
  }

  #fail(abort: BodyAbort): void {
    this.stop();
    this.#abort(abort);
  }
}
