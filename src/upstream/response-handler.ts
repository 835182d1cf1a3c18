/** The response to one request, from the upstream to the client (RFC 9112 sections 6 to 8). */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { Failure } from '../denial.ts';
import type { HeaderList } from '../http/header-list.ts';
import { authenticatesConnection } from './authenticated-connection.ts';
import type { Attempt, Connection } from './connection.ts';
import { ConnectError, codeOf, INCOMPLETE_RESPONSE, MALFORMED_RESPONSE, readResponseError } from './failure.ts';
import { type BodyAbort, BodyError } from './request-body.ts';
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

const INTERIM_RESPONSES = 16;
/** Milliseconds for a client to read the end of an event stream. */
const LAST_READ_TIME = 1_000;
/** Bytes of a body that are copied to be sent with the head, since one write costs more than the copy. */
const SMALL = 16 * 1024;
/** Errors of undici for a request that it refuses to send: a fault, since what is sent was decided here. */
const OUR_FAULTS: ReadonlySet<unknown> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']);
const LENGTH_MISMATCH = 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
const STALE: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Called once: how it ended, and the milliseconds from dispatch to the head of the response. */
type Conclude = (end: AttemptEnd, responseMs: number | undefined) => void;

/** Implements undici's older handler interface: the newer one builds a header object for each response, which is not used. */
export class ResponseHandler implements Dispatcher.DispatchHandler, Attempt {
  readonly client: Socket;
  connection: Connection | undefined;
  isOver = false;
  readonly #response: ServerResponse;
  readonly #limits: ResponseLimits;
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
  /** The first piece of the body: where it is the only one, it is sent with the head. */
  #first: Buffer | undefined;

  /** @param fault called instead of `conclude` where undici refuses to send the request. */
  constructor(response: ServerResponse, limits: ResponseLimits, fault: (error: Error) => void, conclude: Conclude) {
    this.#response = response;
    this.client = response.req.socket;
    this.#limits = limits;
    this.#fault = fault;
    this.#conclude = conclude;
    response.on('close', this.#onClientClose);
    // Where the request ends with its token whatever its response is, the time counts from now: an upload may come first.
    if (limits.expiry?.ends) this.#startExpiry(limits.expiry.at, false);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    this.#receivedBefore = this.connection?.received ?? 0;
    if (this.isOver) abort(new Error('the request ended before it was sent'));
    else if (this.#response.destroyed) this.#cancel();
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, phrase: string): boolean {
    this.#resume = resume;
    const fields = raw.map(readLatin1);
    if (authenticatesConnection(fields)) this.connection?.reserveFor(this.client);
    if (status < 200) this.#onInterim(status, fields);
    else this.#onHead(status, fields, phrase);
    return true;
  }

  #onHead(status: number, fields: HeaderList, phrase: string | undefined): void {
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
      this.#end(INCOMPLETE_RESPONSE);
      return;
    }
    if (this.connection) this.connection.served += 1;
    this.#finish();
    this.#watchReader();
    this.#end('complete');
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

  onError(error: Error): void {
    if (this.#isCompleteWithoutBody(error)) {
      this.#finish();
      this.#end('complete');
    } else if (error instanceof BodyError) this.#end(error.abort);
    else if (error instanceof ConnectError) this.#end(error.failure);
    else if (this.#response.destroyed) this.#end('client_gone');
    else if (OUR_FAULTS.has(codeOf(error))) this.#fault(error);
    else this.#end(this.#isStale(error) ? 'stale' : readResponseError(error, this.#responseMs !== undefined));
  }

  /** RFC 9110 section 15.2. Without a limit they could hold the connection for ever: each one restarts undici's time-out. */
  #onInterim(status: number, fields: HeaderList): void {
    this.#interim += 1;
    // A client of HTTP/1.0 does not know interim responses, and would take one for the final response.
    const isUnderstood = this.#response.req.httpVersion !== '1.0';
    const link = status === 103 && isUnderstood ? readLinks(fields) : [];
    if (this.#interim > INTERIM_RESPONSES) {
      this.#end(MALFORMED_RESPONSE);
      this.#abort(new Error('too many interim responses'));
    } else if (link.length > 0) this.#response.writeEarlyHints({ link });
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
      this.#end('expired');
      this.#abort(new Error('the token expired'));
    });
  }

  /** Ends the response, and after a while the connection of a client that does not read. */
  #endSoon(): void {
    this.#response.socket?.setTimeout(LAST_READ_TIME);
    this.#response.end();
  }

  /**
   * 204 and 304 end with their head, whatever length it has (RFC 9112 section 6.3); that of a 304 may be the length that a 200
   * would have had (RFC 9110 section 8.6). undici reports the missing body as an error.
   */
  #isCompleteWithoutBody(error: Error): boolean {
    const { headersSent, statusCode } = this.#response;
    return codeOf(error) === LENGTH_MISMATCH && headersSent && (statusCode === 304 || statusCode === 204);
  }

  #isStale(error: Error): boolean {
    const { connection } = this;
    if (!connection || connection.served === 0 || !STALE.has(codeOf(error))) return false;
    return connection.received === this.#receivedBefore;
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
    if (!this.isOver && !this.#response.writableFinished) this.#cancel();
  };

  #cancel(): void {
    this.#end('client_gone');
    this.#abort(new Error('the client closed'));
  }

  #end(end: AttemptEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#expiry?.stop();
    this.#conclude(end, this.#responseMs);
  }
}

function readLatin1(field: Buffer): string {
  return field.toString('latin1');
}
