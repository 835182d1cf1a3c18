/** The strict reader of JSON: it accepts what JSON.parse accepts, save what two readers could take for two things. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonReader } from '../../../src/json/json-reader.ts';
import { JsonRefusal } from '../../../src/json/json-tokens.ts';

function accepts(text: string | Buffer): boolean {
  try {
    const reader = new JsonReader(Buffer.from(text as string));
    reader.skipValue();
    reader.finish();
    return true;
  } catch (error) {
    if (error instanceof JsonRefusal) return false;
    throw error;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('what is JSON: accepted', () => {
  test.each([
    '{}',
    ' \t\r\n[ ] \t\r\n',
    '{"a":[1,-0,0.5,1e9,-1.5E-7,true,false,null,"x",{"b":{}}]}',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00"',
    '{"ä":1,"\\u00e4b":2,"a\\/b":3}',
    '"\ud83d\ude00 \u2028"',
    `${'['.repeat(256)}${']'.repeat(256)}`,
    '{"a":1,"A":2}',
    '"\\ud800"',
  ])('%j', text => {
    expect(accepts(text)).toBe(true);
  });
});

describe('what two readers could take for two things: refused', () => {
  test.each([
    ['a member twice', '{"a":1,"a":1}'],
    ['a member twice, once by an escape', '{"a":1,"\\u0061":2}'],
    ['a member twice, both by escapes', '{"\\u0061":1,"\\u0061":2}'],
    ['a member twice, deep inside', '{"x":[[{"y":{"a":1,"b":2,"a":3}}]]}'],
    ['the empty name twice', '{"":1,"":2}'],
    ['a name with a backslash', '{"a\\\\b":1}'],
    ['a name with a backslash, as a code unit', '{"a\\u005cb":1}'],
    ['a name with half a surrogate pair', '{"a\\ud800":1}'],
    ['a name with U+0000', '{"a\\u0000":1}'],
    ['more nesting than 256', `${'['.repeat(257)}${']'.repeat(257)}`],
    ['a byte order mark', '\ufeff{}'],
    ['two texts', '{}{}'],
    ['a comma behind', '{},'],
    ['U+0000 behind', '{}\0'],
    ['a form feed as a blank', '\f{}'],
  ])('%s', (_, text) => {
    expect(accepts(text)).toBe(false);
  });

  test.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong quote', [0x22, 0xc0, 0xa2, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [...Buffer.from('{}', 'utf16le')]],
    ['UTF-16 with its mark', [0xff, 0xfe, ...Buffer.from('{}', 'utf16le')]],
  ])('bytes that are not UTF-8: %s', (_, bytes) => {
    expect(accepts(Buffer.from(bytes))).toBe(false);
  });
});

describe('what is no JSON: refused', () => {
  test.each([
    ...[
      '',
      ' ',
      '{',
      '[',
      '"',
      '{"a"',
      '{"a":',
      '{"a":1',
      '{"a":1,',
      '{"a":1,}',
      '{,}',
      '[1,]',
      '[,]',
      '[1 2]',
      '{"a" 1}',
      '{1:1}',
    ],
    ...[
      '01',
      '-',
      '+1',
      '.5',
      '1.',
      '1e',
      '1e+',
      '0x1',
      'NaN',
      'Infinity',
      'tru',
      'nul',
      'truee',
      "'a'",
      '"\\x"',
      '"\\u12g4"',
    ],
    ...['"a\nb"', '"\u0001"', '"\\', '/* */{}', '{}//', '[}', '{]', ']', '}'],
  ])('%j', text => {
    expect(parses(text)).toBe(false);
    expect(accepts(text)).toBe(false);
  });
});

test('any text near JSON: accepted only if JSON.parse accepts it, and then it has the value of its own text', () => {
  const near = fc.array(
    fc.constantFrom(
      ...'{}[],:"\\/ \n0123456789.-+eEtrufalsn\u00e4',
      '"a":',
      '"b":',
      '1,',
      '{}',
      '[]',
      '\\u0061',
      'true',
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(near, parts => {
      const text = parts.join('');
      if (accepts(text)) expect(parses(text), text).toBe(true);
    }),
    { numRuns: 20_000 },
  );
});

test('any value, written by JSON.stringify: accepted', () => {
  const plain = fc.jsonValue({ maxDepth: 6 }).filter(value => !/\\\\|\\u0000|\\ud[89a-f]/i.test(JSON.stringify(value)));
  fc.assert(
    fc.property(plain, fc.constantFrom(0, 2, '\t'), (value, indent) => {
      expect(accepts(JSON.stringify(value, null, indent))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('an object of many names: each is found again, spelled plainly or by an escape', () => {
  const names = Array.from({ length: 5_000 }, (_, index) => `n${index}`);
  const members = names.map(name => `"${name}":0`).join(',');
  expect(accepts(`{${members}}`)).toBe(true);
  for (const name of ['n0', 'n7', 'n8', 'n31', 'n63', 'n4999']) {
    expect(accepts(`{${members},"${name}":1}`), name).toBe(false);
    expect(accepts(`{${members},"\\u006e${name.slice(1)}":1}`), name).toBe(false);
  }
});

/** Without a bound on the time of one text an authenticated client could stop the gateway. Quadratic, these would take minutes. */
test.each([
  ['opening brackets', '['.repeat(4 << 20)],
  ['one name over and over', `{${'"a":1,'.repeat(700_000)}"a":1}`],
  ['names that all differ', `{${Array.from({ length: 350_000 }, (_, at) => `"${at.toString(36)}":1`).join(',')}}`],
  ['escaped names', `{${Array.from({ length: 250_000 }, (_, at) => `"\\u0061${at.toString(36)}":1`).join(',')}}`],
  [
    'names that V8 hashes by their value',
    `{${Array.from({ length: 250_000 }, (_, at) => `"${at * 8192}":1`).join(',')}}`,
  ],
  [
    'objects of seventeen members',
    `[${'{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1},'.repeat(40_000)}0]`,
  ],
])('4 MiB of %s: read in linear time', (_, text) => {
  const startedAt = performance.now();
  accepts(text);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
