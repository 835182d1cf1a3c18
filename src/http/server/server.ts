/** The connections of one listener. It listens to nothing itself: whoever accepts a socket, plain or TLS, hands it over. */

import type { Socket } from 'node:net';
import type { Sweeper } from '../sweeper.ts';
import { ServerConnection } from './connection.ts';
import type { IncomingRequest } from './incoming-request.ts';

export interface ServerSettings {
  /** Bytes of a request's head, and of what is read ahead. */
  readonly headLimit: number;
  /** Milliseconds. */
  readonly timeouts: {
    /** From its first byte to the end of a head; of a connection's first request, from its acceptance. */
    readonly headers: number;
    /** For the next piece of a body, while it is wanted, and for the client to take what waits for it. */
    readonly body: number;
    /** Between two requests. */
    readonly keepAlive: number;
  };
}

export interface ServerEvents {
  /** A request, or what should have been one. Its `handler` must be set before this returns. */
  onRequest(request: IncomingRequest): void;
  /** A handler has thrown. Its connection is destroyed, and the process goes on. */
  onFault(fault: unknown): void;
}

export class HttpServer {
  /** May be replaced at any time: they hold from the next request on. */
  settings: ServerSettings;
  readonly events: ServerEvents;
  readonly #sweeper: Sweeper;
  readonly #connections = new Set<ServerConnection>();

  constructor(settings: ServerSettings, events: ServerEvents, sweeper: Sweeper) {
    this.settings = settings;
    this.events = events;
    this.#sweeper = sweeper;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** @param socket one that allows half-open connections, since its end is seen to here. */
  accept(socket: Socket): ServerConnection {
    const connection = new ServerConnection(socket, this);
    this.#connections.add(connection);
    this.#sweeper.add(connection);
    return connection;
  }

  /** Each connection closes after the response under way; what is idle closes now. */
  closeSoon(): void {
    for (const connection of this.#connections) connection.closeSoon();
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** Called by the connection. */
  onConnectionClose(connection: ServerConnection): void {
    this.#connections.delete(connection);
    this.#sweeper.remove(connection);
  }
}
