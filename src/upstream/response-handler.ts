/** The response to one request, from the upstream to the client (RFC 9112 sections 6 to 8). */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Failure } from '../denial.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { AttemptFailure, AttemptHandler, ResponseHead } from '../http/message.ts';
import { authenticatesConnection } from './authenticated-connection.ts';
import { readFailure } from './failure.ts';
import type { BodyAbort, RequestBody } from './request-body.ts';
import { createResponseHeaders, isEventStream, readLinks, readReasonPhrase } from './response-headers.ts';
import { startTimer, type Timer } from './timer.ts';

/** `stale`: a kept-alive connection that was closed when this request was sent, with nothing of a response received. */
export type AttemptEnd = 'complete' | 'expired' | 'stale' | BodyAbort | Failure;

/** When the token expires, in milliseconds since 1970, and whether the request ends then; `undefined`: event streams do. */
export interface Expiry {
  readonly at: number;
  readonly ends: boolean | undefined;
}

export interface ResponseLimits {
  /** Fields of ours. */
  readonly notice: HeaderList;
  /** Milliseconds that a client may leave its response unread. */
  readonly readTimeout: number;
  readonly expiry: Expiry | undefined;
}

/** Where the response comes from. */
export interface ResponseSource {
  /** After `onData` returned false: the next piece may come. */
  resume(): void;
  /** Nothing more of it is wanted. */
  abort(): void;
  /** The connection to the upstream is used for `client` only, and closed with it. */
  reserveFor(client: Socket): void;
}

/** Milliseconds for a client to read the end of an event stream. */
const LAST_READ_TIME = 1_000;
/** Bytes of a body that are copied to be sent with the head, since one write costs more than the copy. */
const SMALL = 16 * 1024;

/** Called once: how it ended, and the milliseconds from dispatch to the head of the response. */
type Conclude = (end: AttemptEnd, responseMs: number | undefined) => void;

export class ResponseHandler implements AttemptHandler {
  readonly client: Socket;
  /** To be set when the request is sent. */
  source: ResponseSource | undefined;
  body: RequestBody | undefined;
  readonly #response: ServerResponse;
  readonly #limits: ResponseLimits;
  readonly #reject: (fault: unknown) => void;
  readonly #conclude: Conclude;
  readonly #startedAt = performance.now();
  #responseMs: number | undefined;
  #isOver = false;
  #expiry: Timer | undefined;
  #headIsWaiting = false;
  /** The first piece of the body: where it is the only one, it is sent with the head. */
  #first: Buffer | undefined;

  /** @param reject called instead of `conclude` for a fault. */
  constructor(response: ServerResponse, limits: ResponseLimits, reject: (fault: unknown) => void, conclude: Conclude) {
    this.#response = response;
    this.client = response.req.socket;
    this.#limits = limits;
    this.#reject = reject;
    this.#conclude = conclude;
    response.on('close', this.#onClientClose);
    // Where the request ends with its token whatever its response is, the time counts from now: an upload may come first.
    if (limits.expiry?.ends) this.#startExpiry(limits.expiry.at, false);
  }

  /** RFC 9110 section 15.2. A client of HTTP/1.0 does not know interim responses, and would take one for the final response. */
  onInterim(status: number, fields: HeaderList): void {
    this.#reserveConnection(fields);
    const isUnderstood = this.#response.req.httpVersion !== '1.0';
    const link = status === 103 && isUnderstood ? readLinks(fields) : [];
    if (link.length > 0) this.#response.writeEarlyHints({ link });
  }

  onResponse({ status, reason, fields }: ResponseHead): void {
    this.#reserveConnection(fields);
    this.#responseMs = performance.now() - this.#startedAt;
    this.#watchExpiry(fields);
    const headers = createResponseHeaders(fields, status, this.#limits.notice);
    const phrase = readReasonPhrase(reason);
    if (phrase === undefined) this.#response.writeHead(status, headers);
    else this.#response.writeHead(status, phrase, headers);
    this.#headIsWaiting = true;
    process.nextTick(this.#flushHead);
  }

  onData(piece: Buffer): boolean {
    if (this.#headIsWaiting && !this.#first && piece.length <= SMALL) {
      this.#first = piece;
      return true;
    }
    this.#flushHead();
    if (this.#response.write(piece)) return true;
    this.#watchReader();
    this.#response.once('drain', this.#resume);
    return false;
  }

  onEnd(): void {
    this.#finish();
    this.#watchReader();
    this.#end('complete');
  }

  onUpstreamReady(): void {
    this.body?.resume();
  }

  onFailure(failure: AttemptFailure): void {
    if (this.#response.destroyed) this.#end('client_gone');
    else this.#end(failure.stage === 'stale' ? 'stale' : readFailure(failure));
  }

  /** Not without a protocol that was asked for. */
  onSwitch(): void {
    throw new Error('the upstream switched the protocol');
  }

  /** One of these calls has thrown. */
  onFault(fault: unknown): void {
    this.#stop();
    this.source?.abort();
    this.#reject(fault);
  }

  /** Ends it from the client's side. */
  cancel(why: BodyAbort | 'expired'): void {
    if (this.#isOver) return;
    this.#end(why);
    this.source?.abort();
  }

  #reserveConnection(fields: HeaderList): void {
    if (authenticatesConnection(fields)) this.source?.reserveFor(this.client);
  }

  /** Starts the read time-out when data first waits for the client. It ends nothing while no data waits. */
  #watchReader(): void {
    const { socket } = this.#response;
    if (socket && socket.writableLength > 0 && !socket.timeout) socket.setTimeout(this.#limits.readTimeout);
  }

  /** A head and a body that are both strings are sent in one write. */
  #finish(): void {
    this.#headIsWaiting = false;
    if (this.#first) this.#response.end(this.#first.toString('latin1'), 'latin1');
    else this.#response.end();
  }

  #watchExpiry(fields: HeaderList): void {
    const { expiry } = this.#limits;
    if (!expiry) return;
    const isEvents = isEventStream(fields);
    this.#expiry?.stop();
    if (expiry.ends ?? isEvents) this.#startExpiry(expiry.at, isEvents);
  }

  /** Ends both directions. Where no head was sent, the caller can still write a reply. */
  #startExpiry(at: number, isEvents: boolean): void {
    this.#expiry = startTimer(at, () => {
      // An event stream may end at any time; every other body must not look complete.
      if (isEvents) this.#endSoon();
      else if (this.#response.headersSent) this.#response.socket?.resetAndDestroy();
      this.cancel('expired');
    });
  }

  /** Ends the response, and after a while the connection of a client that does not read. */
  #endSoon(): void {
    this.#response.socket?.setTimeout(LAST_READ_TIME);
    this.#response.end();
  }

  /** A head does not wait for its body: an event stream may be silent for minutes. */
  readonly #flushHead = (): void => {
    if (!this.#headIsWaiting) return;
    this.#headIsWaiting = false;
    if (this.#response.destroyed) return;
    if (this.#first) this.#response.write(this.#first);
    else this.#response.flushHeaders();
    this.#first = undefined;
  };

  readonly #onClientClose = (): void => {
    if (!this.#response.writableFinished) this.cancel('client_gone');
  };

  readonly #resume = (): void => this.source?.resume();

  #end(end: AttemptEnd): void {
    if (this.#isOver) return;
    this.#stop();
    this.#conclude(end, this.#responseMs);
  }

  #stop(): void {
    this.#isOver = true;
    this.#expiry?.stop();
    this.body?.stop();
  }
}
