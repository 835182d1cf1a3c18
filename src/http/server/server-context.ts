/** Limits and callbacks that the connections of a server share. */

import type { UnparsedReason } from '../message.ts';
import type { ParseFault } from '../parsing/parse-error.ts';
import type { IncomingRequest } from './incoming-request.ts';

export const UNPARSED: Readonly<Record<ParseFault, UnparsedReason>> = {
  malformed: 'malformed_request',
  too_large: 'headers_too_large',
  version: 'version_not_supported',
};

export interface ServerSettings {
  /** Bytes of a request's head, and of what is read ahead; from the next connection on. */
  readonly headLimit: number;
  /** Milliseconds. */
  readonly timeouts: {
    /** From its first byte to the end of a head; of a connection's first request, from its acceptance. */
    readonly headers: number;
    /** For the next piece of a body, while it is wanted, and for the client to take what waits for it. */
    readonly body: number;
    /** Between two requests. */
    readonly keepAlive: number;
  };
}

export interface ServerEvents {
  /** A request, or what should have been one. Its `handler` must be set before this returns. */
  onRequest(request: IncomingRequest): void;
  /** The head of a request has not come in time. Its connection closes, after a response where a part of it came. */
  onSlowHead(): void;
  /** `onRequest` has thrown, or a handler in its last call. The connection is destroyed, and the process goes on. */
  onFault(fault: unknown): void;
}

/** A server, as its connections know it. */
export interface ServerContext<Connection> {
  readonly settings: ServerSettings;
  readonly events: ServerEvents;
  onConnectionClose(connection: Connection): void;
}
