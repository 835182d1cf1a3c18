/**
 * Sends the requests of a probe, one after the other: paced, counted, with a limit for each answer, and no more of them once
 * the server asks for fewer. Follows no redirect. The path and doubled fields go out as they are given, which `fetch` cannot do.
 */

import { type ClientRequest, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type HeaderList, NO_FIELDS } from '../../http/header-list.ts';
import { createLoopbackLookup } from './loopback-lookup.ts';
import { type Field, isOnLoopback } from './target.ts';

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
  readonly fields: HeaderList;
  /** Its first 64 KiB, as Latin-1. */
  readonly body: string;
  readonly failure?: string;
}

/** What the server reads about who asks. */
export const USER_AGENT = 'audgate-probe (tests whether this API checks its access tokens)';

/** Milliseconds. */
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
  readonly #answerTime: number;

  /** @param interval milliseconds between the starts of two requests. @param answerTime milliseconds for one answer. */
  constructor(interval: number, answerTime = ANSWER_TIME) {
    this.#interval = interval;
    this.#answerTime = answerTime;
  }

  /** How many were sent to this API. */
  get requests(): number {
    return this.#requests;
  }

  /** Requests in a row, up to now, without an answer or with 5xx. */
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
    const answer = await exchange(request, this.#answerTime).catch(error => noAnswer(describeError(error)));
    this.#watch(answer.status);
    return answer;
  }

  /** 429 (RFC 6585 section 4) says that there were too many requests. */
  #watch(status: number): void {
    this.#faults = status === 0 || status >= 500 ? this.#faults + 1 : 0;
    if (status === 429) this.stop('stopped: the server answered 429');
  }
}

function noAnswer(failure: string): Answer {
  return { status: 0, fields: NO_FIELDS, body: '', failure };
}

/** @param time milliseconds for the whole answer; once there is a head, it is the answer, whatever its body does. */
function exchange(asked: ProbeRequest, time: number): Promise<Answer> {
  return new Promise(resolve => {
    const request = openRequest(asked);
    let finish = () => end(noAnswer(`no answer within ${time / 1000} s`));
    const timer = setTimeout(() => finish(), time);
    const end = (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
      request.destroy();
    };
    request.on('error', (error: NodeJS.ErrnoException) => end(noAnswer(describeError(error))));
    request.on('upgrade', (_, socket) => socket.destroy());
    request.on('close', () => end(noAnswer('the connection was closed')));
    request.on('response', response => {
      let text = '';
      finish = () => end({ status: response.statusCode ?? 0, fields: response.rawHeaders, body: text });
      if (response.headers['content-type']?.startsWith('text/event-stream')) return finish();
      response.setEncoding('latin1').on('data', (piece: string) => {
        text = (text + piece).slice(0, LARGEST_BODY);
        if (text.length === LARGEST_BODY) finish();
      });
      response.on('end', finish).on('error', finish);
    });
    request.end(asked.body);
  });
}

/** A connection for each request: what one answer leaves behind changes no other. */
function openRequest({ url, host, method, path, fields, body }: ProbeRequest): ClientRequest {
  const sent: Field[] = [['Host', host], ['User-Agent', USER_AGENT], ['Connection', 'close'], ...fields];
  if (!fields.some(([name]) => name.toLowerCase() === 'accept')) sent.push(['Accept', '*/*']);
  if (body !== undefined) sent.push(['Content-Length', String(Buffer.byteLength(body))]);
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const lookup = isOnLoopback(url) ? { lookup: createLoopbackLookup() } : {};
  // The whole list, so that a field may stand in it twice.
  const options = { host: name, port: url.port, method, path, headers: sent.flat(), agent: false, ...lookup };
  return url.protocol === 'https:'
    ? requestHttps({ ...options, servername: serverNameOf(host) })
    : requestHttp(options);
}

/** An address is no name to be sent (RFC 6066 section 3). */
function serverNameOf(host: string): string {
  const name = host.replace(/:\d+$/, '');
  return isIP(name) || name.startsWith('[') ? '' : name;
}

function describeError({ code = 'an error' }: NodeJS.ErrnoException): string {
  return code === 'ECONNREFUSED' ? 'nobody listens there (ECONNREFUSED)' : `no answer (${code})`;
}
