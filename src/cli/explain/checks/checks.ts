/** The checks of a request, in the order in which the gateway makes them. The reason of the decision tells which one failed. */

import type { Reason } from '../../../denial.ts';
import { type Evaluation, reasonOf } from '../evaluate/evaluation.ts';
import { CHECKS, type CheckName, type Facts } from './facts.ts';
import { readRequestFacts } from './request-facts.ts';
import { foreignKindOf, readTokenFacts, requirementOf } from './token-facts.ts';

export interface Check extends Facts {
  readonly name: CheckName;
  readonly verdict: 'pass' | 'fail' | 'skipped';
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

/** @returns every check. Checks after the first that failed are skipped; their facts are listed as far as they are known. */
export function listChecks(evaluation: Evaluation): readonly Check[] {
  const failed = findFailed(evaluation);
  const checks = CHECKS.filter(name => isMade(name, evaluation));
  const end = failed === undefined ? countReached(evaluation, checks) : checks.indexOf(failed);
  return checks.map((name, index) => ({
    ...(index < end && !isReported(name, evaluation) && PASSED[name]),
    ...readFacts(name, evaluation),
    name,
    verdict:
      name === failed || (index < end && isReported(name, evaluation)) ? 'fail' : index < end ? 'pass' : 'skipped',
  }));
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
  const check = reason && FAILED_CHECK[reason];
  return typeof check === 'function' ? check(evaluation) : check;
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
