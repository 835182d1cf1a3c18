/** One connection of a pool to an upstream, which knows what undici does not tell: whether it has served, and how it ended. */

import type { Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher, Pool } from 'undici';

/** Handed along with a request, and given the connection that carries it. */
export interface ConnectionUser {
  connection: Connection | undefined;
  /** Whether nobody waits for the answer any more. */
  readonly isOver: boolean;
}

type DispatchOptions = Dispatcher.DispatchOptions & { readonly user?: ConnectionUser };

export class Connection extends Client {
  /** Responses since it was opened. */
  served = 0;
  /** Whether it broke off. undici takes a body without a length as whole then, if all of its head was there. */
  hasFailed = false;
  #user: ConnectionUser | undefined;
  #socket: Socket | undefined;

  constructor(url: URL, options: Client.Options, connect: buildConnector.connector) {
    super(url, {
      ...options,
      connect: (target, done) => {
        // After a cancelled request undici opens a new connection, only to find that there is nothing to send.
        if (this.#user?.isOver) process.nextTick(done, new Error('nobody waits any more'), null);
        else connect(target, (...[error, socket]) => (error ? done(error, null) : done(null, this.#watch(socket))));
      },
    });
  }

  /** Bytes that came since it was opened. */
  get received(): number {
    return this.#socket?.bytesRead ?? 0;
  }

  #watch(socket: Socket): Socket {
    this.#socket = socket;
    this.served = 0;
    this.hasFailed = false;
    return socket.once('error', () => {
      this.hasFailed = true;
    });
  }

  override dispatch(options: DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#user = options.user;
    if (options.user) options.user.connection = this;
    return super.dispatch(options, handler);
  }
}

/** @returns kept-alive connections to `origin`, as many as there are requests at once. */
export function createPool(origin: string, connectTimeout: number): Pool {
  const connect = buildConnector({ timeout: connectTimeout, allowH2: false });
  return new Pool(origin, { factory: (url, options) => new Connection(url, options as Client.Options, connect) });
}
