/** What the writer of the log cuts, `simulate` does not judge: the two are held against each other. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compare } from '../../../../src/cli/simulate/comparison.ts';
import type { LogLine } from '../../../../src/cli/simulate/log-line.ts';
import { Judge } from '../../../../src/cli/simulate/ruling.ts';
import { formatAccessLine } from '../../../../src/telemetry/log/access-line.ts';
import { fitLine } from '../../../../src/telemetry/log/shared-output.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { finishedRequest } from '../../telemetry/finished-example.ts';
import { exampleToken } from '../../token/example-token.ts';
import { exampleConfig, exampleLine, ISSUER, readText } from './example-line.ts';

const OURS = 'https://api.example/';
const route = protectedRoute({ prefix: '/a', resource: OURS, issuers: new Set([ISSUER]) });
const judge = new Judge(exampleConfig([route]));

const long = fc.integer({ min: 1, max: 1500 }).map(length => 'x'.repeat(length));
const audiences = fc.array(fc.oneof(fc.constant(OURS), long), { maxLength: 80 });
const scopes = fc.uniqueArray(fc.oneof(fc.constant('read'), long), { maxLength: 10 });
const paths = fc.oneof(
  fc.constant('/a/1'),
  fc.array(long, { maxLength: 3 }).map(parts => `/a/${parts.join('/')}`),
);

/** What is found of the text of a line; of one that is broken or unknown, that. */
function judgeText(text: string): string {
  const line = readText(text.trimEnd());
  return typeof line === 'object' ? judgeLine(line) : `not judged: ${line}`;
}

function judgeLine(line: LogLine): string {
  const found = compare(line, judge.rule(line));
  if (found === 'unchanged') return found;
  return 'unknown' in found ? `not judged: ${found.unknown}` : `${found.kind} ${found.becomes.reason}`;
}

/** The line of a request as if nothing were ever cut. */
function wholeLine(path: string, audience: readonly string[], scope: string, outcome: 'denied' | 'forwarded'): LogLine {
  return {
    ...{ time: Date.now(), durationMs: 1, requestId: 'x', route: '/a', resource: OURS, enforcement: 'enforce' },
    ...{ method: 'GET', host: 'api.example', path, isPathCut: false, isCut: false, outcome },
    reason: outcome === 'denied' ? 'wrong_audience' : undefined,
    claims: { issuer: ISSUER, audience, scope, expiresAt: 4e9, clientId: undefined, isCut: false },
  };
}

test('a line that was cut is found to be what the whole one is, or is not judged', () => {
  const tally = { cut: 0, judged: 0, notJudged: 0 };
  const outcomes = fc.constantFrom('denied', 'forwarded');
  const holds = fc.property(audiences, scopes, paths, outcomes, (audience, scope, path, outcome) => {
    const truth = judgeLine(wholeLine(path, audience, scope.join(' '), outcome));
    const verified = exampleToken({ issuer: ISSUER, audience, scopes: new Set(scope), expiresAt: 4e9, claims: {} });
    const denial = outcome === 'denied' ? ({ reason: 'wrong_audience', presented: 'foreign' } as const) : undefined;
    const line = formatAccessLine(finishedRequest({ route, path, verified, outcome, denial }));
    for (const written of [line, fitLine(line)]) {
      const found = judgeText(written);
      const isJudged = !found.startsWith('not judged');
      tally[isJudged ? 'judged' : 'notJudged'] += 1;
      tally.cut += written.includes('"truncated":true') ? 1 : 0;
      if (isJudged) expect(found).toBe(truth);
    }
  });
  fc.assert(holds, { numRuns: 2_000 });
  expect(Math.min(...Object.values(tally))).toBeGreaterThan(300);
});

test.each([
  ['a path', { path: `/a/${'x'.repeat(1022)}` }],
  ['a method', { method: 'X'.repeat(1025) }],
  ['an audience', { verified: exampleToken({ audience: ['x'.repeat(1025)] }) }],
  ['audiences', { verified: exampleToken({ audience: Array.from({ length: 65 }, () => OURS) }) }],
  ['scopes', { verified: exampleToken({ scopes: new Set(['x'.repeat(1025)]) }) }],
  ['a subject', { verified: exampleToken({ claims: { sub: 'x'.repeat(1025) } }) }],
])('a line that lacks a part of %s says so', (_name, facts) => {
  expect(JSON.parse(formatAccessLine(finishedRequest(facts)))).toMatchObject({ truncated: true });
});

test('a line that lacks nothing says nothing', () => {
  const verified = exampleToken({ audience: Array.from({ length: 64 }, () => 'x'.repeat(1024)) });
  expect(JSON.parse(formatAccessLine(finishedRequest({ route, verified })))).not.toHaveProperty('truncated');
});

test('a key cut to that of a route which did not change: the line is not judged, whoever wrote it', () => {
  const other = protectedRoute({ prefix: '/billing', resource: OURS, issuers: new Set([ISSUER]) });
  const cut = protectedRoute({ prefix: '/billing12345', issuers: new Set([ISSUER]), enforcement: 'report' });
  const [before, after] = [cut, { ...cut, enforcement: 'enforce' as const }].map(each => exampleConfig([other, each]));
  const line = readText(exampleLine({ route: '/billing', path: '/billing', truncated: true }));
  if (typeof line !== 'object' || !before || !after) throw new Error('no line');
  expect(new Judge(after, before).rule(line)).toEqual({ unknown: 'line_cut' });
});
