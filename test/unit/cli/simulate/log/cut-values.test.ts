/** The access log and `simulate` together: an entry in which a value was truncated is never decided wrongly. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogEntry } from '../../../../../src/cli/simulate/log/log-entry.ts';
import { compare } from '../../../../../src/cli/simulate/replay/comparison.ts';
import { DecisionReplay } from '../../../../../src/cli/simulate/replay/decision-replay.ts';
import { createAccessLineFormat } from '../../../../../src/telemetry/log/access-line.ts';
import { fitLine } from '../../../../../src/telemetry/log/shared-output.ts';
import { protectedRoute } from '../../../route/example-route.ts';
import { finishedRequest } from '../../../telemetry/finished-example.ts';
import { exampleToken } from '../../../token/example-token.ts';
import { exampleConfig, exampleEntry, ISSUER, readText } from '../example-entry.ts';

const OURS = 'https://api.example/';
const route = protectedRoute({ prefix: '/a', resource: OURS, issuers: new Set([ISSUER]) });
const formatLine = createAccessLineFormat(new Set());
const decisions = new DecisionReplay(exampleConfig([route]));

const long = fc.integer({ min: 1, max: 1500 }).map(length => 'x'.repeat(length));
const audiences = fc.array(fc.oneof(fc.constant(OURS), long), { maxLength: 80 });
const scopes = fc.uniqueArray(fc.oneof(fc.constant('read'), long), { maxLength: 10 });
const paths = fc.oneof(
  fc.constant('/a/1'),
  fc.array(long, { maxLength: 3 }).map(parts => `/a/${parts.join('/')}`),
);

/** What `simulate` finds for the text of an entry. */
function replayText(text: string): string {
  const entry = readText(text.trimEnd());
  return typeof entry === 'object' ? replayEntry(entry) : `undecided: ${entry}`;
}

function replayEntry(entry: LogEntry): string {
  const found = compare(entry, decisions.decide(entry));
  if (found === 'unchanged') return found;
  return 'unknown' in found ? `undecided: ${found.unknown}` : `${found.kind} ${found.becomes.reason}`;
}

/** The entry of a request as if nothing were ever truncated. */
/** A token without the other claims of a line. */
const REST = { cutNames: [], whole: { iss: ISSUER }, type: undefined, kind: undefined, isCut: false } as const;

function wholeEntry(
  path: string,
  audience: readonly string[],
  scope: string,
  outcome: 'denied' | 'forwarded',
): LogEntry {
  return {
    via: 'proxy',
    isExcused: false,
    ...{ time: Date.now(), durationMs: 1, requestId: 'x', route: '/a', resource: OURS, enforcement: 'enforce' },
    ...{
      method: 'GET',
      host: 'api.example',
      path,
      isPathCut: false,
      isCut: false,
      mcp: undefined,
      outcome,
      isPreflight: false,
    },
    reason: outcome === 'denied' ? 'wrong_audience' : undefined,
    claims: { issuer: ISSUER, audience, scope, expiresAt: 4e9, clientId: undefined, ...REST },
  };
}

test('a truncated entry: the same decision as the whole entry, or none', () => {
  const counts = { cut: 0, decided: 0, undecided: 0 };
  const outcomes = fc.constantFrom('denied', 'forwarded');
  const holds = fc.property(audiences, scopes, paths, outcomes, (audience, scope, path, outcome) => {
    const expected = replayEntry(wholeEntry(path, audience, scope.join(' '), outcome));
    const verified = exampleToken({ issuer: ISSUER, audience, scopes: new Set(scope), expiresAt: 4e9, claims: {} });
    const denial = outcome === 'denied' ? ({ reason: 'wrong_audience', presented: 'foreign' } as const) : undefined;
    const line = formatLine(finishedRequest({ route, path, verified, outcome, denial }));
    for (const written of [line, fitLine(line)]) {
      const found = replayText(written);
      const isDecided = !found.startsWith('undecided');
      counts[isDecided ? 'decided' : 'undecided'] += 1;
      counts.cut += written.includes('"truncated":true') ? 1 : 0;
      if (isDecided) expect(found).toBe(expected);
    }
  });
  fc.assert(holds, { numRuns: 2_000 });
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(300);
});

test.each([
  ['a path', { path: `/a/${'x'.repeat(1022)}` }],
  ['a method', { method: 'X'.repeat(1025) }],
  ['an audience', { verified: exampleToken({ audience: ['x'.repeat(1025)] }) }],
  ['audiences', { verified: exampleToken({ audience: Array.from({ length: 65 }, () => OURS) }) }],
  ['scopes', { verified: exampleToken({ scopes: new Set(['x'.repeat(1025)]) }) }],
  ['a subject', { verified: exampleToken({ claims: { sub: 'x'.repeat(1025) } }) }],
])('an entry in which %s was truncated: truncated is true', (_name, facts) => {
  expect(JSON.parse(formatLine(finishedRequest(facts)))).toMatchObject({ truncated: true });
});

test('an entry in which nothing was truncated: no field truncated', () => {
  const verified = exampleToken({ audience: Array.from({ length: 64 }, () => 'x'.repeat(1024)) });
  expect(JSON.parse(formatLine(finishedRequest({ route, verified })))).not.toHaveProperty('truncated');
});

test('a route key truncated to that of an unchanged route: undecided, also with --from', () => {
  const other = protectedRoute({ prefix: '/billing', resource: OURS, issuers: new Set([ISSUER]) });
  const cut = protectedRoute({ prefix: '/billing12345', issuers: new Set([ISSUER]), enforcement: 'report' });
  const [before, after] = [cut, { ...cut, enforcement: 'enforce' as const }].map(each => exampleConfig([other, each]));
  const entry = readText(exampleEntry({ route: '/billing', path: '/billing', truncated: true }));
  if (typeof entry !== 'object' || !before || !after) throw new Error('no entry');
  expect(new DecisionReplay(after, before).decide(entry)).toEqual({ unknown: 'line_cut' });
});
