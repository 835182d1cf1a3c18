import { describe, expect, test } from 'vitest';
import { ENFORCEMENTS, isDecidedWithin, isReason, isRefused, REASONS, REFUSALS, STAGES } from '../../src/denial.ts';

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
    ['request', 'route', ['malformed_request', 'headers_too_large', 'request_timeout', 'ambiguous_path', 'no_route']],
    ['audience', 'scope', ['wrong_audience', 'insufficient_scope']],
    ['limits', 'fault', ['body_too_large', 'overloaded', 'internal']],
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
