/**
 * The connections to one upstream, which outlive a reload that does not touch it: as many as there are requests at once.
 * One that authenticates whoever uses it is no longer shared: it belongs to the connection of one client.
 */

import type { Socket } from 'node:net';
import { buildConnector, type Dispatcher } from 'undici';
import { authenticatesConnection } from './authenticated-connection.ts';
import { Connection, type ConnectionUser } from './connection.ts';

/** Whom a request is sent for. */
export interface PoolUser extends ConnectionUser {
  /** The client's connection. */
  readonly client: Socket;
}

export type PoolOptions = Dispatcher.DispatchOptions & {
  readonly user: PoolUser;
  readonly headers: readonly string[];
  /** Milliseconds. */
  readonly connectTimeout: number;
};

export class ConnectionPool {
  readonly #origin: string;
  readonly #connections = new Set<Connection>();
  /** Open, and free for anybody; the one that served last is at the end. */
  readonly #idle: Connection[] = [];
  readonly #owned = new WeakMap<Socket, Connection>();
  /** By connect time-out. */
  readonly #connectors = new Map<number, buildConnector.connector>();
  #holders = 1;

  /** @param origin scheme, host and port: all that decides on name resolution, SNI, and the name that is verified. */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Sends a request: on the client's own connection where it has one, else on one that is free. */
  dispatch({ connectTimeout, ...options }: PoolOptions, handler: Dispatcher.DispatchHandler): void {
    const { client } = options.user;
    const connection = this.#owned.get(client) ?? this.#idle.pop() ?? this.#open();
    if (authenticatesConnection(options.headers)) connection.ownedBy(client);
    connection.send({ ...options, connect: this.#connectorFor(connectTimeout) }, handler);
  }

  /** @returns this pool, for a further holder. */
  retain(): this {
    this.#holders += 1;
    return this;
  }

  /** The last holder closes the connections, once the requests on them have finished. */
  async release(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    const open = [...this.#connections].filter(connection => !connection.destroyed);
    await Promise.all(open.map(connection => connection.close()));
  }

  async destroy(): Promise<void> {
    await Promise.all(Array.from(this.#connections, connection => connection.destroy()));
  }

  #open(): Connection {
    const connection = new Connection(this.#origin, this.#giveAway);
    this.#connections.add(connection);
    // Free for the next request; never before undici is done with the one before.
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

  readonly #giveAway = (connection: Connection, owner: Socket): void => {
    this.#owned.set(owner, connection);
    const close = () => {
      this.#connections.delete(connection);
      connection.destroy();
    };
    if (owner.destroyed) {
      close();
      return;
    }
    // One listener for each upstream that this client has authenticated itself to.
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
