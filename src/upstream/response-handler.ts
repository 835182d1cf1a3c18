/** The answer to one request on its way back to the client (RFC 9112 sections 6 to 8). */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { Failure } from '../denial.ts';
import { authenticatesConnection } from './authenticated-connection.ts';
import type { Connection } from './connection.ts';
import { BROKEN_OFF, ConnectError, codeOf, MALFORMED_RESPONSE, readResponseError } from './failure.ts';
import type { PoolUser } from './pool.ts';
import { BodyError, type BodyFault } from './request-body.ts';
import { createResponseHeaders, isEventStream, readLinks, readReasonPhrase } from './response-headers.ts';
import { startTimer, type Timer } from './timer.ts';

/** `stale`: the connection had served before and was gone when this request came; nothing of an answer was seen. */
export type CarriageEnd = 'complete' | 'expired' | 'stale' | BodyFault | Failure;

/** When the token expires, in milliseconds since 1970, and whether the request ends then; `undefined`: event streams do. */
export interface Expiry {
  readonly at: number;
  readonly ends: boolean | undefined;
}

export interface CarriageLimits {
  readonly notice: readonly string[];
  readonly readTimeout: number;
  readonly expiry: Expiry | undefined;
}

const INTERIM_RESPONSES = 16;
const FAREWELL = 1_000;
/** Bytes of a body that are copied to go out with the head, since one write costs more than the copy. */
const SMALL = 16 * 1024;
/** Errors of undici that say that we asked for something it would never send: a fault of ours. */
const OUR_FAULTS: ReadonlySet<unknown> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']);
const LENGTH_MISMATCH = 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
const STALE: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** What is told once: how it ended, and the milliseconds from dispatch to the head of the answer. */
type Conclude = (end: CarriageEnd, responseMs: number | undefined) => void;

/** With undici's own handler methods: their newer form makes an object of the fields of each answer, which nobody reads here. */
export class Carriage implements Dispatcher.DispatchHandler, PoolUser {
  readonly client: Socket;
  connection: Connection | undefined;
  isOver = false;
  readonly #response: ServerResponse;
  readonly #limits: CarriageLimits;
  readonly #fault: (error: Error) => void;
  readonly #conclude: Conclude;
  readonly #startedAt = performance.now();
  #responseMs: number | undefined;
  #abort: (error: Error) => void = () => undefined;
  #resume: () => void = () => undefined;
  #expiry: Timer | undefined;
  #receivedBefore = 0;
  #interim = 0;
  #headIsWaiting = false;
  /** The first piece of the body: where it is the only one, it goes out with the head. */
  #first: Buffer | undefined;

  /** @param fault called instead of `conclude` where undici refuses to send the request. */
  constructor(response: ServerResponse, limits: CarriageLimits, fault: (error: Error) => void, conclude: Conclude) {
    this.#response = response;
    this.client = response.req.socket;
    this.#limits = limits;
    this.#fault = fault;
    this.#conclude = conclude;
    response.on('close', this.#onClientClose);
    // Of a request that ends with its token whatever its response is: from now on, since an upload may come before any.
    if (limits.expiry?.ends) this.#startExpiry(limits.expiry.at, false);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    this.#receivedBefore = this.connection?.received ?? 0;
    if (this.isOver) abort(new Error('it ended before it was sent'));
    else if (this.#response.destroyed) this.#cancel();
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, phrase: string): boolean {
    this.#resume = resume;
    const fields = raw.map(readLatin1);
    if (authenticatesConnection(fields)) this.connection?.ownedBy(this.client);
    if (status < 200) this.#onInterim(status, fields);
    else this.#onHead(status, fields, phrase);
    return true;
  }

  #onHead(status: number, fields: readonly string[], phrase: string | undefined): void {
    this.#responseMs = performance.now() - this.#startedAt;
    this.#watchExpiry(fields);
    const headers = createResponseHeaders(fields, status, this.#limits.notice);
    const reasonPhrase = readReasonPhrase(phrase);
    if (reasonPhrase === undefined) this.#response.writeHead(status, headers);
    else this.#response.writeHead(status, reasonPhrase, headers);
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

  onComplete(): void {
    if (this.connection?.hasFailed) {
      this.#end(BROKEN_OFF);
      return;
    }
    if (this.connection) this.connection.served += 1;
    this.#finish();
    this.#watchReader();
    this.#end('complete');
  }

  /** From the first time that something waits for the client; it ends nothing while nothing waits. */
  #watchReader(): void {
    const { socket } = this.#response;
    if (socket && socket.writableLength > 0 && !socket.timeout) socket.setTimeout(this.#limits.readTimeout);
  }

  /** A head and a body that are both text leave in one write. */
  #finish(): void {
    this.#headIsWaiting = false;
    if (this.#first) this.#response.end(this.#first.toString('latin1'), 'latin1');
    else this.#response.end();
  }

  onError(error: Error): void {
    if (this.#isWholeWithoutBody(error)) {
      this.#finish();
      this.#end('complete');
    } else if (error instanceof BodyError) this.#end(error.fault);
    else if (error instanceof ConnectError) this.#end(error.failure);
    else if (this.#response.destroyed) this.#end('client_gone');
    else if (OUR_FAULTS.has(codeOf(error))) this.#fault(error);
    else this.#end(this.#isStale(error) ? 'stale' : readResponseError(error, this.#responseMs !== undefined));
  }

  /** RFC 9110 section 15.2. A flood of them would hold the connection for ever: each one restarts undici's clock. */
  #onInterim(status: number, fields: readonly string[]): void {
    this.#interim += 1;
    // A client of HTTP/1.0 knows of no interim responses, and would take one for the answer.
    const isUnderstood = this.#response.req.httpVersion !== '1.0';
    const link = status === 103 && isUnderstood ? readLinks(fields) : [];
    if (this.#interim > INTERIM_RESPONSES) {
      this.#end(MALFORMED_RESPONSE);
      this.#abort(new Error('too many interim responses'));
    } else if (link.length > 0) this.#response.writeEarlyHints({ link });
  }

  #watchExpiry(fields: readonly string[]): void {
    const { expiry } = this.#limits;
    if (!expiry) return;
    const isEvents = isEventStream(fields);
    this.#expiry?.stop();
    if (expiry.ends ?? isEvents) this.#startExpiry(expiry.at, isEvents);
  }

  /** Ends both directions. Without a head there is still room for a reply, which is not written here. */
  #startExpiry(at: number, isEvents: boolean): void {
    this.#expiry = startTimer(at, () => {
      // A reader of events expects their end any time; every other body must not look whole.
      if (isEvents) this.#endSoon();
      else if (this.#response.headersSent) this.#response.socket?.resetAndDestroy();
      this.#end('expired');
      this.#abort(new Error('the token expired'));
    });
  }

  /** Ends the response, and after a while the connection of a client that does not read. */
  #endSoon(): void {
    this.#response.socket?.setTimeout(FAREWELL);
    this.#response.end();
  }

  /**
   * Both end with their head, whatever it says of a length (RFC 9112 section 6.3); a 304 may tell the one that a 200 would have
   * had (RFC 9110 section 8.6). undici misses the body.
   */
  #isWholeWithoutBody(error: Error): boolean {
    const { headersSent, statusCode } = this.#response;
    return codeOf(error) === LENGTH_MISMATCH && headersSent && (statusCode === 304 || statusCode === 204);
  }

  #isStale(error: Error): boolean {
    const { connection } = this;
    if (!connection || connection.served === 0 || !STALE.has(codeOf(error))) return false;
    return connection.received === this.#receivedBefore;
  }

  /** A head whose body is yet to come must not wait for it: an event stream may be silent for minutes. */
  readonly #flushHead = (): void => {
    if (!this.#headIsWaiting) return;
    this.#headIsWaiting = false;
    if (this.#response.destroyed) return;
    if (this.#first) this.#response.write(this.#first);
    else this.#response.flushHeaders();
    this.#first = undefined;
  };

  readonly #onClientClose = (): void => {
    if (!this.isOver && !this.#response.writableFinished) this.#cancel();
  };

  #cancel(): void {
    this.#end('client_gone');
    this.#abort(new Error('the client left'));
  }

  #end(end: CarriageEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#expiry?.stop();
    this.#conclude(end, this.#responseMs);
  }
}

function readLatin1(field: Buffer): string {
  return field.toString('latin1');
}
