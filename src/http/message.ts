/**
 * Requests and responses as the gateway sees them. Nothing here depends on HTTP/1.1: how a body is framed, and whether a
 * connection is used again, is decided below this interface.
 */

import type { Socket } from 'node:net';
import type { HeaderList } from './header-list.ts';

/** Bytes; `unknown`: there is a body, of a length that is not known beforehand; `none`: there is no body and no length. */
export type BodyLength = number | 'unknown' | 'none';

export interface RequestHead {
  readonly method: string;
  /** The request target (RFC 9112 section 3.2), as sent: visible ASCII characters only. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** As sent, those included that belong to the connection. */
  readonly fields: HeaderList;
  readonly body: BodyLength;
  /** RFC 9110 section 10.1.1. `continue`: the client waits for 100 before it sends its body. `unknown`: for something else. */
  readonly expects: 'nothing' | 'continue' | 'unknown';
  /** What the client would like to switch to (RFC 9110 section 7.8), as sent. May be ignored. */
  readonly protocol: string | undefined;
}

/** A request to an upstream. Fields that belong to a connection, Host and Content-Length are left out of what is sent. */
export interface OutgoingRequest {
  readonly method: string;
  readonly target: string;
  /** The value of Host. */
  readonly authority: string;
  readonly fields: HeaderList;
  readonly body: BodyLength;
  /** Switch to this protocol (RFC 9110 section 7.8). */
  readonly protocol?: string | undefined;
}

export interface ResponseHead {
  readonly status: number;
  /** Empty: the usual one is sent. */
  readonly reason: string;
  readonly fields: HeaderList;
  /** For a response to HEAD and for a 304, which have no body, the length that another response would have had. */
  readonly body: BodyLength;
  /** What the client may switch to instead, as of a 426: the value of Upgrade (RFC 9110 section 7.8). */
  readonly offered?: string | undefined;
}

/** The other side of a client's connection, as it was when the connection was accepted. */
export interface Peer {
  /** Of IP; `unix:` over a unix socket; `undefined` where it closed at once. */
  readonly address: string | undefined;
  /** Whether the connection is TLS. */
  readonly isSecure: boolean;
}

/** Why a request could not be read. */
export type UnparsedReason =
  | 'malformed_request'
  | 'headers_too_large'
  | 'version_not_supported'
  /** Its head did not come in time. */
  | 'request_timeout';

/** How a request ended for the client. */
export type RequestEnd =
  /** The whole response was handed to the operating system. */
  | 'complete'
  /** Its connection ended before. */
  | 'client_gone'
  /** It did not read its response in time. */
  | 'slow_reader'
  /** `abort` was called, or the response could not be finished as it was begun. */
  | 'aborted'
  /** The connection was handed over. */
  | 'detached';

/**
 * Callbacks of one request. One object for each: `onClose` is called once and last, the other methods only between the
 * call of `startBody` and then, and none of them after `onClose`.
 */
export interface RequestHandler {
  /** @returns whether the next piece may come at once; else `resumeBody` is called when it may. */
  onBody(piece: Buffer): boolean;
  onBodyEnd(): void;
  /** The rest of the body cannot be had. The connection closes with the response. */
  onBodyError(reason: 'malformed_request' | 'request_timeout'): void;
  /** After `write` returned false: the client has taken what was written. */
  onClientReady(): void;
  onClose(end: RequestEnd): void;
  /**
   * One of these methods has thrown. What is called before this returns may still respond; the connection closes in any case,
   * and `onClose` follows, unless it was `onClose` that has thrown.
   */
  onFault(fault: unknown): void;
}

/** Why an attempt failed, and whether its request can have reached the upstream. */
export interface AttemptFailure {
  readonly cause:
    | 'dns'
    | 'refused'
    | 'connect_timeout'
    | 'tls'
    | 'reset'
    | 'malformed_response'
    | 'response_headers_too_large'
    | 'response_timeout'
    | 'idle_timeout'
    | 'too_many_open_files'
    | 'other';
  /** `unsent`: no byte was written. `stale`: the connection had served before, and no byte came back. `sent`: all else. */
  readonly stage: 'unsent' | 'stale' | 'sent';
  /** The error of the connection, for the log; a message of a parser is never in it. */
  readonly code: string | undefined;
}

/** Callbacks of one attempt to get a response. `onEnd`, `onFailure` or `onSwitch` is called once and last. */
export interface AttemptHandler {
  /** An interim response other than 101 (RFC 9110 section 15.2). */
  onInterim(status: number, fields: HeaderList): void;
  onResponse(head: ResponseHead): void;
  /** @returns whether the next piece may come at once; else `resume` is called when it may. */
  onData(piece: Buffer): boolean;
  onEnd(): void;
  /** After `write` returned false: the upstream has taken what was written. */
  onUpstreamReady(): void;
  onFailure(failure: AttemptFailure): void;
  /** A 101 to the protocol that was asked for. The connection is no longer HTTP: its bytes begin with `rest`. */
  onSwitch(head: ResponseHead, socket: Socket, rest: Buffer): void;
  /** One of these methods has thrown: its connection is destroyed. Called last, whatever was called before. */
  onFault(fault: unknown): void;
}
