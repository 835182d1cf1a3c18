/** One of several instances of an API, at a place that stays the same when it is stopped and started again. */

import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { SWITCHING } from './switching.ts';

/** A server that can be stopped and started again at its place, as an instance that is deployed anew. */
export class Instance {
  readonly name: string;
  readonly place: number | string;
  readonly sockets = new Set<Socket>();
  /** Method, target and Host of each request, also of those that are not answered. */
  readonly seen: string[] = [];
  /** Default: 200 with its name. */
  answer: RequestListener | undefined;
  #server: Server | undefined;

  constructor(name: string, place: number | string) {
    this.name = name;
    this.place = place;
  }

  /** As `upstream` of a route has it. */
  get url(): string {
    return typeof this.place === 'string' ? `unix:${this.place}` : `http://127.0.0.1:${this.place}`;
  }

  /** As log and metrics have it. */
  get label(): string {
    return typeof this.place === 'string' ? this.place : `127.0.0.1:${this.place}`;
  }

  async start(): Promise<void> {
    this.answer = undefined;
    const server = createServer((req, res) => {
      this.seen.push(`${req.method} ${req.url} ${req.headers.host}`);
      if (this.answer) this.answer(req, res);
      else req.resume().on('end', () => res.end(this.name));
    });
    server.on('connection', socket => this.sockets.add(socket));
    server.on('upgrade', (_req, socket) => socket.end(SWITCHING));
    this.#server = server;
    await new Promise<void>(resolve => {
      if (typeof this.place === 'string') server.listen(this.place, resolve);
      else server.listen(this.place, '127.0.0.1', resolve);
    });
  }

  /** As a process that is killed: what is open is reset, what comes is refused. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && new Promise(resolve => server.close(resolve));
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.sockets.clear();
    await closed;
  }
}
