/** One connection of a pool to an upstream, which knows what undici does not tell: whether it has served, and how it ended. */

import { buildConnector, Client, type Dispatcher, Pool } from 'undici';

/** Handed along with a request, and given the connection that carries it. */
export interface ConnectionUser {
  connection: Connection | undefined;
}

type DispatchOptions = Dispatcher.DispatchOptions & { readonly user?: ConnectionUser };

export class Connection extends Client {
  /** Responses since it was opened. */
  served = 0;
  /** Whether it broke off. undici takes a body without a length as whole then, if all of its head was there. */
  hasFailed = false;

  constructor(url: URL, options: Client.Options, connect: buildConnector.connector) {
    super(url, {
      ...options,
      connect: (target, done) =>
        connect(target, (...[error, socket]) => {
          if (error) return done(error, null);
          this.served = 0;
          this.hasFailed = false;
          socket.once('error', () => {
            this.hasFailed = true;
          });
          return done(null, socket);
        }),
    });
  }

  override dispatch(options: DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (options.user) options.user.connection = this;
    return super.dispatch(options, handler);
  }
}

/** @returns kept-alive connections to `origin`, as many as there are requests at once. */
export function createPool(origin: string, connectTimeout: number): Pool {
  const connect = buildConnector({ timeout: connectTimeout, allowH2: false });
  return new Pool(origin, { factory: (url, options) => new Connection(url, options as Client.Options, connect) });
}
