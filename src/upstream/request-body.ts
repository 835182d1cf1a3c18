/** The body of a request on its way to the upstream: bounded in size and in time, and a stream apart from the request. */

import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { MALFORMED } from '../client/unparsed-request.ts';
import type { BodyReason } from '../denial.ts';

/** Why a body was aborted. `client_gone`: the client's connection closed. */
export type BodyAbort = BodyReason | 'client_gone';

export class BodyError extends Error {
  readonly abort: BodyAbort;

  constructor(abort: BodyAbort) {
    super(abort);
    this.abort = abort;
  }
}

export interface BodyLimits {
  /** Bytes; `undefined`: any number. */
  readonly size: number | undefined;
  /** Milliseconds for the client to send the next piece, while the upstream is ready for it. */
  readonly timeout: number;
}

/**
 * undici destroys the body that it is given when the upstream responds early. If that were the request itself, the client's
 * connection would be destroyed too, and the response with it.
 */
export class RequestBody extends Readable {
  readonly #request: IncomingMessage;
  readonly #limit: number;
  readonly #timer: NodeJS.Timeout;
  #received = 0;
  #isWanted = false;

  constructor(request: IncomingMessage, { size, timeout }: BodyLimits) {
    super();
    // undici takes its listener off as soon as the response has ended, and a body that is aborted after that has no one to
    // tell: without a listener the `error` event would end the process.
    this.on('error', () => undefined);
    this.#request = request;
    this.#limit = size ?? Number.POSITIVE_INFINITY;
    this.#timer = setTimeout(() => this.#isWanted && this.#fail('request_timeout'), timeout);
    request.on('data', this.#onData).once('end', this.#onEnd).once('close', this.#onClose);
    request.once(MALFORMED, this.#onMalformed).pause();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#timer.refresh();
    this.#request.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    this.#request.off(MALFORMED, this.#onMalformed);
    done(error);
  }

  readonly #onData = (piece: Buffer): void => {
    this.#received += piece.length;
    this.#timer.refresh();
    if (this.#received > this.#limit) this.#fail('body_too_large');
    else if (!this.push(piece)) this.#wait();
  };

  readonly #onEnd = (): void => {
    clearTimeout(this.#timer);
    this.push(null);
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
    this.destroy(new BodyError(abort));
  }
}
