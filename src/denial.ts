/**
 * The closed list of reasons for which a request is refused or reported, and the result of a request. The response, the
 * challenge, the metric label, the log field and docs/reference/refusals.md all come from this table.
 * How to add a reason: `.github/CONTRIBUTING.md`.
 */

/** The modes of a route's `enforcement`, from the most permissive to the strictest. */
export const ENFORCEMENTS = ['report', 'verify', 'enforce'] as const;

/** How a route enforces. A denial whose `refusedFrom` is a stricter mode is counted and logged, and the request forwarded. */
export type Enforcement = (typeof ENFORCEMENTS)[number];

/**
 * Where a reason is decided, in the order of a request. `request` is decided before there is a path, or while the body
 * arrives; `body` on an MCP route, by the body or what the fields say of it; `limits` and `exchange` after the request was granted; `fault` is an exception in the gateway, at any time.
 */
export const STAGES = [
  'request',
  'path',
  'route',
  'origin',
  'method',
  'credentials',
  'token',
  'type',
  'audience',
  'claims',
  'scope',
  'session',
  'body',
  'limits',
  'exchange',
  'fault',
] as const;

export type Stage = (typeof STAGES)[number];

/** The `error` codes of RFC 6750 section 3.1. */
export type BearerError = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

interface Refusal {
  readonly stage: Stage;
  readonly status: number;
  readonly title: string;
  /** The most permissive mode that refuses it. */
  readonly refusedFrom: Enforcement;
  /** The challenge's `error` and `error_description`. `null`: a challenge without an error. Absent: no challenge. */
  readonly challenge?: { readonly error: BearerError; readonly description: string } | null;
  /** Seconds. */
  readonly retryAfter?: number;
  /** What the client may switch to instead: the response has it in Upgrade (RFC 9110 section 15.5.22). */
  readonly protocol?: string;
  /** Further fields of the response: alternating names and values. */
  readonly fields?: readonly string[];
  /** Whether it is also decided while the body of a granted request arrives. */
  readonly duringBody?: true;
}

/** By stage, in the order of `STAGES`. Within a stage the order means nothing. */
export const REFUSALS = {
  malformed_request: duringBody('request', 400, 'The request is malformed'),
  headers_too_large: always('request', 431, 'The header fields are too large'),
  request_timeout: duringBody('request', 408, 'The request did not arrive in time'),
  version_not_supported: always('request', 505, 'The version of the protocol is not supported'),
  expectation_failed: always('request', 417, 'The expectation is not supported'),
  upgrade_required: {
    stage: 'request',
    status: 426,
    title: 'The handshake has a version that is not supported',
    refusedFrom: 'report',
    protocol: 'websocket',
    fields: ['Sec-WebSocket-Version', '13'],
  },
  ambiguous_path: always('path', 400, 'The path could be read in more than one way'),
  no_route: always('route', 404, 'No route for this host and path'),
  origin_not_allowed: always('origin', 403, 'Pages of this origin may not use this server'),
  method_not_allowed: { stage: 'method', status: 405, title: 'The method is not allowed here', refusedFrom: 'verify' },
  missing_token: {
    stage: 'credentials',
    status: 401,
    title: 'An access token is required',
    refusedFrom: 'verify',
    challenge: null,
  },
  malformed_credentials: {
    stage: 'credentials',
    status: 400,
    title: 'The credentials are malformed',
    refusedFrom: 'verify',
    challenge: {
      error: 'invalid_request',
      description: 'Exactly one Bearer token is expected in one Authorization field',
    },
  },
  malformed_token: invalidToken('token', 'verify', 'The access token is malformed'),
  untrusted_issuer: invalidToken('token', 'verify', 'The issuer of the access token is not trusted here'),
  keys_unavailable: unavailable('token', 'verify', 5, 'The keys of the issuer are not available'),
  unknown_key: invalidToken('token', 'verify', 'The access token was signed with an unknown key'),
  bad_signature: invalidToken('token', 'verify', 'The signature of the access token is not valid'),
  inactive_token: invalidToken('token', 'verify', 'The access token is not active'),
  revoked_token: invalidToken('token', 'report', 'The access token has been revoked'),
  token_expired: invalidToken('token', 'verify', 'The access token has expired'),
  token_not_yet_valid: invalidToken('token', 'verify', 'The access token is not valid yet'),
  wrong_token_type: invalidToken('type', 'enforce', 'The token is not an access token'),
  wrong_audience: invalidToken('audience', 'enforce', 'The access token is for another resource'),
  wrong_claim: {
    stage: 'claims',
    status: 403,
    title: 'The access token does not have the required claims',
    refusedFrom: 'enforce',
    challenge: null,
  },
  insufficient_scope: {
    stage: 'scope',
    status: 403,
    title: 'The access token does not have the required scope',
    refusedFrom: 'enforce',
    challenge: {
      error: 'insufficient_scope',
      description: 'The access token does not have the required scope',
    },
  },
  session_not_found: { stage: 'session', status: 404, title: 'There is no such session', refusedFrom: 'verify' },
  unsupported_media_type: always('body', 415, 'The media type of the body is not supported here'),
  mcp_header_mismatch: always('body', 400, 'The header fields do not agree with the body'),
  body_too_large: duringBody('limits', 413, 'The body of the request is too large'),
  overloaded: unavailable('limits', 'report', 1, 'Too many requests are under way'),
  exchange_refused: always('exchange', 403, 'The access token was not exchanged for one of the upstream'),
  exchange_unavailable: unavailable('exchange', 'report', 5, 'The access token could not be exchanged now'),
  internal: always('fault', 503, 'The gateway could not decide on this request'),
} as const satisfies Record<string, Refusal>;

/** A row that is refused in every mode. */
function always<S extends Stage>(stage: S, status: number, title: string) {
  return { stage, status, title, refusedFrom: 'report' } as const;
}

/** As `always`, for what is also decided while the body of a granted request arrives. */
function duringBody<S extends Stage>(stage: S, status: number, title: string) {
  return { ...always(stage, status, title), duringBody: true } as const;
}

/** A row for what passes: the response says in how many seconds to try again. */
function unavailable<S extends Stage>(stage: S, refusedFrom: Enforcement, retryAfter: number, title: string) {
  return { stage, status: 503, title, refusedFrom, retryAfter } as const;
}

/** A row for a token that is refused with `invalid_token`; the title is also the `error_description`. */
function invalidToken<S extends Stage>(stage: S, refusedFrom: Enforcement, title: string) {
  return { stage, status: 401, title, refusedFrom, challenge: { error: 'invalid_token', description: title } } as const;
}

/** Why a request is denied: a stable code, in the response's `reason`, the metric label and the log field. */
export type Reason = keyof typeof REFUSALS;

/** The reasons of one stage or of several. */
export type ReasonAt<S extends Stage> = {
  [R in Reason]: (typeof REFUSALS)[R]['stage'] extends S ? R : never;
}[Reason];

/** The reasons that are also decided while the body of a granted request arrives. */
export type BodyReason = {
  [R in Reason]: (typeof REFUSALS)[R] extends { readonly duringBody: true } ? R : never;
}[Reason];

export const REASONS = Object.keys(REFUSALS) as readonly Reason[];

/** What an exception of a route may excuse: the token has verified by then, and only `enforce` refuses it. */
export type ExcusableReason = ReasonAt<'type' | 'audience' | 'claims' | 'scope'>;

export const EXCUSABLE_REASONS = REASONS.filter(isExcusable);

/** @returns whether an exception may excuse `reason`. */
export function isExcusable(reason: Reason): reason is ExcusableReason {
  return isDecidedWithin(reason, 'type', 'scope');
}

/** @returns whether `text` is a reason of the table. */
export function isReason(text: unknown): text is Reason {
  return typeof text === 'string' && Object.hasOwn(REFUSALS, text);
}

/** @returns whether `reason` is decided at one of the stages from `first` to `last`, both included. */
export function isDecidedWithin(reason: Reason, first: Stage, last: Stage): boolean {
  const at = STAGES.indexOf(REFUSALS[reason].stage);
  return at >= STAGES.indexOf(first) && at <= STAGES.indexOf(last);
}

/**
 * Why a granted request got no usable response from its upstream: a failure, not a denial. Unreachable: no connection, so
 * nothing was sent. Bad response: the request was sent, and no usable response came.
 */
export const FAILURES = {
  upstream_unreachable: { status: 502, title: 'The upstream could not be reached' },
  bad_upstream_response: { status: 502, title: 'The upstream gave no usable response' },
  upstream_timeout: { status: 504, title: 'The upstream did not answer in time' },
} as const;

export type FailureReason = keyof typeof FAILURES;

/** What was observed at the upstream: a closed list, for the log and the metric. Never sent to the client. */
export const FAILURE_CAUSES = [
  'dns',
  'refused',
  'connect_timeout',
  'tls',
  'reset',
  'malformed_response',
  'response_headers_too_large',
  'response_timeout',
  'idle_timeout',
  'too_many_open_files',
  'unhealthy',
  'other',
] as const;

export type FailureCause = (typeof FAILURE_CAUSES)[number];

export interface Failure {
  readonly reason: FailureReason;
  readonly cause: FailureCause;
  /** For the log only: what was wrong with TLS, out of a closed list; the code of the error where the cause is `other`. */
  readonly tlsError?: string;
  readonly errorCode?: string;
}

/** The result of a request. `reported`: denied, but forwarded, since the mode of the route does not refuse that reason. */
export type Outcome = 'forwarded' | 'denied' | 'reported' | 'failed';

/** A refusal is a value; only a fault of the gateway is an exception. */
export interface Denial<R extends Reason = Reason> {
  readonly ok: false;
  readonly reason: R;
}

/** @returns the denial for `reason`, as a value. */
export function deny<R extends Reason>(reason: R): Denial<R> {
  return { ok: false, reason };
}

/** @returns whether `text` is an enforcement mode. */
export function isEnforcement(text: unknown): text is Enforcement {
  return ENFORCEMENTS.some(mode => mode === text);
}

/** @returns whether a route in mode `enforcement` refuses `reason`; otherwise it reports it. */
export function isRefused(reason: Reason, enforcement: Enforcement): boolean {
  return ENFORCEMENTS.indexOf(enforcement) >= ENFORCEMENTS.indexOf(REFUSALS[reason].refusedFrom);
}
