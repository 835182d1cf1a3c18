import { expect, test } from 'vitest';
import { renderJson } from '../../../../../src/cli/simulate/output/json.ts';
import { renderText } from '../../../../../src/cli/simulate/output/text.ts';
import { ChangeGroups } from '../../../../../src/cli/simulate/replay/change-groups.ts';
import { compare } from '../../../../../src/cli/simulate/replay/comparison.ts';
import { DecisionReplay } from '../../../../../src/cli/simulate/replay/decision-replay.ts';
import { replayLog } from '../../../../../src/cli/simulate/replay/log-replay.ts';
import { fitText, toSafeJson } from '../../../../../src/cli/terminal.ts';
import { protectedRoute } from '../../../route/example-route.ts';
import { exampleConfig, exampleEntry, readText } from '../example-entry.ts';

const config = exampleConfig([protectedRoute({ prefix: '/a' })]);
const wrong = (fields: object) =>
  exampleEntry({ outcome: 'reported', reason: 'wrong_audience', aud: ['x'], ...fields });

async function* once(text: string) {
  yield Buffer.from(text);
}

test('1,000 clients, at most 10 groups: the rest summed by route, no change lost', () => {
  const decisions = new DecisionReplay(config);
  const kept = new ChangeGroups(new Set(['/a']), 10);
  for (let number = 0; number < 1_000; number++) {
    const entry = readText(wrong({ client_id: `c${number}`, route: number % 2 ? '/a' : `/r${number}` }));
    if (typeof entry !== 'object') throw new Error(entry);
    const change = compare(entry, decisions.decide(entry));
    if (change === 'unchanged' || 'unknown' in change) throw new Error('no change');
    kept.add(entry, change);
  }
  const groups = kept.list();
  expect(kept.isCut).toBe(true);
  expect(groups).toHaveLength(12);
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(1_000);
  expect(
    groups
      .slice(0, 2)
      .map(({ route, clientId }) => `${route} ${clientId}`)
      .sort(),
  ).toEqual(['(other routes) (other clients)', '/a (other clients)']);
});

test('one group: the exact JSON and text', async () => {
  const times = ['2026-11-20T10:00:00.000Z', '2026-11-20T09:00:00.000Z'];
  const log = times.map((time, index) => `${wrong({ time, request_id: `id-${index}` })}\n`).join('');
  const result = await replayLog(once(`${log}{"msg":"listening"}\nbroken\n${exampleEntry()}`), {
    now: config,
    from: undefined,
  });
  expect(JSON.parse(renderJson(result, { now: config, from: undefined }))).toEqual({
    config: { file: 'new.yaml', hash: '0' },
    from: null,
    assumed_unchanged: ['keys', 'algorithms', 'token_types', 'scope_claim'],
    lines: 5,
    judged: 3,
    unchanged: 1,
    changed: { would_break: 2, would_open: 0, newly_reported: 0, no_longer_reported: 0, otherwise: 0 },
    skipped: 1,
    broken: 1,
    unknown: {},
    truncated: false,
    upstream_token_defaults: [],
    changes: [
      {
        kind: 'would_break',
        route: '/a',
        was: { outcome: 'reported', reason: 'wrong_audience' },
        becomes: { outcome: 'denied', reason: 'wrong_audience' },
        presented: 'foreign',
        client_id: 'shop',
        count: 2,
        first: times[1],
        last: times[0],
        example: 'id-0',
      },
    ],
  });
  expect(renderText(result, { log: 'access.ndjson', now: 'new.yaml', from: undefined })).toEqual([
    'access.ndjson under new.yaml',
    'assumed unchanged: keys, algorithms, token_types and scope_claim of each issuer',
    '  (--from OLD tells: the configuration that wrote the log)',
    '          5  lines; 1 of no request, 1 broken',
    '          3  requests judged',
    '          1  unchanged',
    '          2  would break: forwarded so far, refused then',
    '          0  would open: refused so far, forwarded then',
    '',
    '          2  /a  client shop',
    '             reported wrong_audience → denied (foreign)',
    '             11-20 09:00–11-20 10:00  e.g. id-0',
  ]);
});

test.each([
  ['a\u001b[2Jb', 'a\\u{1b}[2Jb'],
  ['\u202eevil\u2066', '\\u{202e}evil\\u{2066}'],
  ['\u200b\u00ad\u2028\r\n\u009b', '\\u{200b}\\u{ad}\\u{2028}\\u{d}\\u{a}\\u{9b}'],
  ['\ud800', '\\u{d800}'],
  ['żółw 🐢', 'żółw 🐢'],
])('%j: printed as %s', (text, expected) => {
  expect(fitText(text)).toBe(expected);
  expect(JSON.parse(toSafeJson({ text }))).toEqual({ text });
  expect(toSafeJson({ text })).not.toMatch(/\p{C}/u);
});
