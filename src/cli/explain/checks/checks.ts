/** The checks of a request, in the order in which the gateway makes them. The reason of the decision tells which one failed. */

import type { Excused } from '../../../authorization/exceptions.ts';
import type { Reason } from '../../../denial.ts';
import { type Evaluation, reasonOf } from '../evaluate/evaluation.ts';
import { CHECKS, type CheckName, type Facts } from './facts.ts';
import { readRequestFacts } from './request-facts.ts';
import { foreignKindOf, readTokenFacts, requirementOf } from './token-facts.ts';

export interface Check extends Facts {
  readonly name: CheckName;
  /** `excused`: it failed, and an exception of the route lets the client pass. */
  readonly verdict: 'pass' | 'fail' | 'excused' | 'skipped';
}

/** The check that each reason fails; `undefined` for a reason that is never decided on a head alone. */
const FAILED_CHECK: Readonly<Record<Reason, CheckName | ((evaluation: Evaluation) => CheckName) | undefined>> = {
  malformed_request: 'request',
  headers_too_large: 'request',
  request_timeout: undefined,
  version_not_supported: undefined,
  expectation_failed: undefined,
  upgrade_required: undefined,
  ambiguous_path: 'path',
  no_route: 'route',
  origin_not_allowed: undefined,
  method_not_allowed: 'method',
  missing_token: 'credentials',
  malformed_credentials: 'credentials',
  malformed_token: ({ credentials }) => (credentials?.jws?.ok ? 'claims' : 'form'),
  untrusted_issuer: ({ credentials }) => (credentials?.issuer ? 'issuer here' : 'issuer'),
  keys_unavailable: 'key',
  unknown_key: 'key',
  bad_signature: evaluation => (isAlgorithmAllowed(evaluation) ? 'signature' : 'algorithm'),
  inactive_token: 'active',
  revoked_token: 'revocation',
  token_expired: 'time',
  token_not_yet_valid: 'time',
  wrong_token_type: evaluation => (foreignKindOf(evaluation) === undefined ? 'type' : 'kind'),
  wrong_audience: 'audience',
  wrong_claim: 'required claims',
  insufficient_scope: 'scope',
  session_not_found: undefined,
  unsupported_media_type: undefined,
  mcp_header_mismatch: undefined,
  body_too_large: undefined,
  overloaded: undefined,
  exchange_refused: undefined,
  exchange_unavailable: undefined,
  internal: undefined,
};

/** Shown for a check that passed and compares nothing that could be shown. */
const PASSED: Partial<Record<CheckName, Facts>> = {
  signature: { actual: 'verifies' },
  active: { actual: 'the issuer says so' },
  kind: { actual: 'not an ID, refresh or logout token' },
  claims: { actual: 'well-formed' },
  revocation: { actual: 'not revoked' },
};

/** @returns every check. Checks after the first that failed, and is not excused, are skipped; their facts are listed as far as they are known. */
export function listChecks(evaluation: Evaluation): readonly Check[] {
  const failed = findFailed(evaluation);
  const checks = CHECKS.filter(name => isMade(name, evaluation));
  const end = failed === undefined ? countReached(evaluation, checks) : checks.indexOf(failed);
  const excused = listExcused(evaluation);
  return checks.map((name, index) => {
    const exceptions = excused.get(name);
    if (exceptions) return { ...readFacts(name, evaluation), name, verdict: 'excused', note: exceptions };
    const isFailed = name === failed || (index < end && isReported(name, evaluation));
    const verdict = isFailed ? 'fail' : index < end ? 'pass' : 'skipped';
    return {
      ...(verdict === 'pass' && PASSED[name]),
      ...readFacts(name, evaluation),
      name,
      verdict,
    };
  });
}

/** @returns what lets the client pass, by the check that it fails. */
function listExcused(evaluation: Evaluation): ReadonlyMap<CheckName, string> {
  const checks = new Map<CheckName, string>();
  for (const excused of evaluation.decision?.excused ?? []) {
    const check = checkOf(excused.reason, evaluation);
    if (check && !checks.has(check)) checks.set(check, describeExcused(excused));
  }
  return checks;
}

/** @returns `passes by the exception of team-billing until 2027-01-31`. */
export function describeExcused({ exception: { owner, until } }: Pick<Excused, 'exception'>): string {
  return `passes by the exception of ${owner} until ${until}`;
}

/** Whether the request also fails a check before the one that decides, which the mode only reports: method, kind, or form of the claims. */
function isReported(name: CheckName, evaluation: Evaluation): boolean {
  const { match, credentials, request } = evaluation;
  if (name === 'kind') return foreignKindOf(evaluation) !== undefined;
  if (name === 'claims') return credentials?.verification.ok === false && credentials.verification.isRevoked === true;
  if (name !== 'method' || !match?.ok || match.route.public) return false;
  return !requirementOf(match, match.route, request.method).ok;
}

/** A token that an issuer is asked about is judged by its answer, unless keys come first. */
function isMade(name: CheckName, { asked, credentials }: Evaluation): boolean {
  const isAnswered = credentials?.shape === 'answer';
  if (name === 'active') return isAnswered || asked !== undefined;
  const isOfKeys = name === 'algorithm' || name === 'key' || name === 'signature';
  return !isOfKeys || (!isAnswered && (asked === undefined || credentials?.verification.ok === true));
}

function readFacts(name: CheckName, evaluation: Evaluation): Facts {
  switch (name) {
    case 'request':
    case 'path':
    case 'route':
      return readRequestFacts(name, evaluation);
    default:
      return readTokenFacts(name, evaluation);
  }
}

function findFailed(evaluation: Evaluation): CheckName | undefined {
  const reason = reasonOf(evaluation);
  return reason === undefined || isWhollyExcused(evaluation) ? undefined : checkOf(reason, evaluation);
}

function checkOf(reason: Reason, evaluation: Evaluation): CheckName | undefined {
  const check = FAILED_CHECK[reason];
  return typeof check === 'function' ? check(evaluation) : check;
}

/** On enforce, all that is noted of a granted request is excused; on verify more may only be reported. */
function isWhollyExcused({ decision, match }: Evaluation): boolean {
  if (!decision?.grant || decision.excused.length === 0) return false;
  return match?.ok === true && !match.route.public && match.route.enforcement === 'enforce';
}

function isAlgorithmAllowed({ credentials }: Evaluation): boolean {
  const { jws, issuer } = credentials ?? {};
  return jws?.ok === true && issuer?.algorithms.has(jws.algorithm) === true;
}

function countReached({ metadata, match, asked }: Evaluation, checks: readonly CheckName[]): number {
  if (metadata !== undefined) return checks.indexOf('route');
  if (asked !== undefined) return checks.indexOf('active');
  return match?.ok && match.route.public ? checks.indexOf('method') : checks.length;
}
