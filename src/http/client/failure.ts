/** What an error of a connection to an upstream means. */

import type { AttemptFailure } from '../message.ts';
import { ParseError } from '../parsing/parse-error.ts';

type Cause = AttemptFailure['cause'];

/** A time-out that was noticed by the sweep. */
export class TimeoutError extends Error {
  readonly timeout: 'connect_timeout' | 'response_timeout' | 'idle_timeout';

  constructor(timeout: TimeoutError['timeout']) {
    super(timeout);
    this.timeout = timeout;
  }

  /** @param hasHead of the response. */
  static of(isOpen: boolean, hasHead: boolean): TimeoutError {
    if (!isOpen) return new TimeoutError('connect_timeout');
    return new TimeoutError(hasHead ? 'idle_timeout' : 'response_timeout');
  }
}

const CONNECT_CAUSES: Readonly<Record<string, Cause>> = {
  ETIMEDOUT: 'connect_timeout',
  ECONNREFUSED: 'refused',
  // Of a unix socket that is not there, or that may not be written to.
  ENOENT: 'refused',
  EACCES: 'refused',
  ECONNRESET: 'reset',
  EMFILE: 'too_many_open_files',
  ENFILE: 'too_many_open_files',
};

interface Circumstances {
  readonly stage: 'connecting' | 'securing' | 'open' | 'closed';
  /** Of the response. */
  readonly hasHead: boolean;
  /** The connection has served before, and no byte came since the request was sent. */
  readonly isUntouched: boolean;
}

/** @param error `undefined`: the upstream has ended its connection. */
export function describeFailure(
  error: Error | undefined,
  { stage, hasHead, isUntouched }: Circumstances,
): AttemptFailure {
  const code = codeOf(error);
  if (stage !== 'open') return { cause: readConnectError(error, stage === 'securing'), stage: 'unsent', code };
  const isStale = isUntouched && !(error instanceof TimeoutError);
  return { cause: readResponseError(error, hasHead), stage: isStale ? 'stale' : 'sent', code };
}

/** @param isSecuring the TCP connection stands, and TLS does not yet. */
function readConnectError(error: Error | undefined, isSecuring: boolean): Cause {
  if (error instanceof TimeoutError) return error.timeout;
  const code = codeOf(error) ?? '';
  if (isSecuring && code !== 'ETIMEDOUT') return 'tls';
  const known = Object.hasOwn(CONNECT_CAUSES, code) ? CONNECT_CAUSES[code] : undefined;
  if (known) return known;
  return error && 'syscall' in error && error.syscall === 'getaddrinfo' ? 'dns' : 'other';
}

/** @param hasHead the head of the response has come. */
function readResponseError(error: Error | undefined, hasHead: boolean): Cause {
  if (error === undefined) return 'reset';
  if (error instanceof TimeoutError) return error.timeout;
  if (error instanceof ParseError)
    return error.fault === 'too_large' && !hasHead ? 'response_headers_too_large' : 'malformed_response';
  const code = codeOf(error) ?? '';
  if (code === 'ETIMEDOUT') return hasHead ? 'idle_timeout' : 'response_timeout';
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED') return 'reset';
  // An alert of TLS 1.3 may follow the handshake, such as one that requires a certificate (RFC 8446 section 4.4.2.4).
  return /^ERR_(?:SSL|TLS)_|^EPROTO$/.test(code) ? 'tls' : 'other';
}

/** Of OpenSSL's text, where a write fails because of it: `write EPROTO …:error:0A00010B:SSL routines:…:wrong version number:…`. */
const SSL_REASON = /:SSL routines:[^:]*:([a-z0-9 ]+):/;

function codeOf(error: Error | undefined): string | undefined {
  const code = error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const [, reason] = code === 'EPROTO' ? (SSL_REASON.exec(error?.message ?? '') ?? []) : [];
  return reason ? `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}` : code;
}
