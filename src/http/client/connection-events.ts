/** Limits of a connection to an upstream, and its callbacks to the pool. */

import type { Socket } from 'node:net';

export interface ConnectionEvents<Connection> {
  /** It may be used again, though not in this turn of the event loop. */
  onIdle(connection: Connection): void;
  onClose(connection: Connection): void;
  /** Bytes came that no request asked for (RFC 9112 section 9.2). It must be closed, so that they are not taken for the next response. */
  onUnsolicited(connection: Connection): void;
  /** From now on it is for `owner` only. */
  onReserved(connection: Connection, owner: Socket): void;
}

export interface ConnectionLimits {
  /** Bytes of a response's head. */
  readonly head: number;
  /** Whether malformed responses of old servers are read: see lenient/. */
  readonly lenient?: boolean;
  /** Milliseconds that it is kept without a request, and since it was opened. With an `idle` of 0 it serves one request. */
  readonly idle: number;
  readonly maxAge: number;
}
