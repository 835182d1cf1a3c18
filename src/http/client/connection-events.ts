/** What a connection to an upstream is held to, and what it tells its pool. */

export interface ConnectionEvents<Connection> {
  /** It may be used again, though not in this turn of the event loop. */
  onIdle(connection: Connection): void;
  onClose(connection: Connection): void;
  /** An attempt's handler has thrown. The connection is destroyed. */
  onFault(fault: unknown): void;
}

export interface ConnectionLimits {
  /** Bytes of a response's head. */
  readonly head: number;
  /** Milliseconds that it is kept without a request, and since it was opened. */
  readonly idle: number;
  readonly maxAge: number;
}
