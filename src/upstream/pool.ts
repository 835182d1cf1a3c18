/**
 * The connections to one upstream, kept over a reload that does not change it: as many as there are requests at once. One
 * that is authenticated as a whole is no longer shared: it serves one client's connection only.
 */

import type { Socket } from 'node:net';
import { buildConnector, type Dispatcher } from 'undici';
import type { HeaderList } from '../http/header-list.ts';
import { authenticatesConnection } from './authenticated-connection.ts';
import { type Attempt, Connection } from './connection.ts';

export type PoolOptions = Dispatcher.DispatchOptions & {
  readonly attempt: Attempt;
  readonly headers: HeaderList;
  /** Milliseconds. */
  readonly connectTimeout: number;
};

export class ConnectionPool {
  readonly #origin: string;
  readonly #connections = new Set<Connection>();
  /** Open, unused and without an owner; the one that was used last is at the end. */
  readonly #idle: Connection[] = [];
  readonly #owned = new WeakMap<Socket, Connection>();
  /** By connect time-out. */
  readonly #connectors = new Map<number, buildConnector.connector>();
  /** The configurations that use it. */
  #users = 1;

  /** @param origin scheme, host and port: all that decides on name resolution, SNI, and the name that is verified. */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Sends a request: on the client's own connection where it has one, else on one that is free. */
  dispatch({ connectTimeout, ...options }: PoolOptions, handler: Dispatcher.DispatchHandler): void {
    const { client } = options.attempt;
    const connection = this.#owned.get(client) ?? this.#idle.pop() ?? this.#open();
    if (authenticatesConnection(options.headers)) connection.reserveFor(client);
    connection.send({ ...options, connect: this.#connectorFor(connectTimeout) }, handler);
  }

  /** @returns this pool, for one configuration more. */
  retain(): this {
    this.#users += 1;
    return this;
  }

  /** The last user closes the connections, once the requests on them have finished. */
  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    const open = [...this.#connections].filter(connection => !connection.destroyed);
    await Promise.all(open.map(connection => connection.close()));
  }

  /** Closes the connections at once, also where another configuration uses them. */
  async destroy(): Promise<void> {
    await Promise.all(Array.from(this.#connections, connection => connection.destroy()));
  }

  #open(): Connection {
    const connection = new Connection(this.#origin, this.#onOwned);
    this.#connections.add(connection);
    // undici emits it when it is done with the request before: only then is the connection free for the next.
    connection.on('drain', () => {
      if (connection.owner) return;
      if (connection.isOpen) this.#idle.push(connection);
      else this.#connections.delete(connection);
    });
    connection.on('disconnect', () => {
      this.#forgetIdle(connection);
    });
    return connection;
  }

  readonly #onOwned = (connection: Connection, owner: Socket): void => {
    this.#owned.set(owner, connection);
    const close = () => {
      this.#connections.delete(connection);
      connection.destroy();
    };
    if (owner.destroyed) {
      close();
      return;
    }
    // One listener for each upstream to which this client has authenticated.
    owner.setMaxListeners(owner.getMaxListeners() + 1).once('close', close);
  };

  #forgetIdle(connection: Connection): void {
    const index = this.#idle.lastIndexOf(connection);
    if (index < 0) return;
    this.#idle.splice(index, 1);
    this.#connections.delete(connection);
  }

  #connectorFor(timeout: number): buildConnector.connector {
    const known = this.#connectors.get(timeout);
    if (known) return known;
    const connector = buildConnector({ timeout, allowH2: false });
    this.#connectors.set(timeout, connector);
    return connector;
  }
}
