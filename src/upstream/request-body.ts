/** The body of a request on its way to the upstream: held to the route's size and the client's time, and cut loose from it. */

import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { MALFORMED } from '../client/unparsed-request.ts';
import type { BodyReason } from '../denial.ts';

/** Why a body ended before its end. */
export type BodyFault = BodyReason | 'client_gone';

export class BodyError extends Error {
  readonly fault: BodyFault;

  constructor(fault: BodyFault) {
    super(fault);
    this.fault = fault;
  }
}

export interface BodyLimits {
  /** Bytes; `undefined`: any number. */
  readonly size: number | undefined;
  /** Milliseconds that the client may take for the next piece, while the upstream takes them. */
  readonly timeout: number;
}

/**
 * undici destroys the body it is given when the upstream answers early. Were that the request itself, the client's
 * connection would go with it, and the answer too.
 */
export class RequestBody extends Readable {
  readonly #request: IncomingMessage;
  readonly #limit: number;
  readonly #timer: NodeJS.Timeout;
  #received = 0;
  #isWanted = false;

  constructor(request: IncomingMessage, { size, timeout }: BodyLimits) {
    super();
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

  /** The upstream is behind: the client may not be blamed for the time this takes. */
  #wait(): void {
    this.#isWanted = false;
    this.#request.pause();
  }

  #fail(fault: BodyFault): void {
    this.destroy(new BodyError(fault));
  }
}
