/** One request, on a connection of its own. */

import { request } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { StartedProcess } from './processes.ts';

const READY_WITHIN = 60_000;
const POLL = 50;

export interface ProbedAnswer {
  readonly status: number;
  readonly challenge: string | undefined;
}

/** What is asked, and whether by https; its certificate is not verified. */
export interface Probed {
  readonly port: number;
  readonly isSecure?: boolean;
}

/** @param token sent in Authorization, where there is one. */
export function probe({ port, isSecure = false }: Probed, path: string, token?: string): Promise<ProbedAnswer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const ask = isSecure ? requestSecurely : request;
    ask({ host: '127.0.0.1', port, path, headers, agent: false, rejectUnauthorized: false }, response => {
      response.resume();
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, challenge: response.headers['www-authenticate'] }),
      );
    })
      .on('error', reject)
      .end();
  });
}

/** Repeats the request until it is answered with 200. @throws where `server` ends, or takes too long. */
export async function waitForAnswer(
  asked: number | Probed,
  path: string,
  server: StartedProcess,
  token?: string,
): Promise<void> {
  const target = typeof asked === 'number' ? { port: asked } : asked;
  let last = 'nothing';
  for (const end = Date.now() + READY_WITHIN; Date.now() < end; await delay(POLL)) {
    if (server.hasEnded()) throw new Error(`it ended before it answered: ${server.stderr()}`);
    last = await probe(target, path, token).then(
      answer => String(answer.status),
      () => 'no connection',
    );
    if (last === '200') return;
  }
  throw new Error(`it did not get ready: ${last} ${server.stderr()}`);
}

/** @returns the body of the response to a GET. */
export function readText(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent: false }, async response => {
      let text = '';
      for await (const piece of response.setEncoding('utf8')) text += piece;
      resolve(text);
    })
      .on('error', reject)
      .end();
  });
}
