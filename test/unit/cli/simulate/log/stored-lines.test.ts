import { describe, expect, test } from 'vitest';
import { StoredLines } from '../../../../../src/cli/simulate/log/stored-lines.ts';
import { exampleEntry, readText } from '../example-entry.ts';

const RAW = exampleEntry();
const PLAIN = readText(RAW);
const AT = '2026-11-20T10:00:00.123456789Z';

const docker = (log: string, stream = 'stdout') => JSON.stringify({ log, stream, time: AT });
const journald = (fields: object) => JSON.stringify({ __REALTIME_TIMESTAMP: '1', _TRANSPORT: 'stdout', ...fields });
const readAll = (lines: readonly string[]) => {
  const stored = new StoredLines();
  return { found: lines.map(line => stored.read(line)), unfinished: stored.unfinished };
};

test('the example: an entry of a request', () => {
  expect(PLAIN).toMatchObject({ route: '/a', claims: { issuer: 'https://login.example' } });
});

test.each([
  ['Docker', docker(`${RAW}\n`)],
  ['Docker, with CRLF', docker(`${RAW}\r\n`)],
  ['Docker, with attributes', JSON.stringify({ log: `${RAW}\n`, stream: 'stdout', attrs: { tag: 'x' }, time: AT })],
  ['CRI', `${AT} stdout F ${RAW}`],
  ['CRI, with an offset', `2026-11-20T12:00:00.1+02:00 stdout F ${RAW}`],
  ['CRI, with more tags', `${AT} stdout F:x ${RAW}`],
  ['kubectl logs --timestamps', `${AT} ${RAW}`],
  ['journald', journald({ MESSAGE: RAW, _SYSTEMD_UNIT: 'audgate.service' })],
  ['journald, as bytes', journald({ MESSAGE: [...Buffer.from(RAW)] })],
  ['journald, without a transport', JSON.stringify({ MESSAGE: RAW })],
])('%s: the entry in it', (_name, stored) => {
  expect(readText(stored)).toEqual(PLAIN);
});

describe('a line stored in parts: joined', () => {
  test.each([
    ['Docker', [docker(RAW.slice(0, 90)), docker(RAW.slice(90, 200)), docker(`${RAW.slice(200)}\n`)]],
    [
      'CRI',
      [
        `${AT} stdout P ${RAW.slice(0, 90)}`,
        `${AT} stdout P ${RAW.slice(90, 200)}`,
        `${AT} stdout F ${RAW.slice(200)}`,
      ],
    ],
    [
      'journald',
      [
        journald({ MESSAGE: RAW.slice(0, 90), _STREAM_ID: 'a', _LINE_BREAK: 'line-max' }),
        journald({ MESSAGE: RAW.slice(90, 200), _STREAM_ID: 'a', _LINE_BREAK: 'line-max' }),
        journald({ MESSAGE: RAW.slice(200), _STREAM_ID: 'a' }),
      ],
    ],
    [
      "Docker's driver for journald",
      [
        journald({ MESSAGE: RAW.slice(0, 90), CONTAINER_ID: 'a', CONTAINER_PARTIAL_MESSAGE: 'true' }),
        journald({ MESSAGE: RAW.slice(90, 200), CONTAINER_ID: 'a', CONTAINER_PARTIAL_MESSAGE: 'true' }),
        journald({ MESSAGE: RAW.slice(200), CONTAINER_ID: 'a' }),
      ],
    ],
  ])('%s', (_name, parts) => {
    expect(readAll(parts)).toEqual({ found: [undefined, undefined, PLAIN], unfinished: 0 });
  });

  test('two interleaved streams of journald: joined separately', () => {
    const part = (id: string, text: string, fields = {}) => journald({ MESSAGE: text, _STREAM_ID: id, ...fields });
    const more = { _LINE_BREAK: 'line-max' };
    const parts = [part('a', RAW.slice(0, 90), more), part('b', RAW.slice(0, 50), more)];
    const ends = [part('a', RAW.slice(90)), part('b', RAW.slice(50))];
    expect(readAll([...parts, ...ends]).found).toEqual([undefined, undefined, PLAIN, PLAIN]);
  });

  test('a last part that never comes: counted as unfinished', () => {
    expect(readAll([docker(RAW)])).toEqual({ found: [undefined], unfinished: 1 });
  });

  test('more than 1 Mi characters: broken, and the next line is read', () => {
    const piece = 'x'.repeat(900_000);
    const { found, unfinished } = readAll([docker(piece), docker(piece), docker(`${piece}\n`), docker(`${RAW}\n`)]);
    expect({ found, unfinished }).toEqual({ found: [undefined, undefined, 'broken', PLAIN], unfinished: 0 });
  });

  test('more than 64 unfinished sources: the further ones are broken', () => {
    const starts = Array.from({ length: 100 }, (_, id) =>
      journald({ MESSAGE: '{', _STREAM_ID: `${id}`, _LINE_BREAK: 'line-max' }),
    );
    const { found, unfinished } = readAll(starts);
    expect({ broken: found.filter(each => each === 'broken').length, unfinished }).toEqual({
      broken: 36,
      unfinished: 64,
    });
  });
});

test.each([
  ['Docker: a line of stderr', docker('Error: x\n', 'stderr'), 'skipped'],
  ['CRI: a line of stderr', `${AT} stderr F Error: x`, 'skipped'],
  ['an empty line', docker('\n'), 'skipped'],
  [
    'journald: a message of systemd about the unit',
    journald({ MESSAGE: 'Started audgate.', _TRANSPORT: 'journal' }),
    'skipped',
  ],
  ['a line that is not of a request', docker('{"level":"info","msg":"listening"}\n'), 'skipped'],
  ['text that is not JSON', docker('hello\n'), 'broken'],
  ['half a line', docker(`${RAW.slice(90)}\n`), 'broken'],
  ['journald: a message too long to be shown', journald({ MESSAGE: null }), 'broken'],
  ['journald: a byte out of range', journald({ MESSAGE: [1, 256] }), 'broken'],
  ['a wrapped line that is wrapped again', docker(`${docker(`${RAW}\n`)}\n`), 'skipped'],
])('%s: %s', (_name, stored, expected) => {
  expect(readText(stored)).toBe(expected);
});

test('an unwrapped entry with fields named log, stream and MESSAGE: read as an entry', () => {
  const line = exampleEntry({ log: 'x', stream: 'stderr', MESSAGE: 'x' });
  expect(readText(line)).toEqual(PLAIN);
});
