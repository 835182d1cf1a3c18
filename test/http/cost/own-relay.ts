/** A relay over `src/http`. */

import { createServer } from 'node:net';
import type { Attempt } from '../../../src/http/client/attempt.ts';
import { createConnector } from '../../../src/http/client/connector.ts';
import { Pool } from '../../../src/http/client/pool.ts';
import { reduceFields, valuesOf } from '../../../src/http/header-list.ts';
import type { AttemptHandler, RequestEnd, RequestHandler, ResponseHead } from '../../../src/http/message.ts';
import type { IncomingRequest } from '../../../src/http/server/incoming-request.ts';
import { HttpServer } from '../../../src/http/server/server.ts';
import { Sweeper } from '../../../src/http/sweeper.ts';
import { announce } from './reports.ts';

const sweeper = new Sweeper();
const onFault = (fault: unknown) => {
  throw fault;
};
const pool = new Pool({
  connect: createConnector({ host: '127.0.0.1', port: Number(process.argv[2]) }),
  sweeper,
  head: 16_384,
  idle: 60_000,
  maxAge: 600_000,
});
const TIMES = { connect: 5_000, response: 60_000, idle: 60_000 };
let served = 0;

class Relay implements RequestHandler, AttemptHandler {
  readonly #request: IncomingRequest;
  readonly #attempt: Attempt;

  constructor(request: IncomingRequest) {
    this.#request = request;
    request.handler = this;
    const { method, target, body } = request.head;
    const fields = reduceFields(request.head.fields, keepField, ['X-Forwarded-For', '127.0.0.1']);
    const authority = valuesOf(request.head.fields, 'host')[0] ?? '';
    this.#attempt = pool.send({ method, target, authority, fields, body }, this, TIMES);
    if (body !== 'none') request.startBody();
  }

  onBody(piece: Buffer): boolean {
    return this.#attempt.write(piece);
  }

  onBodyEnd(): void {
    this.#attempt.end();
  }

  onBodyError(): void {
    this.#attempt.abort();
  }

  onClientReady(): void {
    this.#attempt.resume();
  }

  onUpstreamReady(): void {
    this.#request.resumeBody();
  }

  onClose(end: RequestEnd): void {
    served += 1;
    if (end !== 'complete') this.#attempt.abort();
  }

  onInterim(): void {
    // Dropped.
  }

  onResponse(head: ResponseHead): void {
    this.#request.start(head);
  }

  onData(piece: Buffer): boolean {
    return this.#request.write(piece);
  }

  onEnd(): void {
    this.#request.end();
  }

  onFailure(): void {
    this.#request.abort();
  }

  onSwitch(): void {
    this.#request.abort();
  }

  onFault(fault: unknown): void {
    onFault(fault);
  }
}

function keepField(kept: string[], name: string, value: string): string[] {
  if (name.length !== 4 || name.toLowerCase() !== 'host') kept.push(name, value);
  return kept;
}

const settings = { headLimit: 16_384, timeouts: { headers: 30_000, body: 60_000, keepAlive: 75_000 } };
const onSlowHead = () => undefined;
const server = new HttpServer(
  settings,
  { onRequest: request => void new Relay(request), onSlowHead, onFault },
  sweeper,
);
const listener = createServer({ allowHalfOpen: true }, socket => void server.accept(socket));
announce(listener, () => served);
