/** One granted request over HTTP: streamed both ways, each side held back by the other, cancelled from either. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { FailureReason } from '../denial.ts';
import { createResponseHeaders, readReasonPhrase } from './response-headers.ts';

/** How carrying a request ended. `client_gone`: nobody waits for the answer any more. */
export type CarriedEnd = 'complete' | 'client_gone' | FailureReason;

export interface Carried {
  readonly end: CarriedEnd;
  /** Milliseconds from dispatch to the head of the response; `undefined` where none came. */
  readonly responseMs: number | undefined;
}

/** What is sent, all of it decided before. */
export interface OutgoingRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: string[];
  readonly hasBody: boolean;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
}

/** Errors of undici that say that we asked for something it would never send: a fault of ours. */
const OUR_FAULTS: ReadonlySet<unknown> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']);
const TIMEOUTS: ReadonlySet<unknown> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);

/** @returns what an error of a connection means to the client. */
export function failureOf(error: Error): FailureReason {
  return 'code' in error && TIMEOUTS.has(error.code) ? 'upstream_timeout' : 'upstream_unreachable';
}

/**
 * Sends `outgoing` with the body of `request`, and the answer into `response`.
 *
 * @returns how it ended. With a failure the response's head may be out already: then its body must be aborted, never
 *   ended, lest a cut one look whole (RFC 9112 section 8).
 * @throws where undici refuses to send what we asked for.
 */
export function forward(
  dispatcher: Dispatcher,
  outgoing: OutgoingRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Carried> {
  return new Promise((resolve, reject) => {
    const carriage = new Carriage(response, resolve, reject);
    dispatcher.dispatch({ ...outgoing, body: outgoing.hasBody ? detachBody(request) : null }, carriage);
  });
}

/**
 * undici destroys the body it is given when the upstream answers early; destroying the request would take the client's
 * connection with it, and the answer too.
 */
function detachBody(request: IncomingMessage): Readable {
  const body = new PassThrough();
  request.once('close', () => {
    if (!request.complete) body.destroy(new Error('the client left'));
  });
  return request.pipe(body);
}

class Carriage implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  readonly #resolve: (carried: Carried) => void;
  readonly #reject: (fault: Error) => void;
  readonly #startedAt = performance.now();
  #responseMs: number | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #headIsWaiting = false;

  constructor(response: ServerResponse, resolve: (carried: Carried) => void, reject: (fault: Error) => void) {
    this.#response = response;
    this.#resolve = resolve;
    this.#reject = reject;
    response.once('close', this.#onClientClose);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#response.destroyed) this.#onClientClose();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: unknown, phrase?: string): void {
    if (status < 200) return;
    this.#responseMs = performance.now() - this.#startedAt;
    const headers = createResponseHeaders(readRawHeaders(controller.rawHeaders));
    const reasonPhrase = readReasonPhrase(phrase);
    if (reasonPhrase === undefined) this.#response.writeHead(status, headers);
    else this.#response.writeHead(status, reasonPhrase, headers);
    this.#headIsWaiting = true;
    process.nextTick(this.#flushHead);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#headIsWaiting = false;
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once('drain', this.#onDrain);
  }

  onResponseEnd(): void {
    this.#headIsWaiting = false;
    this.#response.end();
    this.#end('complete');
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#response.destroyed) this.#end('client_gone');
    else if ('code' in error && OUR_FAULTS.has(error.code)) this.#reject(error);
    else this.#end(failureOf(error));
  }

  /** A head whose body is yet to come must not wait for it: an event stream may be silent for minutes. */
  readonly #flushHead = (): void => {
    if (this.#headIsWaiting && !this.#response.destroyed) this.#response.flushHeaders();
  };

  readonly #onDrain = (): void => {
    this.#controller?.resume();
  };

  readonly #onClientClose = (): void => {
    if (this.#response.writableFinished) return;
    this.#controller?.abort(new Error('the client left'));
    this.#end('client_gone');
  };

  #end(end: CarriedEnd): void {
    this.#resolve({ end, responseMs: this.#responseMs });
  }
}

function readRawHeaders(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  return Array.isArray(raw) ? raw.map(field => (typeof field === 'string' ? field : field.toString('latin1'))) : [];
}
