/**
 * The fields of the access log, in the order in which access-line.ts writes them. The access log reference is generated from
 * this table, and a test holds it equal to the lines that are written. A field that has no value is left out of the line.
 */

export interface AccessLogField {
  readonly name: string;
  /** `timestamp`: a string as in RFC 3339, in UTC, with milliseconds. */
  readonly type: 'string' | 'array of strings' | 'integer' | 'number' | 'boolean' | 'timestamp';
  /** When the field is in the line. */
  readonly present:
    | 'always'
    | 'on a route that is not public'
    | 'denied, reported or failed'
    | 'failed'
    | 'failed, and the cause is tls'
    | 'sent to an upstream'
    | 'sent to an upstream that responded'
    | 'the token verified, also where it has expired since'
    | 'the token verified and has this claim as a string'
    | 'the token verified and has a typ'
    | 'the token verified and names itself no access token'
    | 'a value was cut';
  readonly description: string;
  /** Never shortened by `fitLine`: the value is not from the caller, so it is short, and readers of the log need it. */
  readonly isNeverCut?: true;
}

export const ACCESS_LOG_FIELDS: readonly AccessLogField[] = [
  {
    name: 'level',
    type: 'string',
    present: 'always',
    description:
      '`info` for a request that was forwarded, `warn` for one denied or reported, `error` for one that failed.',
    isNeverCut: true,
  },
  {
    name: 'time',
    type: 'timestamp',
    present: 'always',
    description: 'When the line was written, once the response had closed.',
    isNeverCut: true,
  },
  {
    name: 'request_id',
    type: 'string',
    present: 'always',
    description: 'A new UUID for each request.',
    isNeverCut: true,
  },
  {
    name: 'route',
    type: 'string',
    present: 'always',
    description: 'The key of the route in the YAML, or `(none)`.',
  },
  {
    name: 'resource',
    type: 'string',
    present: 'on a route that is not public',
    description: 'The `resource` of the route.',
  },
  { name: 'method', type: 'string', present: 'always', description: 'As the client sent it.' },
  {
    name: 'host',
    type: 'string',
    present: 'always',
    description: 'The Host as the client sent it, the first of several; empty where it was missing or not valid.',
  },
  {
    name: 'path',
    type: 'string',
    present: 'always',
    description:
      'The path without the query: as forwarded, or, where it was refused or reported for its path, as sent. `…` stands for what follows `#` or an encoded `?` or `#` in a segment, and for the values of path parameters.',
  },
  {
    name: 'status',
    type: 'integer',
    present: 'always',
    description: 'The status that was sent to the client; 499 where the client left before one was sent.',
  },
  {
    name: 'outcome',
    type: 'string',
    present: 'always',
    description:
      '`forwarded`, `denied` (refused), `reported` (a denial that the mode of the route only reports; the request was forwarded) or `failed` (allowed, without a usable response from the upstream). Of a metadata document and of a preflight that `cors` answered: `forwarded`.',
    isNeverCut: true,
  },
  {
    name: 'reason',
    type: 'string',
    present: 'denied, reported or failed',
    description: 'Why: the code that a refusal has in its body as well.',
    isNeverCut: true,
  },
  {
    name: 'cause',
    type: 'string',
    present: 'failed',
    description: 'What was seen of the upstream. It is never in a response.',
    isNeverCut: true,
  },
  {
    name: 'tls_error',
    type: 'string',
    present: 'failed, and the cause is tls',
    description:
      'What was wrong with TLS to the upstream: `certificate_expired`, `certificate_not_yet_valid`, `certificate_revoked`, `unknown_issuer`, `wrong_name`, `client_certificate_required`, `client_certificate_refused`, `protocol_version`, `not_tls` or `handshake_failed`.',
    isNeverCut: true,
  },
  {
    name: 'upstream',
    type: 'string',
    present: 'sent to an upstream',
    description:
      'Host and port of the endpoint that it was sent to, or the path of its unix socket; of the last one where it was sent to several.',
  },
  {
    name: 'enforcement',
    type: 'string',
    present: 'on a route that is not public',
    description: 'The enforcement mode of the route: `report`, `verify` or `enforce`.',
    isNeverCut: true,
  },
  {
    name: 'duration_ms',
    type: 'number',
    present: 'always',
    description:
      'Milliseconds from the head of the request to the end of the response. Where the upstream responds before the body of the request has arrived, until the rest of the body is read and dropped, at most 1 s later.',
  },
  {
    name: 'upstream_ms',
    type: 'number',
    present: 'sent to an upstream that responded',
    description: 'Milliseconds from dispatch to the head of the response.',
  },
  {
    name: 'iss',
    type: 'string',
    present: 'the token verified, also where it has expired since',
    description: 'The issuer.',
  },
  {
    name: 'sub',
    type: 'string',
    present: 'the token verified and has this claim as a string',
    description: 'The subject.',
  },
  {
    name: 'client_id',
    type: 'string',
    present: 'the token verified and has this claim as a string',
    description: 'The client of the token: the first of `client_id`, `azp`, `appid` and `cid` that it has.',
  },
  {
    name: 'aud',
    type: 'array of strings',
    present: 'the token verified, also where it has expired since',
    description:
      'The audiences, at most 64 of them: `aud`, or what the `audience_claim` of the issuer holds, and then `aud` where the token has both.',
  },
  {
    name: 'scope',
    type: 'string',
    present: 'the token verified, also where it has expired since',
    description:
      'The scopes, separated by spaces, as the decision took them from the token: by the `scope_claim` of the route or of the issuer, without what `scope_implies` adds.',
  },
  {
    name: 'jti',
    type: 'string',
    present: 'the token verified and has this claim as a string',
    description: 'The identifier of the token.',
  },
  {
    name: 'exp',
    type: 'number',
    present: 'the token verified, also where it has expired since',
    description: 'When the token expires, in seconds since the epoch.',
  },
  {
    name: 'typ',
    type: 'string',
    present: 'the token verified and has a typ',
    description: 'The `typ` of its header, as written.',
  },
  {
    name: 'kind',
    type: 'string',
    present: 'the token verified and names itself no access token',
    description:
      'The kind that its payload names, such as `ID` or `refresh_token`; `id_token` for one that names none and has the claims of an ID token.',
  },
  {
    name: 'truncated',
    type: 'boolean',
    present: 'a value was cut',
    description: '`true`. Values are cut at 1,024 characters, and further where several workers write to one pipe.',
  },
  { name: 'msg', type: 'string', present: 'always', description: '`request`.', isNeverCut: true },
];
