/** The body of one request, read to its end before the request is decided on. Whatever pieces it comes in, it costs its own size. */

import type { BodyMemory } from './body-memory.ts';
import { type BodyReason, type Denial, deny } from './denial.ts';
import type { RequestEnd, RequestHandler } from './http/message.ts';
import type { IncomingRequest } from './http/server/incoming-request.ts';

export interface WholeBodyLimits {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds for the next piece; the whole body has `MOST_TIMES` as long. */
  readonly timeout: number;
}

/** Whoever calls the handler with the pieces of a body, once it was asked to. */
type BodySource = Pick<IncomingRequest, 'handler' | 'startBody'>;

export type BodyResult = { readonly ok: true; readonly bytes: Buffer } | Denial<BodyReason | 'overloaded'>;

/** A client that sends a byte a minute would keep its place in the memory of all. */
const MOST_TIMES = 5;
/** Bytes that are set aside before anything came: a client may announce what it never sends. */
const MOST_ANNOUNCED = 64 * 1024;

const NOTHING = Buffer.alloc(0);

/** Handles the events of its request until the body has come. Its memory is counted until `release` is called. */
export class WholeBody implements RequestHandler {
  readonly #request: BodySource;
  readonly #limits: WholeBodyLimits;
  readonly #memory: BodyMemory;
  readonly #next: RequestHandler;
  readonly #onEnd: (result: BodyResult) => undefined;
  readonly #startedAt = performance.now();
  #bytes: Buffer = NOTHING;
  #length = 0;
  #isOver = false;

  /**
   * @param onEnd called once, unless the client leaves before. The handler of the request is `next` again then.
   */
  constructor(
    request: BodySource,
    limits: WholeBodyLimits,
    memory: BodyMemory,
    onEnd: (result: BodyResult) => undefined,
  ) {
    this.#request = request;
    this.#limits = limits;
    this.#memory = memory;
    this.#next = request.handler;
    this.#onEnd = onEnd;
  }

  /** @param announced Content-Length; `undefined` for a chunked body. A client that waits for 100 Continue is not asked for too much. */
  start(announced: number | undefined): undefined {
    if (announced !== undefined && announced > this.#limits.size) return this.#end(deny('body_too_large'));
    if (announced !== undefined && !this.#reserve(Math.min(announced, MOST_ANNOUNCED))) return;
    this.#request.handler = this;
    this.#request.startBody(this.#limits.timeout);
  }

  /** The bytes are of no use any more. */
  release(): void {
    this.#isOver = true;
    this.#memory.giveBack(this.#bytes.length);
    this.#bytes = NOTHING;
  }

  onBody(piece: Buffer): boolean {
    if (this.#isOver) return true;
    const length = this.#length + piece.length;
    if (length > this.#limits.size) this.#end(deny('body_too_large'));
    else if (performance.now() - this.#startedAt > MOST_TIMES * this.#limits.timeout)
      this.#end(deny('request_timeout'));
    else if (this.#reserve(length)) {
      piece.copy(this.#bytes, this.#length);
      this.#length = length;
    }
    return true;
  }

  onBodyEnd(): void {
    if (!this.#isOver) this.#end({ ok: true, bytes: this.#bytes.subarray(0, this.#length) });
  }

  onBodyError(reason: 'malformed_request' | 'request_timeout'): void {
    if (!this.#isOver) this.#end(deny(reason));
  }

  onClientReady(): void {
    // Nothing has been written.
  }

  onClose(end: RequestEnd): void {
    this.#isOver = true;
    this.#next.onClose(end);
  }

  onFault(fault: unknown): void {
    this.#isOver = true;
    this.#next.onFault(fault);
  }

  /** Twice as much as before, so that each byte is copied twice at most. @returns whether there is room. */
  #reserve(length: number): boolean {
    if (length <= this.#bytes.length) return true;
    const size = Math.min(Math.max(length, 2 * this.#bytes.length), this.#limits.size);
    if (!this.#memory.take(size - this.#bytes.length)) {
      this.#end(deny('overloaded'));
      return false;
    }
    const larger = Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
    return true;
  }

  #end(result: BodyResult): undefined {
    this.#isOver = true;
    this.#request.handler = this.#next;
    this.#onEnd(result);
  }
}
