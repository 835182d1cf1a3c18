import { expect, test, vi } from 'vitest';
import { ChangeLedger } from '../../../../src/cli/simulate/changes.ts';
import { compare } from '../../../../src/cli/simulate/comparison.ts';
import { createProgress } from '../../../../src/cli/simulate/progress.ts';
import { replay } from '../../../../src/cli/simulate/replay.ts';
import { describeAsJson } from '../../../../src/cli/simulate/report.ts';
import { Judge } from '../../../../src/cli/simulate/ruling.ts';
import { summarise } from '../../../../src/cli/simulate/summary.ts';
import { fitText, toSafeJson } from '../../../../src/cli/terminal.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { exampleConfig, exampleLine, readText } from './example-line.ts';

const config = exampleConfig([protectedRoute({ prefix: '/a' })]);
const wrong = (fields: object) => exampleLine({ outcome: 'reported', reason: 'wrong_audience', aud: ['x'], ...fields });

async function* once(text: string) {
  yield Buffer.from(text);
}

test('groups are bounded whatever clients call themselves, and every change is in the sum', () => {
  const judge = new Judge(config);
  const ledger = new ChangeLedger(new Set(['/a']), 10);
  for (let number = 0; number < 1_000; number++) {
    const line = readText(wrong({ client_id: `c${number}`, route: number % 2 ? '/a' : `/r${number}` }));
    if (typeof line !== 'object') throw new Error(line);
    const change = compare(line, judge.rule(line));
    if (change === 'unchanged' || 'unknown' in change) throw new Error('no change');
    ledger.add(line, change);
  }
  const groups = ledger.list();
  expect(ledger.isCut).toBe(true);
  expect(groups).toHaveLength(12);
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(1_000);
  expect(
    groups
      .slice(0, 2)
      .map(({ route, clientId }) => `${route} ${clientId}`)
      .sort(),
  ).toEqual(['(other routes) (other clients)', '/a (other clients)']);
});

test('one group, to the letter: for machines and for people', async () => {
  const times = ['2026-11-20T10:00:00.000Z', '2026-11-20T09:00:00.000Z'];
  const log = times.map((time, index) => `${wrong({ time, request_id: `id-${index}` })}\n`).join('');
  const replayed = await replay(
    once(`${log}{"msg":"listening"}\nbroken\n${exampleLine()}`),
    { now: config, from: undefined },
    () => undefined,
  );
  expect(JSON.parse(describeAsJson(replayed, { now: config, from: undefined }))).toEqual({
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
  expect(summarise(replayed, { log: 'access.ndjson', now: 'new.yaml', from: undefined })).toEqual([
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
])('%j is printed as %s', (text, expected) => {
  expect(fitText(text)).toBe(expected);
  expect(JSON.parse(toSafeJson({ text }))).toEqual({ text });
  expect(toSafeJson({ text })).not.toMatch(/\p{C}/u);
});

test('progress is drawn on a terminal only, and leaves nothing behind', () => {
  createProgress(100, undefined).advance(50, 1);
  const drawn: string[] = [];
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  const progress = createProgress(1_000, text => drawn.push(text));
  for (const [now, bytes, lines] of [
    [100, 250, 500],
    [250, 500, 1_000],
    [300, 600, 1_100],
  ] as const) {
    clock.mockReturnValue(now);
    progress.advance(bytes, lines);
  }
  progress.end();
  clock.mockRestore();
  expect(drawn).toEqual([`\r\x1b[K[${'#'.repeat(15)}${'.'.repeat(15)}]  50 %  4,000 lines/s`, '\r\x1b[K']);
});
