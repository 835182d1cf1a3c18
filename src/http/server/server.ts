/** The connections of one listener. It does not listen itself: the caller accepts sockets, plain or TLS, and passes them in. */

import type { Socket } from 'node:net';
import type { Sweeper } from '../sweeper.ts';
import { ServerConnection } from './connection.ts';
import type { ServerContext, ServerEvents, ServerSettings } from './server-context.ts';

export class HttpServer implements ServerContext<ServerConnection> {
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
