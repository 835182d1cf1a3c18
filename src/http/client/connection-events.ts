/** Limits of a connection to an upstream, and its callbacks to the pool. */

import type { Socket } from 'node:net';

export interface ConnectionEvents<Connection> {
  /** It may be used again, though not in this turn of the event loop. */
  onIdle(connection: Connection): void;
  onClose(connection: Connection): void;
  /** From now on it is for `owner` only. */
  onReserved(connection: Connection, owner: Socket): void;
}

export interface ConnectionLimits {
  /** Bytes of a response's head. */
  readonly head: number;
  /** Milliseconds that it is kept without a request, and since it was opened. */
  readonly idle: number;
  readonly maxAge: number;
}
