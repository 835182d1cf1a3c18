/** `access_log`: which fields of the access log can be left out. What each is: docs/reference/access-log.md. */

/** Beside these a line has `level`, `time` and `msg`, as every line of the log, and `truncated`, without which its values could not be trusted. */
export const OMITTABLE_FIELDS = [
  'request_id',
  'trace_id',
  'via',
  'client',
  'route',
  'resource',
  'method',
  'host',
  'path',
  'status',
  'outcome',
  'reason',
  'cause',
  'tls_error',
  'error_code',
  'upstream',
  'enforcement',
  'bytes_in',
  'bytes_out',
  'duration_ms',
  'upstream_ms',
  'iss',
  'sub',
  'client_id',
  'aud',
  'scope',
  'jti',
  'exp',
  'typ',
  'kind',
  'unverified',
] as const;

export type OmittableField = (typeof OMITTABLE_FIELDS)[number];

/** Those without which `simulate` cannot judge lines that it could judge with them. */
export const REPLAYED_FIELDS: readonly OmittableField[] = [
  'route',
  'resource',
  'method',
  'host',
  'path',
  'outcome',
  'reason',
  'enforcement',
  'duration_ms',
  'iss',
  'client_id',
  'aud',
  'scope',
  'exp',
  'typ',
  'kind',
];
