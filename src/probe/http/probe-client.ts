/**
 * Sends the requests of a probe, one after the other: paced, counted, with a limit for each answer, and no more of them once
 * the server asks for fewer. Follows no redirect. The path and doubled fields go out as they are given, which `fetch` cannot do.
 */

import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import type { Field } from './target.ts';

export interface ProbeRequest {
  /** Where the connection goes. */
  readonly url: URL;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly fields: readonly Field[];
  readonly body?: string | undefined;
}

export interface Answer {
  /** 0: there was none, and `failure` says why. */
  readonly status: number;
  /** Names in lower case. */
  readonly fields: readonly Field[];
  /** Its first 64 KiB, as Latin-1. */
  readonly body: string;
  readonly failure?: string;
}

/** What the server reads about who asks. */
export const USER_AGENT = 'audgate-probe (tests whether this API checks its access tokens)';

/** Milliseconds for one answer. */
const ANSWER_TIME = 10_000;
const LARGEST_BODY = 64 * 1024;
/** For one API. */
const MOST_REQUESTS = 200;
const AT_LIMIT = `stopped after ${MOST_REQUESTS} requests`;

export class ProbeClient {
  #requests = 0;
  #nextAt = 0;
  #faults = 0;
  #stopped: string | undefined;
  readonly #interval: number;

  /** @param interval milliseconds between the starts of two requests. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /** How many were sent to this API. */
  get requests(): number {
    return this.#requests;
  }

  /** Answers 5xx in a row up to now. */
  get faultsInARow(): number {
    return this.#faults;
  }

  /** The next API has a limit of its own: of a configuration, each route is one. */
  startApi(): void {
    this.#requests = 0;
  }

  /** Sends nothing more. */
  stop(why: string): void {
    this.#stopped ??= why;
  }

  /** Why nothing more is sent. */
  get stopped(): string | undefined {
    return this.#stopped ?? (this.requests >= MOST_REQUESTS ? AT_LIMIT : undefined);
  }

  /** @returns the answer; one with status 0 where there is none, or where sending has been stopped. Never throws. */
  async send(request: ProbeRequest): Promise<Answer> {
    const { stopped } = this;
    if (stopped !== undefined) return noAnswer(stopped);
    const now = performance.now();
    const startAt = Math.max(now, this.#nextAt);
    this.#nextAt = startAt + this.#interval;
    if (startAt > now) await wait(startAt - now);
    this.#requests += 1;
    const answer = await exchange(request).catch(error => noAnswer(describeError(error)));
    this.#watch(answer.status);
    return answer;
  }

  /** 429 (RFC 6585 section 4) says that there were too many requests. */
  #watch(status: number): void {
    this.#faults = status >= 500 ? this.#faults + 1 : 0;
    if (status === 429) this.stop('stopped: the server answered 429');
  }
}

function noAnswer(failure: string): Answer {
  return { status: 0, fields: [], body: '', failure };
}

/** A connection for each request: what one answer leaves behind changes no other. */
function exchange({ url, host, method, path, fields, body }: ProbeRequest): Promise<Answer> {
  const sent: Field[] = [['Host', host], ['User-Agent', USER_AGENT], ['Connection', 'close'], ...fields];
  if (!fields.some(([name]) => name.toLowerCase() === 'accept')) sent.push(['Accept', '*/*']);
  if (body !== undefined) sent.push(['Content-Length', String(Buffer.byteLength(body))]);
  return new Promise(resolve => {
    const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
    // The whole list, so that a field may stand in it twice.
    const options = { host: name, port: url.port, method, path, headers: sent.flat(), agent: false };
    const request =
      url.protocol === 'https:' ? requestHttps({ ...options, servername: serverNameOf(host) }) : requestHttp(options);
    const timer = setTimeout(() => request.destroy(new Error('ETIMEDOUT')), ANSWER_TIME);
    const end = (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
      request.destroy();
    };
    request.on('error', (error: NodeJS.ErrnoException) => end(noAnswer(describeError(error))));
    request.on('upgrade', (_, socket) => socket.destroy());
    request.on('close', () => end(noAnswer('the connection was closed')));
    request.on('response', response => {
      const head = { status: response.statusCode ?? 0, fields: pairUp(response.rawHeaders) };
      let text = '';
      const finish = () => end({ ...head, body: text });
      // It may never end.
      if (response.headers['content-type']?.startsWith('text/event-stream')) return finish();
      response.setEncoding('latin1').on('data', (piece: string) => {
        text = (text + piece).slice(0, LARGEST_BODY);
        if (text.length === LARGEST_BODY) finish();
      });
      response.on('end', finish).on('error', finish);
    });
    request.end(body);
  });
}

/** An address is no name to be sent (RFC 6066 section 3). */
function serverNameOf(host: string): string {
  const name = host.replace(/:\d+$/, '');
  return /^[\d.]+$|^\[/.test(name) ? '' : name;
}

function describeError({ code, message }: NodeJS.ErrnoException): string {
  const name = code ?? (message === 'ETIMEDOUT' ? message : 'an error');
  if (name === 'ECONNREFUSED') return 'nobody listens there (ECONNREFUSED)';
  if (name === 'ETIMEDOUT') return `no answer within ${ANSWER_TIME / 1000} s`;
  return `no answer (${name})`;
}

function pairUp(rawHeaders: readonly string[]): Field[] {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ''] as const] : [],
  );
}
