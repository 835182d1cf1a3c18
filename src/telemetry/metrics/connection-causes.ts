/** Why connections of clients end before their time: closed lists, for labels. */

/** Why the gateway ended a connection or a stream that was not a refusal. */
export const END_CAUSES = [
  'connection_limit',
  'unknown_peer',
  'slow_headers',
  'slow_reader',
  'idle_tunnel',
  'token_expired',
  'token_revoked',
  'drain',
  'drain_limit',
] as const;

export type EndCause = (typeof END_CAUSES)[number];

/** Why a client's TLS handshake failed. */
export const HANDSHAKE_FAILURES = [
  'version',
  'no_common_parameters',
  'client_alert',
  'client_gone',
  'timeout',
  'plain_http',
  'malformed',
  'other',
] as const;

export type HandshakeFailure = (typeof HANDSHAKE_FAILURES)[number];
