/** Why a handshake failed, as a label of the metric. */

import type { HandshakeFailure } from '../../telemetry/metrics/connection-causes.ts';

/** By the code of OpenSSL's error. What is not listed is `malformed` where it is about bytes of the client, else `other`. */
const CAUSES: readonly (readonly [RegExp, HandshakeFailure])[] = [
  [/UNSUPPORTED_PROTOCOL|UNKNOWN_PROTOCOL|VERSION_TOO_LOW|WRONG_VERSION_NUMBER|INAPPROPRIATE_FALLBACK/, 'version'],
  [/NO_SHARED_CIPHER|NO_SHARED_GROUP|NO_SUITABLE|NO_APPLICATION_PROTOCOL|NO_CIPHERS/, 'no_common_parameters'],
  [/_ALERT_/, 'client_alert'],
  [/^ERR_SSL_/, 'malformed'],
];

/** @param code of the error; `undefined` where the client has just closed the connection. */
export function findHandshakeFailure(code: string | undefined): HandshakeFailure {
  if (code === undefined || /^(?:ECONNRESET|EPIPE|ECANCELED|ETIMEDOUT)$/.test(code)) return 'client_gone';
  return CAUSES.find(([codes]) => codes.test(code))?.[1] ?? 'other';
}
