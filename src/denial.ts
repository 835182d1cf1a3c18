/**
 * The closed list of reasons for which audgate does not forward a request, and what becomes of a request.
 * This one table serves the response, the challenge, the metric label, the log field and the README.
 */

/**
 * The lowest rung of the enforcement ladder on which a reason is refused; below it the denial is only reported.
 * `report` refuses what no gateway could route; `verify` also what did not verify; `enforce` also what was not for here.
 */
export type Enforcement = 'report' | 'verify' | 'enforce';

/** The `error` codes of RFC 6750 section 3.1. */
export type BearerError = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

interface Refusal {
  readonly status: number;
  readonly title: string;
  readonly refusedFrom: Enforcement;
  /** The `error` of the challenge, with the sentence that goes with it. `null`: a challenge without an error. Absent: no challenge. */
  readonly challenge?: { readonly error: BearerError; readonly description: string } | null;
  /** Seconds. */
  readonly retryAfter?: number;
}

const invalidToken = (description: string) => ({ error: 'invalid_token' as const, description });

/** In the order in which a request meets them: request, path, route, method, credentials, token, audience, scope, limits. */
export const REFUSALS = {
  malformed_request: { status: 400, title: 'The request is malformed', refusedFrom: 'report' },
  headers_too_large: { status: 431, title: 'The header fields are too large', refusedFrom: 'report' },
  request_timeout: { status: 408, title: 'The request did not arrive in time', refusedFrom: 'report' },
  ambiguous_path: { status: 400, title: 'The path could be read in more than one way', refusedFrom: 'report' },
  no_route: { status: 404, title: 'No route for this host and path', refusedFrom: 'report' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here', refusedFrom: 'verify' },
  missing_token: { status: 401, title: 'An access token is required', refusedFrom: 'verify', challenge: null },
  malformed_credentials: {
    status: 400,
    title: 'The credentials are malformed',
    refusedFrom: 'verify',
    challenge: {
      error: 'invalid_request',
      description: 'Exactly one Bearer token is expected in one Authorization field',
    },
  },
  malformed_token: {
    status: 401,
    title: 'The access token is malformed',
    refusedFrom: 'verify',
    challenge: invalidToken('The access token is malformed'),
  },
  untrusted_issuer: {
    status: 401,
    title: 'The issuer of the access token is not trusted here',
    refusedFrom: 'verify',
    challenge: invalidToken('The issuer of the access token is not trusted here'),
  },
  keys_unavailable: {
    status: 503,
    title: 'The keys of the issuer are not available',
    refusedFrom: 'verify',
    retryAfter: 5,
  },
  unknown_key: {
    status: 401,
    title: 'The access token was signed with an unknown key',
    refusedFrom: 'verify',
    challenge: invalidToken('The access token was signed with an unknown key'),
  },
  bad_signature: {
    status: 401,
    title: 'The signature of the access token is not valid',
    refusedFrom: 'verify',
    challenge: invalidToken('The signature of the access token is not valid'),
  },
  token_expired: {
    status: 401,
    title: 'The access token has expired',
    refusedFrom: 'verify',
    challenge: invalidToken('The access token has expired'),
  },
  token_not_yet_valid: {
    status: 401,
    title: 'The access token is not valid yet',
    refusedFrom: 'verify',
    challenge: invalidToken('The access token is not valid yet'),
  },
  wrong_token_type: {
    status: 401,
    title: 'The token is not an access token',
    refusedFrom: 'enforce',
    challenge: invalidToken('The token is not an access token'),
  },
  wrong_audience: {
    status: 401,
    title: 'The access token is for another resource',
    refusedFrom: 'enforce',
    challenge: invalidToken('The access token is for another resource'),
  },
  insufficient_scope: {
    status: 403,
    title: 'The access token does not have the required scope',
    refusedFrom: 'enforce',
    challenge: {
      error: 'insufficient_scope',
      description: 'The access token does not have the required scope',
    },
  },
  body_too_large: { status: 413, title: 'The body of the request is too large', refusedFrom: 'report' },
  overloaded: { status: 503, title: 'Too many requests are under way', refusedFrom: 'report', retryAfter: 1 },
  internal: { status: 503, title: 'The gateway could not decide on this request', refusedFrom: 'report' },
} as const satisfies Record<string, Refusal>;

/** Why a request is denied: a stable code (contract: the answer's `reason`, the metric label, the log field). */
export type Reason = keyof typeof REFUSALS;

/**
 * Why a request that was allowed was not answered by its upstream. A failure, not a denial. Unreachable: there was no
 * connection, so nothing was sent. Bad response: the request was sent, and no usable response came.
 */
export const FAILURES = {
  upstream_unreachable: { status: 502, title: 'The upstream could not be reached' },
  bad_upstream_response: { status: 502, title: 'The upstream gave no usable response' },
  upstream_timeout: { status: 504, title: 'The upstream did not answer in time' },
} as const;

export type FailureReason = keyof typeof FAILURES;

/** What was seen of the upstream: a closed list, for the log and the metric. It never stands in a response. */
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
}

/** What became of a request. `reported`: a denial that the route's rung only reports, so the request was forwarded. */
export type Outcome = 'forwarded' | 'denied' | 'reported' | 'failed';

/** A refusal is a value; an exception is a fault. */
export interface Denial<R extends Reason = Reason> {
  readonly ok: false;
  readonly reason: R;
}

/** @returns the denial for `reason`, as a value. */
export function deny<R extends Reason>(reason: R): Denial<R> {
  return { ok: false, reason };
}

const RUNGS: readonly Enforcement[] = ['report', 'verify', 'enforce'];

/** @returns whether `text` is an enforcement mode. */
export function isEnforcement(text: unknown): text is Enforcement {
  return RUNGS.some(rung => rung === text);
}

/** @returns whether a route on rung `enforcement` refuses `reason`, or only reports it. */
export function isRefused(reason: Reason, enforcement: Enforcement): boolean {
  return RUNGS.indexOf(enforcement) >= RUNGS.indexOf(REFUSALS[reason].refusedFrom);
}
