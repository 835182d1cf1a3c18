import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { hasReference, writeFlow } from '../../../../src/config/editing/flow-text.ts';
import type { ListInsertion } from '../../../../src/config/editing/insertion-edits.ts';
import { insertIntoLists } from '../../../../src/config/editing/list-insertion.ts';

const ADD = (...path: string[]): ListInsertion => ({ path, entries: [{ value: 'new', comments: ['why'] }] });
const insert = (text: string, ...insertions: ListInsertion[]) => insertIntoLists(text, insertions);
const AUDIENCES = ADD('routes', '/a', 'audiences');

describe('where the entry goes', () => {
  test.each([
    [
      'no list yet',
      'routes:\n  /a:\n    x: 1 # c\n',
      'routes:\n  /a:\n    x: 1 # c\n    audiences:\n      # why\n      - new\n',
    ],
    [
      'a block list',
      'routes:\n  /a:\n    audiences:\n    - b # c\n    x: 1\n',
      'routes:\n  /a:\n    audiences:\n    - b # c\n    # why\n    - new\n    x: 1\n',
    ],
    [
      'a list of maps',
      'routes:\n  /a:\n    audiences:\n      - k: v\n        l: w\n\n  /b: 1\n',
      'routes:\n  /a:\n    audiences:\n      - k: v\n        l: w\n      # why\n      - new\n\n  /b: 1\n',
    ],
    [
      'a flow list',
      'routes:\n  /a:\n    audiences: [ b ]  # c\n',
      'routes:\n  /a:\n    # why\n    audiences: [ b, new ]  # c\n',
    ],
    [
      'a flow list with a comma at its end',
      'routes:\n  /a:\n    audiences: [\n      b,   # c\n    ]\n',
      'routes:\n  /a:\n    # why\n    audiences: [\n      b, new,   # c\n    ]\n',
    ],
    ['an empty flow list', 'routes:\n  /a:\n    audiences: []\n', 'routes:\n  /a:\n    # why\n    audiences: [new]\n'],
    [
      'a flow map',
      'routes:\n  /a: { x: 1, }\n',
      'routes:\n  /a: { x: 1, audiences: [new], }\n'.replace('  /a', '  # why\n  /a'),
    ],
    ['a file of JSON', '{"routes": {"/a": {"x": 1}}}', '# why\n{"routes": {"/a": {"x": 1, audiences: [new]}}}'],
    [
      'a list that an alias repeats',
      'l: &l [b]\nroutes:\n  /a:\n    audiences: *l # c\n',
      'l: &l [b]\nroutes:\n  /a:\n    # why\n    audiences: [b, new] # c\n',
    ],
    [
      'a list of maps that an alias repeats',
      'l: &l\n  - { a: b, c: [d, "1"] } # x\nroutes:\n  /a:\n    audiences: *l\n',
      'l: &l\n  - { a: b, c: [d, "1"] } # x\nroutes:\n  /a:\n    # why\n    audiences: [{ a: b, c: [d, "1"] }, new]\n',
    ],
    [
      'no line end at the end',
      'routes:\n  /a:\n    x: 1',
      'routes:\n  /a:\n    x: 1\n    audiences:\n      # why\n      - new',
    ],
    [
      'a text over several lines at the end',
      'routes:\n  /a:\n    x: |\n      one\n      two\n  /b: 1\n',
      'routes:\n  /a:\n    x: |\n      one\n      two\n    audiences:\n      # why\n      - new\n  /b: 1\n',
    ],
    [
      'a text that keeps its last line ends',
      'routes:\n  /a:\n    x: |+\n      one\n\n',
      'routes:\n  /a:\n    x: |+\n      one\n\n    audiences:\n      # why\n      - new\n',
    ],
  ])('%s', (_, before, after) => {
    expect(insert(before, AUDIENCES)).toEqual({ text: after, failed: [] });
  });

  test('line ends of Windows and a byte order mark: kept', () => {
    const before = '\uFEFFroutes:\r\n  /a:\r\n    x: 1\r\n';
    expect(insert(before, AUDIENCES).text).toBe(`${before}    audiences:\r\n      # why\r\n      - new\r\n`);
  });

  test('an entry without a value: becomes a map, with what the absent list stands for', () => {
    const insertion = { ...ADD('issuers', 'https://a', 'token_types'), initial: ['at+jwt'] };
    const before = 'issuers:\n  https://a:   # ours\n  https://b: {}\n';
    expect(insert(before, insertion).text).toBe(
      'issuers:\n  https://a:   # ours\n    # why\n    token_types: [at+jwt, new]\n  https://b: {}\n',
    );
    const flow = { ...insertion, path: ['issuers', 'https://b', 'token_types'] };
    expect(insert(before, flow).text).toContain('  # why\n  https://b: { token_types: [at+jwt, new] }\n');
  });

  test('two lists of one map: in their order', () => {
    const { text } = insert('routes:\n  /a:\n    x: 1\n', AUDIENCES, ADD('routes', '/a', 'exceptions'));
    expect(parse(text)).toEqual({ routes: { '/a': { x: 1, audiences: ['new'], exceptions: ['new'] } } });
  });
});

describe('what would change something else', () => {
  test.each([
    ['a map that an alias repeats', 'routes:\n  /a: &a { x: 1 }\n  /b: *a\n'],
    ['a list with an anchor that is in use', 'routes:\n  /a:\n    audiences: &l [b]\n  /b:\n    audiences: *l\n'],
    ['a list that an alias repeats, with more than texts', 'l: &l [{ a: 1 }]\nroutes:\n  /a:\n    audiences: *l\n'],
    ['a list that an alias repeats, and that holds itself', 'l: &l [b, *l]\nroutes:\n  /a:\n    audiences: *l\n'],
    ['an alias in place of the map', 'm: &m { x: 1 }\nroutes:\n  /a: *m\n'],
  ])('%s: left as it is, and told', (_, before) => {
    expect(insert(before, AUDIENCES)).toEqual({ text: before, failed: [AUDIENCES] });
  });

  test('one of many: the others are made', () => {
    const before = 'routes:\n  /a: &a { x: 1 }\n  /b: *a\n  /c: { x: 1 }\n';
    const { text, failed } = insert(before, ADD('routes', '/c', 'audiences'), AUDIENCES);
    expect(failed).toEqual([AUDIENCES]);
    expect(text).toContain('/c: { x: 1, audiences: [new] }');
  });
});

describe('values of a stranger', () => {
  test.each([
    ['12', '"12"'],
    ['true', '"true"'],
    ['null', '"null"'],
    ['1e3', '"1e3"'],
    ['~', '"~"'],
    ['a, b]', '"a, b]"'],
    ['a: b', '"a: b"'],
    ['a #b', '"a #b"'],
    ['*a', '"*a"'],
    ['!!js', '"!!js"'],
    ['x\n- y', '"x\\n- y"'],
    ['\u202Egnp', '"\\u202egnp"'],
    ['\u001B[31m', '"\\u001b[31m"'],
    ['a:', '"a:"'],
    ['https://a.example/b', 'https://a.example/b'],
    ['6731de76-14a6-49ae-97bc-6eba6914391e', '6731de76-14a6-49ae-97bc-6eba6914391e'],
  ])('%j: %s', (text, written) => {
    expect(writeFlow(text)).toBe(written);
  });

  test('a reference of the loader: recognised', () => {
    expect(['${HOME}', 'a${file:x}', '$HOME', '{}'].map(hasReference)).toEqual([true, true, false, false]);
  });

  const texts = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));
  const values = fc.record({ client_id: texts, reasons: fc.array(texts, { maxLength: 3 }) });

  test('any texts: read back equal, on one line, without a character that acts on a terminal', () => {
    fc.assert(
      fc.property(values, value => {
        const written = writeFlow(value);
        expect(written).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(parse(`l:\n  - ${written}\nm: [${written}]\n`)).toEqual({ l: [value], m: [value] });
      }),
      { numRuns: 2_000 },
    );
  });
});

test('a thousand insertions behind an alias of YAML: set aside in a few seconds, the others are made', () => {
  const copies = Array.from({ length: 1_000 }, (_, index) => `  /r${index}: *x\n`).join('');
  const insertions = Array.from({ length: 1_000 }, (_, index) => ({
    path: ['routes', `/r${index}`, 'audiences'],
    entries: [{ value: 'a', comments: [] }],
  }));
  const own = { path: ['routes', '/own', 'audiences'], entries: [{ value: 'b', comments: [] }] };
  const before = performance.now();
  const text = `routes:\n  /x: &x\n    resource: y\n${copies}  /own:\n    resource: z\n`;
  const { failed, text: changed } = insertIntoLists(text, [...insertions, own]);
  expect(performance.now() - before).toBeLessThan(4_000);
  expect(failed).toHaveLength(1_000);
  expect(changed).toBe(`${text}    audiences:\n      - b\n`);
});
