/** What a failed attempt means (RFC 9110 sections 15.6.3 and 15.6.5): the reason, and its cause. */

import type { Failure } from '../denial.ts';
import type { AttemptFailure } from '../http/message.ts';
import { readTlsError } from './tls-error.ts';

/** The upstream ended its connection before its response was whole (RFC 9112 section 8). */
export const INCOMPLETE_RESPONSE: Failure = { reason: 'bad_upstream_response', cause: 'reset' };
export const MALFORMED_RESPONSE: Failure = { reason: 'bad_upstream_response', cause: 'malformed_response' };
/** Every endpoint is left out, since none could be connected to: nothing was tried. */
export const UNHEALTHY: Failure = { reason: 'upstream_unreachable', cause: 'unhealthy' };
export const RESPONSE_TIMEOUT: Failure = { reason: 'upstream_timeout', cause: 'response_timeout' };

/** Of the operating system or of Node.js, as `EHOSTUNREACH`; nothing of it is the upstream's. */
const ERROR_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

const TIMEOUTS: ReadonlySet<AttemptFailure['cause']> = new Set(['connect_timeout', 'response_timeout', 'idle_timeout']);

/** @returns the failure that is recorded: unreachable where no connection was opened, so that nothing was sent. */
export function readFailure({ cause, stage, code }: AttemptFailure): Failure {
  if (TIMEOUTS.has(cause)) return { reason: 'upstream_timeout', cause };
  const reason = stage === 'unsent' ? 'upstream_unreachable' : 'bad_upstream_response';
  if (cause === 'tls') return { reason, cause, tlsError: readTlsError(code) };
  return cause === 'other' && code !== undefined && ERROR_CODE.test(code)
    ? { reason, cause, errorCode: code }
    : { reason, cause };
}
