/** The connections of one listener. It does not listen itself: the caller accepts sockets, plain or TLS, and passes them in. */

import type { Socket } from 'node:net';
import type { Peer } from '../message.ts';
import type { Sweeper } from '../sweeper.ts';
import { ServerConnection } from './connection.ts';
import type { ServerContext, ServerEvents, ServerSettings } from './server-context.ts';

export class HttpServer implements ServerContext<ServerConnection> {
  /** May be replaced at any time: they hold from the next request on. */
  settings: ServerSettings;
  readonly events: ServerEvents;
  readonly #sweeper: Sweeper;
  readonly #connections = new Set<ServerConnection>();
  #keepsAlive = true;

  constructor(settings: ServerSettings, events: ServerEvents, sweeper: Sweeper) {
    this.settings = settings;
    this.events = events;
    this.#sweeper = sweeper;
  }

  get size(): number {
    return this.#connections.size;
  }

  /**
   * @param socket one that allows half-open connections, since its end is seen to here.
   * @param peer what is known of its other side; by default it is one of TCP.
   */
  accept(socket: Socket, peer: Peer = peerOf(socket)): ServerConnection {
    const connection = new ServerConnection(socket, peer, this);
    if (!this.#keepsAlive) connection.sender.endKeepAlive();
    this.#connections.add(connection);
    this.#sweeper.add(connection);
    return connection;
  }

  /** From now on each connection closes after the response under way, or else after its next one (`Connection: close`). */
  endKeepAlive(): void {
    this.#keepsAlive = false;
    for (const connection of this.#connections) connection.sender.endKeepAlive();
  }

  /** Closes the connections that are between two requests. */
  closeIdle(): void {
    for (const connection of this.#connections) if (connection.isKept) connection.socket.destroy();
  }

  /** Closes the connections that have not sent a byte. */
  closeSilent(): void {
    for (const connection of this.#connections) if (connection.socket.bytesRead === 0) connection.socket.destroy();
  }

  /** Closes the connections that have not sent a whole head. */
  closeWaiting(): void {
    for (const connection of this.#connections) {
      if (!connection.isWaiting) continue;
      this.events.onSlowHead();
      connection.socket.destroy();
    }
  }

  destroy(): void {
    for (const connection of this.#connections) connection.socket.destroy();
  }

  /** Called by the connection. */
  onConnectionClose(connection: ServerConnection): void {
    this.#connections.delete(connection);
    this.#sweeper.remove(connection);
  }
}

function peerOf({ remoteAddress: address }: Socket): Peer {
  return { address, isSecure: false };
}
