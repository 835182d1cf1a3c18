import { expect, test } from 'vitest';
import { renderJson } from '../../../../../src/cli/simulate/output/json.ts';
import { renderText } from '../../../../../src/cli/simulate/output/text.ts';
import { replayLog } from '../../../../../src/cli/simulate/replay/log-replay.ts';
import { protectedRoute } from '../../../route/example-route.ts';
import { exampleConfig, exampleEntry } from '../example-entry.ts';

const config = exampleConfig([protectedRoute({ prefix: '/a' })]);
const wrong = (fields: object) =>
  exampleEntry({ outcome: 'reported', reason: 'wrong_audience', aud: ['x'], ...fields });

async function* once(text: string) {
  yield Buffer.from(text);
}

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
    assumed_unchanged: ['keys', 'algorithms', 'token_types', 'scope_claim', 'audience_claim'],
    lines: 5,
    judged: 3,
    unchanged: 1,
    changed: { would_break: 2, would_open: 0, newly_reported: 0, no_longer_reported: 0, otherwise: 0 },
    skipped: 1,
    broken: 1,
    unknown: {},
    truncated: false,
    upstream_token_defaults: [],
    lapsed_exceptions: [],
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
    'assumed unchanged: keys, algorithms, token_types, scope_claim, audience_claim',
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
