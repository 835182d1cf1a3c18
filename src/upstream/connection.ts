/** One connection to an upstream, which knows what undici does not tell: whether it has served, how it ended, and whose it is. */

import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { ConnectError, readConnectError } from './failure.ts';

/** Handed along with a request, and given the connection that carries it. */
export interface ConnectionUser {
  connection: Connection | undefined;
  /** Whether nobody waits for the answer any more. */
  readonly isOver: boolean;
}

export type ConnectionOptions = Dispatcher.DispatchOptions & {
  readonly user: ConnectionUser;
  /** Opens the connection where it is not open yet. */
  readonly connect: buildConnector.connector;
};

export class Connection extends Client {
  /** Responses since it was opened. */
  served = 0;
  /** Whether it broke off. undici takes a body without a length as whole then, if all of its head was there. */
  hasFailed = false;
  #owner: Socket | undefined;
  #options: ConnectionOptions | undefined;
  #socket: Socket | undefined;
  readonly #onOwned: (connection: Connection, owner: Socket) => void;

  /** @param onOwned called once, when a client has become the only one that may use it. */
  constructor(origin: string, onOwned: (connection: Connection, owner: Socket) => void) {
    super(origin, { connect: (target, done) => this.#connect(target, done) });
    this.#onOwned = onOwned;
  }

  /** Whether it stands. */
  get isOpen(): boolean {
    return this.#socket !== undefined && !this.#socket.destroyed;
  }

  /** Bytes that came since it was opened. */
  get received(): number {
    return this.#socket?.bytesRead ?? 0;
  }

  /** The connection of the only client that may use it. */
  get owner(): Socket | undefined {
    return this.#owner;
  }

  /** From now on for requests of `owner` only, a client's connection, and closed with it. */
  ownedBy(owner: Socket): void {
    if (this.#owner) return;
    this.#owner = owner;
    this.#onOwned(this, owner);
  }

  send(options: ConnectionOptions, handler: Dispatcher.DispatchHandler): void {
    this.#options = options;
    options.user.connection = this;
    this.dispatch(options, handler);
  }

  #connect(target: buildConnector.Options, done: buildConnector.Callback): void {
    const { user, connect } = this.#options ?? {};
    // After a cancelled request undici opens a new connection, only to find that there is nothing to send.
    if (!connect || user?.isOver) {
      process.nextTick(done, new Error('nobody waits any more'), null);
      return;
    }
    let isSecuring = false;
    const opening: unknown = connect(target, (...[error, socket]) => {
      if (error) done(new ConnectError(readConnectError(error, isSecuring), error), null);
      else done(null, this.#watch(socket));
    });
    // Of a TLS socket, too, this is the event of its TCP connection.
    (opening as Socket).once('connect', () => {
      isSecuring = target.protocol === 'https:';
    });
  }

  #watch(socket: Socket): Socket {
    this.#socket = socket;
    this.served = 0;
    this.hasFailed = false;
    return socket.once('error', () => {
      this.hasFailed = true;
    });
  }
}
