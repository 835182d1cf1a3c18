/** What an error of a connection to an upstream means (RFC 9110 sections 15.6.3 and 15.6.5): the reason, and its cause. */

import type { Failure, FailureCause } from '../denial.ts';

/** The upstream ended its connection before its response was whole (RFC 9112 section 8). */
export const INCOMPLETE_RESPONSE: Failure = { reason: 'bad_upstream_response', cause: 'reset' };
export const MALFORMED_RESPONSE: Failure = { reason: 'bad_upstream_response', cause: 'malformed_response' };
export const CONNECT_TIMEOUT: Failure = { reason: 'upstream_timeout', cause: 'connect_timeout' };
export const RESPONSE_TIMEOUT: Failure = { reason: 'upstream_timeout', cause: 'response_timeout' };
export const IDLE_TIMEOUT: Failure = { reason: 'upstream_timeout', cause: 'idle_timeout' };

/** A connection could not be opened, so nothing was sent. */
export class ConnectError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.cause, { cause });
    this.failure = failure;
  }
}

const CONNECT_CAUSES: Readonly<Record<string, FailureCause>> = {
  ECONNREFUSED: 'refused',
  // Of a unix socket that is not there.
  ENOENT: 'refused',
  ECONNRESET: 'reset',
  EMFILE: 'too_many_open_files',
  ENFILE: 'too_many_open_files',
};

const RESPONSE_FAILURES: Readonly<Record<string, Failure>> = {
  UND_ERR_HEADERS_TIMEOUT: RESPONSE_TIMEOUT,
  UND_ERR_BODY_TIMEOUT: IDLE_TIMEOUT,
  UND_ERR_HEADERS_OVERFLOW: { reason: 'bad_upstream_response', cause: 'response_headers_too_large' },
  HPE_HEADER_OVERFLOW: { reason: 'bad_upstream_response', cause: 'response_headers_too_large' },
  HPE_INVALID_EOF_STATE: INCOMPLETE_RESPONSE,
  // A head that undici parses but does not expect, such as a 101 without Upgrade.
  ERR_ASSERTION: MALFORMED_RESPONSE,
  ECONNRESET: INCOMPLETE_RESPONSE,
  ECONNABORTED: INCOMPLETE_RESPONSE,
  EPIPE: INCOMPLETE_RESPONSE,
};

/** undici's messages for a connection that ended. Errors with the same code or name and another message mean bytes that are no response. */
const ENDED = /^(?:other side closed|closed)$|\(Invalid EOF state\)$/;

/**
 * @param isSecuring the TCP connection is open, its TLS handshake is not complete.
 * @returns the failure of a connection that could not be opened.
 */
export function readConnectError(error: Error, isSecuring: boolean): Failure {
  const code = codeOf(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return CONNECT_TIMEOUT;
  return { reason: 'upstream_unreachable', cause: isSecuring ? 'tls' : connectCauseOf(error, code) };
}

/**
 * @param hasHead the head of the response has come.
 * @returns the failure of a request that was sent.
 */
export function readResponseError(error: Error, hasHead: boolean): Failure {
  const code = codeOf(error);
  if (code === 'ETIMEDOUT') return hasHead ? IDLE_TIMEOUT : RESPONSE_TIMEOUT;
  if (code === 'UND_ERR_SOCKET' || error.name === 'HTTPParserError') {
    return ENDED.test(error.message) ? INCOMPLETE_RESPONSE : MALFORMED_RESPONSE;
  }
  // A body that is cut, or a head with two lengths.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return hasHead ? INCOMPLETE_RESPONSE : MALFORMED_RESPONSE;
  const known = Object.hasOwn(RESPONSE_FAILURES, code) ? RESPONSE_FAILURES[code] : undefined;
  if (known) return known;
  if (code.startsWith('HPE_')) return MALFORMED_RESPONSE;
  // An alert of TLS 1.3 may follow the handshake, such as one that asks for a certificate (RFC 8446 section 4.4.2.4).
  return { reason: 'bad_upstream_response', cause: /^ERR_(?:SSL|TLS)_|^EPROTO$/.test(code) ? 'tls' : 'other' };
}

export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function connectCauseOf(error: Error, code: string): FailureCause {
  const known = Object.hasOwn(CONNECT_CAUSES, code) ? CONNECT_CAUSES[code] : undefined;
  if (known) return known;
  return 'syscall' in error && error.syscall === 'getaddrinfo' ? 'dns' : 'other';
}
