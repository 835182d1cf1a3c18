import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLines } from '../../../../src/cli/simulate/lines.ts';
import { readPlainLine } from '../../../../src/cli/simulate/plain-line.ts';
import { readLogLine } from '../../../../src/cli/simulate/read-line.ts';
import { exampleLine } from './example-line.ts';

async function* piecesOf(bytes: Buffer, size: number) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function split(text: string, size: number) {
  const found = { lines: [] as string[], tooLong: 0, bytes: 0 };
  await readLines(piecesOf(Buffer.from(text), size), {
    line: line => found.lines.push(line),
    tooLong: () => {
      found.tooLong += 1;
    },
    piece: bytes => {
      found.bytes += bytes;
    },
  });
  return found;
}

test('however the bytes are cut, the lines are the same', async () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }).map(text => text.replaceAll('\n', '')));
  const same = fc.asyncProperty(texts, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (lines, size, ends) => {
    const text = lines.join('\n') + (ends ? '\n' : '');
    const found = await split(text, size);
    expect(found.lines).toEqual(lines.filter(line => line !== '').map(line => Buffer.from(line).toString()));
    expect(found.bytes).toBe(Buffer.byteLength(text));
  });
  await fc.assert(same, { numRuns: 300 });
});

test.each([1000, 2 ** 16, 2 ** 22])(
  'a line of more than a megabyte is counted and not kept (pieces of %i)',
  async size => {
    const long = 'x'.repeat(2 ** 20 + 1);
    const found = await split(`a\n${long}\nb\n${long}${long}\nc\n${long}`, size);
    expect(found).toMatchObject({ lines: ['a', 'b', 'c'], tooLong: 3 });
  },
);

const field = fc.oneof(
  fc.constant(undefined),
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.double(),
  fc.constant(null),
);
const names = ['request_id', 'route', 'resource', 'method', 'host', 'path', 'outcome', 'reason', 'enforcement', 'time'];
const more = ['duration_ms', 'iss', 'sub', 'client_id', 'aud', 'scope', 'exp', 'msg'];
const lists = fc.array(fc.string(), { maxLength: 3 });

test('the short way reads a line as JSON does, or leaves it to JSON', () => {
  const fields = fc.record({
    ...{ sub: fc.string(), client_id: fc.string(), aud: lists, scope: fc.string(), path: fc.string() },
    change: fc.dictionary(fc.constantFrom(...names, ...more), field, { maxKeys: 2 }),
    isChanged: fc.boolean(),
  });
  let short = 0;
  const agree = fc.property(fields, ({ change, isChanged, ...rest }) => {
    const text = exampleLine({ ...rest, ...(isChanged && change) });
    const plain = readPlainLine(text);
    if (plain) short += 1;
    // A blank before the end is JSON, and not the form that audgate writes.
    expect(plain ?? readLogLine(text)).toEqual(readLogLine(text.replace(/\}$/, ' }')));
    expect(readPlainLine(text.replace(/\}$/, ' }'))).toBeUndefined();
  });
  fc.assert(agree, { numRuns: 3_000 });
  expect(short).toBeGreaterThan(500);
});

test.each([
  '',
  '{',
  '[]',
  '7',
  'null',
  '"x"',
  exampleLine({ time: 'x' }),
  exampleLine({ outcome: 'x' }),
  exampleLine({ exp: '1' }),
])('broken: %s', text => {
  expect(readLogLine(text)).toBe('broken');
});
