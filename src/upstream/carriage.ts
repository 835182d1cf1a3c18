/** The answer to one request on its way back to the client (RFC 9112 sections 6 to 8). */

import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { FailureReason } from '../denial.ts';
import type { Connection, ConnectionUser } from './connection.ts';
import { BodyError, type BodyFault } from './request-body.ts';
import { createResponseHeaders, isEventStream, readLinks, readReasonPhrase } from './response-headers.ts';
import { startTimer, type Timer } from './timer.ts';

/** `stale`: the connection had served before and was gone when this request came; nothing of an answer was seen. */
export type CarriageEnd = 'complete' | 'expired' | 'stale' | BodyFault | FailureReason;

export interface CarriageLimits {
  readonly readTimeout: number;
  readonly expiry: { readonly at: number; readonly ends: boolean | undefined } | undefined;
}

const INTERIM_RESPONSES = 16;
const FAREWELL = 1_000;
/** Errors of undici that say that we asked for something it would never send: a fault of ours. */
const OUR_FAULTS: ReadonlySet<unknown> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']);
const STALE: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const TIMEOUTS: ReadonlySet<unknown> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** @returns what an error of a connection means to the client. */
export function failureOf(error: Error): FailureReason {
  return TIMEOUTS.has(codeOf(error)) ? 'upstream_timeout' : 'upstream_unreachable';
}

export class Carriage implements Dispatcher.DispatchHandler, ConnectionUser {
  /** Settles when the answer is written or will never be; rejects where undici refused to send the request. */
  readonly carried: Promise<{ readonly end: CarriageEnd; readonly responseMs: number | undefined }>;
  connection: Connection | undefined;
  isOver = false;
  readonly #response: ServerResponse;
  readonly #limits: CarriageLimits;
  readonly #startedAt = performance.now();
  #settle: (end: CarriageEnd) => void = () => undefined;
  #fault: (error: Error) => void = () => undefined;
  #responseMs: number | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #expiry: Timer | undefined;
  #receivedBefore = 0;
  #interim = 0;
  #headIsWaiting = false;

  constructor(response: ServerResponse, limits: CarriageLimits) {
    this.#response = response;
    this.#limits = limits;
    this.carried = new Promise((resolve, reject) => {
      this.#settle = end => resolve({ end, responseMs: this.#responseMs });
      this.#fault = reject;
    });
    response.once('close', this.#onClientClose);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#receivedBefore = this.connection?.received ?? 0;
    if (this.#response.destroyed) this.#onClientClose();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _fields: unknown, phrase?: string): void {
    const fields = readRawHeaders(controller.rawHeaders);
    if (status < 200) this.#onInterim(controller, status, fields);
    else this.#onHead(status, fields, phrase);
  }

  #onHead(status: number, fields: readonly string[], phrase: string | undefined): void {
    this.#responseMs = performance.now() - this.#startedAt;
    this.#watchExpiry(fields);
    const headers = createResponseHeaders(fields, status);
    const reasonPhrase = readReasonPhrase(phrase);
    if (reasonPhrase === undefined) this.#response.writeHead(status, headers);
    else this.#response.writeHead(status, reasonPhrase, headers);
    this.#headIsWaiting = true;
    process.nextTick(this.#flushHead);
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#headIsWaiting = false;
    if (this.#response.write(piece)) return;
    controller.pause();
    this.#response.socket?.setTimeout(this.#limits.readTimeout);
    this.#response.once('drain', this.#onDrain);
  }

  onResponseEnd(): void {
    if (this.connection?.hasFailed) {
      this.#end('upstream_unreachable');
      return;
    }
    if (this.connection) this.connection.served += 1;
    this.#response.end();
    const { socket } = this.#response;
    if (socket && socket.writableLength > 0) socket.setTimeout(this.#limits.readTimeout);
    this.#end('complete');
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (error instanceof BodyError) this.#end(error.fault);
    else if (this.#response.destroyed) this.#end('client_gone');
    else if (OUR_FAULTS.has(codeOf(error))) this.#fault(error);
    else this.#end(this.#isStale(error) ? 'stale' : failureOf(error));
  }

  /** RFC 9110 section 15.2. A flood of them would hold the connection for ever: each one restarts undici's clock. */
  #onInterim(controller: Dispatcher.DispatchController, status: number, fields: readonly string[]): void {
    this.#interim += 1;
    const link = status === 103 ? readLinks(fields) : [];
    if (this.#interim > INTERIM_RESPONSES) controller.abort(new Error('too many interim responses'));
    else if (link.length > 0) this.#response.writeEarlyHints({ link });
  }

  #watchExpiry(fields: readonly string[]): void {
    const { expiry } = this.#limits;
    if (!expiry || !(expiry.ends ?? isEventStream(fields))) return;
    this.#expiry = startTimer(expiry.at, () => {
      // A reader of events expects their end any time; every other body must not look whole.
      if (isEventStream(fields)) this.#endSoon();
      else this.#response.socket?.resetAndDestroy();
      this.#end('expired');
      this.#controller?.abort(new Error('the token expired'));
    });
  }

  /** Ends the response, and after a while the connection of a client that does not read. */
  #endSoon(): void {
    this.#response.socket?.setTimeout(FAREWELL);
    this.#response.end();
  }

  #isStale(error: Error): boolean {
    const { connection } = this;
    if (!connection || connection.served === 0 || !STALE.has(codeOf(error))) return false;
    return connection.received === this.#receivedBefore;
  }

  /** A head whose body is yet to come must not wait for it: an event stream may be silent for minutes. */
  readonly #flushHead = (): void => {
    if (this.#headIsWaiting && !this.#response.destroyed) this.#response.flushHeaders();
  };

  readonly #onDrain = (): void => {
    this.#response.socket?.setTimeout(0);
    this.#controller?.resume();
  };

  readonly #onClientClose = (): void => {
    if (this.#response.writableFinished) return;
    this.#end('client_gone');
    this.#controller?.abort(new Error('the client left'));
  };

  #end(end: CarriageEnd): void {
    this.isOver = true;
    this.#expiry?.stop();
    this.#response.off('close', this.#onClientClose);
    this.#settle(end);
  }
}

function readRawHeaders(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  return Array.isArray(raw) ? raw.map(field => (typeof field === 'string' ? field : field.toString('latin1'))) : [];
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}
