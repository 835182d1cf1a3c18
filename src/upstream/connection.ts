/** One connection to an upstream. It adds to undici's: how many responses it had, whether it failed, and which client owns it. */

import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { ConnectError, readConnectError } from './failure.ts';

/** One attempt to send a request. */
export interface Attempt {
  /** The client's connection. */
  readonly client: Socket;
  /** The one that it is sent on; set when it is dispatched. */
  connection: Connection | undefined;
  /** Whether it has ended, so that no response is wanted any more. */
  readonly isOver: boolean;
}

export type ConnectionOptions = Dispatcher.DispatchOptions & {
  readonly attempt: Attempt;
  /** Opens the connection where it is not open yet. */
  readonly connect: buildConnector.connector;
};

export class Connection extends Client {
  /** Responses since it was opened. */
  served = 0;
  /** Whether it ended with an error. undici still reports a body without a length as complete then. */
  hasFailed = false;
  #owner: Socket | undefined;
  #options: ConnectionOptions | undefined;
  #socket: Socket | undefined;
  readonly #onOwned: (connection: Connection, owner: Socket) => void;

  /** @param onOwned called once, when a client has become its owner. */
  constructor(origin: string, onOwned: (connection: Connection, owner: Socket) => void) {
    super(origin, { connect: (target, done) => this.#connect(target, done) });
    this.#onOwned = onOwned;
  }

  /** Whether its socket is open. */
  get isOpen(): boolean {
    return this.#socket !== undefined && !this.#socket.destroyed;
  }

  /** Bytes received since it was opened. */
  get received(): number {
    return this.#socket?.bytesRead ?? 0;
  }

  /** The connection of the only client that may use it. */
  get owner(): Socket | undefined {
    return this.#owner;
  }

  /** From now on only for requests of the client's connection `owner`, and closed with it. */
  reserveFor(owner: Socket): void {
    if (this.#owner) return;
    this.#owner = owner;
    this.#onOwned(this, owner);
  }

  send(options: ConnectionOptions, handler: Dispatcher.DispatchHandler): void {
    this.#options = options;
    options.attempt.connection = this;
    this.dispatch(options, handler);
  }

  #connect(target: buildConnector.Options, done: buildConnector.Callback): void {
    const { attempt, connect } = this.#options ?? {};
    // After a cancelled request undici opens a new connection, and only then finds that there is nothing to send.
    if (!connect || attempt?.isOver) {
      process.nextTick(done, new Error('the request has ended'), null);
      return;
    }
    let isSecuring = false;
    const opening: unknown = connect(target, (...[error, socket]) => {
      if (error) done(new ConnectError(readConnectError(error, isSecuring), error), null);
      else done(null, this.#watch(socket));
    });
    // A TLS socket, too, emits it when its TCP connection is open.
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
