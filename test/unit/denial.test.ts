import { describe, expect, test } from 'vitest';
import {
  ENFORCEMENTS,
  type Enforcement,
  isDecidedWithin,
  isReason,
  isRefused,
  REASONS,
  REFUSALS,
  type Reason,
  STAGES,
} from '../../src/denial.ts';

/** The rows in their order, and the mode from which each is refused; written by hand, so that a change of the table is noticed. */
const REFUSED_FROM: Readonly<Record<Reason, Enforcement>> = {
  malformed_request: 'report',
  headers_too_large: 'report',
  request_timeout: 'report',
  version_not_supported: 'report',
  expectation_failed: 'report',
  upgrade_required: 'report',
  ambiguous_path: 'report',
  no_route: 'report',
  origin_not_allowed: 'report',
  method_not_allowed: 'verify',
  missing_token: 'verify',
  malformed_credentials: 'verify',
  malformed_token: 'verify',
  untrusted_issuer: 'verify',
  keys_unavailable: 'verify',
  unknown_key: 'verify',
  bad_signature: 'verify',
  inactive_token: 'verify',
  revoked_token: 'report',
  token_expired: 'verify',
  token_not_yet_valid: 'verify',
  wrong_token_type: 'enforce',
  wrong_audience: 'enforce',
  wrong_claim: 'enforce',
  insufficient_scope: 'enforce',
  session_not_found: 'verify',
  unsupported_media_type: 'report',
  mcp_header_mismatch: 'report',
  body_too_large: 'report',
  overloaded: 'report',
  exchange_refused: 'report',
  exchange_unavailable: 'report',
  internal: 'report',
};

const REVOKED = 'revoked_token';

test('the table of refusals: these rows, in this order', () => {
  expect(REASONS).toEqual(Object.keys(REFUSED_FROM));
});

describe('the modes that refuse a reason', () => {
  test.each(REASONS)('%s: refused in exactly its modes', reason => {
    const from = REFUSED_FROM[reason];
    expect(isRefused(reason, 'report')).toBe(from === 'report');
    expect(isRefused(reason, 'verify')).toBe(from !== 'enforce');
    expect(isRefused(reason, 'enforce')).toBe(true);
  });

  const strictness = (reason: Reason) => ENFORCEMENTS.indexOf(REFUSALS[reason].refusedFrom);

  test('stages request to route, limits and fault: every mode', () => {
    const reasons = REASONS.filter(reason => !isDecidedWithin(reason, 'method', 'session'));
    const why =
      'The gateway refuses these stages without a look at the mode. Only `authorize` and mcp-asking.ts look at it.';
    expect(
      reasons.filter(reason => !isRefused(reason, 'report')),
      why,
    ).toEqual([]);
  });

  test('stage token: every reason from the same mode, but for a revocation, which a denial has beside its reason', () => {
    const reasons = REASONS.filter(reason => isDecidedWithin(reason, 'token', 'token') && reason !== REVOKED);
    expect(isRefused(REVOKED, 'report')).toBe(true);
    const why =
      'The verifier returns the first reason that it finds against a token. Where the mode only reports that one, another that it refuses would go unseen, and the request be forwarded.';
    expect(new Set(reasons.map(reason => REFUSALS[reason].refusedFrom)).size, why).toBe(1);
  });

  test('stages path to scope: refusedFrom never becomes more permissive, but for a revocation', () => {
    // explain shows what is reported before it as failed, and simulate looks for it behind a method.
    const reasons = REASONS.filter(reason => isDecidedWithin(reason, 'path', 'scope') && reason !== REVOKED);
    const why =
      'authorize() refuses such a reason also behind one that is reported. But explain (listChecks) shows every check before the refused one as passed, and simulate (DecisionReplay) takes a method that is not allowed as decided without the token. Change these two first.';
    const hidden = reasons.flatMap((later, index) => {
      const earlier = reasons.slice(0, index).find(each => strictness(each) > strictness(later));
      return earlier ? [`${later} (from ${REFUSALS[later].refusedFrom}) behind ${earlier}`] : [];
    });
    expect(hidden, why).toEqual([]);
    expect(new Set(reasons.map(strictness))).toEqual(new Set([0, 1, 2]));
  });
});

test('the rows of the table: in the order of their stages', () => {
  const stages = REASONS.map(reason => STAGES.indexOf(REFUSALS[reason].stage));
  expect(stages).toEqual(stages.toSorted((a, b) => a - b));
  expect(new Set(stages).size).toBe(STAGES.length);
});

test('a reason that is decided while the body arrives: refused in every mode, since the request was granted', () => {
  const duringBody = REASONS.filter(reason => 'duringBody' in REFUSALS[reason]);
  expect(duringBody).toEqual(['malformed_request', 'request_timeout', 'body_too_large']);
  for (const reason of duringBody) expect(isRefused(reason, 'report')).toBe(true);
});

describe('isDecidedWithin', () => {
  test.each(REASONS)('%s: within exactly the ranges that hold its stage', reason => {
    const at = STAGES.indexOf(REFUSALS[reason].stage);
    for (const [first, from] of STAGES.entries()) {
      for (const [last, to] of STAGES.entries()) {
        expect(isDecidedWithin(reason, from, to)).toBe(first <= at && at <= last);
      }
    }
  });

  test.each([
    [
      'request',
      'route',
      [
        ...['malformed_request', 'headers_too_large', 'request_timeout'],
        ...['version_not_supported', 'expectation_failed', 'upgrade_required', 'ambiguous_path', 'no_route'],
      ],
    ],
    ['audience', 'scope', ['wrong_audience', 'wrong_claim', 'insufficient_scope']],
    ['limits', 'fault', ['body_too_large', 'overloaded', 'exchange_refused', 'exchange_unavailable', 'internal']],
  ] as const)('from %s to %s: %j', (first, last, reasons) => {
    expect(REASONS.filter(reason => isDecidedWithin(reason, first, last))).toEqual(reasons);
  });
});

test('isReason: a row of the table, and no other value', () => {
  expect(REASONS.every(isReason)).toBe(true);
  for (const other of ['', 'toString', 'upstream_timeout', 'No_route', undefined, 7, null]) {
    expect(isReason(other)).toBe(false);
  }
});

test('the modes: from the most permissive to the strictest, each refusing what the one before it does, and more', () => {
  const refused = ENFORCEMENTS.map(mode => REASONS.filter(reason => isRefused(reason, mode)));
  expect(refused[1]).toEqual(expect.arrayContaining(refused[0] ?? []));
  expect(refused[2]).toEqual(REASONS);
  expect(new Set(refused.map(list => list.length)).size).toBe(3);
});
