import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLines } from '../../../../../src/cli/simulate/log/line-splitter.ts';
import { replayLog } from '../../../../../src/cli/simulate/replay/log-replay.ts';
import { exampleConfig, exampleEntry, readText } from '../example-entry.ts';

async function* piecesOf(bytes: Buffer, size: number) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function split(text: string, size: number) {
  const found = { lines: [] as string[], tooLong: 0 };
  await readLines(piecesOf(Buffer.from(text), size), {
    line: line => found.lines.push(line),
    tooLong: () => {
      found.tooLong += 1;
    },
  });
  return found;
}

test('the lines of a file: the same in pieces of any size', async () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }).map(text => text.replaceAll('\n', '')));
  const same = fc.asyncProperty(texts, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (lines, size, ends) => {
    const text = lines.join('\n') + (ends ? '\n' : '');
    const found = await split(text, size);
    expect(found.lines).toEqual(lines.filter(line => line !== '').map(line => Buffer.from(line).toString()));
  });
  await fc.assert(same, { numRuns: 300 });
});

test.each([1000, 2 ** 16, 2 ** 22])(
  'a line of more than 1 Mi characters: counted, not kept (pieces of %i bytes)',
  async size => {
    const long = 'x'.repeat(2 ** 20 + 1);
    const found = await split(`a\n${long}\nb\n${long}${long}\nc\n${long}`, size);
    expect(found).toMatchObject({ lines: ['a', 'b', 'c'], tooLong: 3 });
  },
);

const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom({ toString: 1, valueOf: 1 }, { length: 3 }, '9'.repeat(400), -1, 1e308, [], {}),
  fc.string({ unit: 'binary' }),
);
const names = [
  ...['time', 'request_id', 'route', 'resource', 'method', 'host', 'path', 'outcome', 'reason', 'enforcement'],
  ...['duration_ms', 'iss', 'sub', 'client_id', 'aud', 'scope', 'exp', 'msg', 'truncated', 'log', 'stream', 'MESSAGE'],
];

test('lines with fields of any type: each counted once, no exception', async () => {
  const hostile = fc.dictionary(fc.constantFrom(...names), anything, { minKeys: 1, maxKeys: 3 }).map(exampleEntry);
  const lines = fc.array(fc.oneof(hostile, fc.string(), fc.json()), { minLength: 1, maxLength: 8 });
  const survives = fc.asyncProperty(lines, async texts => {
    const bytes = Buffer.from(texts.map(text => `${text.replaceAll('\n', ' ')}\n`).join(''));
    const { lines, decided, unknown, skipped, broken } = await replayLog(piecesOf(bytes, 4096), {
      now: exampleConfig([]),
      from: undefined,
    });
    const sum = [...unknown.values()].reduce((total, count) => total + count, decided + skipped + broken);
    expect(sum).toBe(lines);
  });
  await fc.assert(survives, { numRuns: 3_000 });
});

const DEEP = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;

test.each(['duration_ms', 'host', 'iss', 'aud', 'exp', 'time'])('%s is a list nested 400,000 deep: broken', name => {
  expect(readText(`{"${name}":${DEEP},${exampleEntry({ [name]: undefined }).slice(1)}`)).toBe('broken');
});

test.each([
  [{ duration_ms: { toString: 1, valueOf: 1 } }],
  [{ duration_ms: '12' }],
  [{ duration_ms: null }],
  [{ duration_ms: -1 }],
  [{ duration_ms: 1e300 }],
  [{ scope: ['read'] }],
  [{ client_id: 7 }],
])('%j: broken', fields => {
  expect(readText(exampleEntry(fields))).toBe('broken');
});

test.each([
  '',
  '{',
  '[]',
  '7',
  'null',
  '"x"',
  exampleEntry({ time: 'x' }),
  exampleEntry({ outcome: 'x' }),
  exampleEntry({ exp: '1' }),
])('broken: %s', text => {
  expect(readText(text)).toBe('broken');
});
