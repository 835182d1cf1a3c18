/** Each check in the order of judgement (contract section 3). The reason says which one failed; nothing is decided here. */

import type { Reason } from '../../../denial.ts';
import { type Judgement, reasonOf } from './evaluation.ts';
import { CHECKS, type CheckName, type Facts, gatherFacts } from './facts.ts';

export interface Check extends Facts {
  readonly name: CheckName;
  readonly verdict: 'pass' | 'fail' | 'skipped';
}

/** For checks that compare nothing that could be shown. */
const PASSED: Partial<Record<CheckName, Facts>> = {
  signature: { actual: 'verifies' },
  claims: { actual: 'well-formed' },
};

/** @returns every check; those behind the first that failed are skipped, with what is known of them. */
export function listChecks(judgement: Judgement): readonly Check[] {
  const failed = findFailed(judgement);
  const end = failed === undefined ? countReached(judgement) : CHECKS.indexOf(failed);
  return CHECKS.map((name, index) => ({
    ...(index < end && PASSED[name]),
    ...gatherFacts(name, judgement),
    name,
    verdict: index < end ? 'pass' : name === failed ? 'fail' : 'skipped',
  }));
}

const CHECK_OF: Partial<Record<Reason, CheckName>> = {
  malformed_request: 'request',
  headers_too_large: 'request',
  ambiguous_path: 'path',
  no_route: 'route',
  method_not_allowed: 'method',
  missing_token: 'credentials',
  malformed_credentials: 'credentials',
  keys_unavailable: 'key',
  unknown_key: 'key',
  token_expired: 'time',
  token_not_yet_valid: 'time',
  wrong_token_type: 'type',
  wrong_audience: 'audience',
  insufficient_scope: 'scope',
};

/** Some reasons have two places: what was read before the signature tells which. */
function findFailed(judgement: Judgement): CheckName | undefined {
  const reason = reasonOf(judgement);
  const { jws, issuer } = judgement.credentials ?? {};
  switch (reason) {
    case undefined:
      return undefined;
    case 'malformed_token':
      return jws?.ok ? 'claims' : 'form';
    case 'untrusted_issuer':
      return issuer ? 'issuer here' : 'issuer';
    case 'bad_signature':
      return jws?.ok && issuer?.algorithms.has(jws.algorithm) ? 'signature' : 'algorithm';
    default:
      return CHECK_OF[reason];
  }
}

function countReached({ metadata, match }: Judgement): number {
  if (metadata !== undefined) return CHECKS.indexOf('route');
  return match?.ok && match.route.public ? CHECKS.indexOf('method') : CHECKS.length;
}
