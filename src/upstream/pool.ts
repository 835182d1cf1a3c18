/** The connections to one upstream, kept over a reload that does not change it. */

import type { Socket } from 'node:net';
import type { Attempt, AttemptTimes } from '../http/client/attempt.ts';
import { type ConnectTarget, createConnector } from '../http/client/connector.ts';
import { Pool } from '../http/client/pool.ts';
import type { AttemptHandler, OutgoingRequest } from '../http/message.ts';
import type { Sweeper } from '../http/sweeper.ts';

/** Bytes of a response's head. */
const HEAD_LIMIT = 16 * 1024;
/** Milliseconds that a connection is kept without a request, and since it was opened. */
const IDLE_TIME = 60_000;
const MAX_AGE = 600_000;

export class ConnectionPool {
  /** The value of Host. */
  readonly authority: string;
  readonly #pool: Pool;
  /** The configurations that use it. */
  #users = 1;

  /** @param origin scheme, host and port: all that decides on name resolution, SNI, and the name that is verified. */
  constructor(origin: string, sweeper: Sweeper) {
    this.authority = new URL(origin).host;
    const connect = createConnector(readTarget(origin));
    this.#pool = new Pool({ connect, sweeper, head: HEAD_LIMIT, idle: IDLE_TIME, maxAge: MAX_AGE });
  }

  /**
   * Sends a request: on the connection that is reserved for `client` where there is one, else on one that is free.
   *
   * @throws TypeError where the request cannot be sent as what it is.
   */
  send(request: OutgoingRequest, handler: AttemptHandler, times: AttemptTimes, client: Socket): Attempt {
    return this.#pool.send(request, handler, times, client);
  }

  /** @returns this pool, for one configuration more. */
  retain(): this {
    this.#users += 1;
    return this;
  }

  /** The last user closes the connections, once the requests on them have finished. */
  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users === 0) await this.#pool.close();
  }

  /** Closes the connections at once, also where another configuration uses them. */
  destroy(): void {
    this.#pool.destroy();
  }
}

function readTarget(origin: string): ConnectTarget {
  const { protocol, hostname, port } = new URL(origin);
  const isSecure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(port || (isSecure ? 443 : 80)), ...(isSecure && { tls: {} }) };
}
