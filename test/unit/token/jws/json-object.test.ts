/** JSON objects in a JWS: what two readers could take for two objects is refused. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasDuplicateMembers, readJsonObject } from '../../../../src/token/jws/json-object.ts';

const encode = (text: string | Uint8Array) => Buffer.from(text).toString('base64url');

describe('one object: read', () => {
  test.each([
    '{}',
    '{"a":1}',
    ' {"a" : {"a":{"a":[{"a":1},{"a":2}]}}} ',
    '{"a":":","b":"\\":","c":"\\\\","d:":[":","\\u0022:"]}',
    '{"":0,"\\u0000":1}',
    '{"__proto__":1,"constructor":2}',
    '{"a":"ä\u2028😀"}',
    '{"A":1,"a":2}',
    '{"a":"\\\\","b":["\\u005c","\\\\:"],"c":"x\\\\"}',
    '{"https:\\/\\/a.example\\/roles":["admin"],"\\u0062":1}',
  ])('%s', text => {
    expect(readJsonObject(encode(text))).toEqual(JSON.parse(text));
  });
});

describe('not one object: undefined', () => {
  test.each([
    ['the same member twice', '{"a":1,"a":1}'],
    ['with another value', '{"iss":"a","iss":"b"}'],
    ['spelled by escapes', '{"iss":"a","\\u0069ss":"b"}'],
    ['deep inside', '{"x":[{"y":{"a":1,"a":2}}]}'],
    ['the empty name twice', '{"":1,"":2}'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
    ['one that is no more in the object', '{"a":{"b":1,"c":2},"a":0}'],
    ['a name with a backslash', '{"a\\\\b":1}'],
    ['a name with a backslash, as an escape', '{"a\\u005Cb":1}'],
    ['a name with a backslash, deep inside', '{"a":[{"b" \n: {"\\\\":1}}]}'],
    ['a name with a backslash, in what is no JSON', '{"a":{"\\\\":1}, x'],
    ['an array', '[]'],
    ['text', '"a"'],
    ['null', 'null'],
    ['nothing', ''],
    ['two objects', '{}{}'],
    ['a byte order mark', '\ufeff{}'],
    ['a comment', '{/* a */}'],
    ['a comma at the end', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
  ])('%s', (_, text) => {
    expect(readJsonObject(encode(text))).toBeUndefined();
  });

  test.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['Latin-1', [0xe4]],
  ])('bytes that are not UTF-8: %s', (_, bytes) => {
    const text = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(readJsonObject(encode(text))).toBeUndefined();
  });

  test('10,000 lists within one another: read, without an exception', () => {
    const text = `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
    expect(readJsonObject(encode(text))).toBeDefined();
  });
});

test.each([
  ['https:\\/\\/a.example\\/roles', 'https:\\\\/\\\\/a.example\\\\/ro'],
  ['\\u0062', '\\\\'],
  ['a\\u0062', 'a\\\\'],
])('a name in escapes, %s, after an object that nobody signed: read as what it is', (name, forged) => {
  const objectOf = (member: string) => encode(`{"iss":"https://${name.length}.example","sub":"s","${member}":1}`);
  for (let count = 0; count < 5; count += 1) expect(readJsonObject(objectOf(forged))).toBeUndefined();
  const expected = JSON.parse(`"${name}"`);
  expect(Object.keys(readJsonObject(objectOf(name)) ?? {})).toEqual(['iss', 'sub', expected]);
});

test('a long string and as many colons: looked through once', () => {
  const startedAt = performance.now();
  expect(readJsonObject(encode(`{"${'a'.repeat(1_000_000)}"${':'.repeat(1_000_000)}"\\\\"}`))).toBeUndefined();
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

/** JSON as text, built by hand, and whether an object in it has a name twice. */
interface Sample {
  readonly text: string;
  readonly hasDuplicate: boolean;
}

const plain = (text: string): Sample => ({ text, hasDuplicate: false });
const NAMES = ['a', 'b', 'c', ':', '"', '/', '{', '__proto__'];
const ESCAPED = (name: string) =>
  `"${[...name].map(each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`;
const { value: json } = fc.letrec<{ value: Sample }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('1', 'null', 'true', '":"', '"\\\\"', '"\\":\\""').map(plain),
    fc.string().map(text => plain(JSON.stringify(text))),
    fc.array(tie('value'), { maxLength: 3 }).map(list => ({
      text: `[${list.map(({ text }) => text).join(' , ')}]`,
      hasDuplicate: list.some(({ hasDuplicate }) => hasDuplicate),
    })),
    fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.boolean(), tie('value')), { maxLength: 4 }).map(members => ({
      text: `{${members.map(([name, isEscaped, { text }]) => `${isEscaped ? ESCAPED(name) : JSON.stringify(name)}: ${text}`).join(',')}}`,
      hasDuplicate:
        new Set(members.map(([name]) => name)).size < members.length ||
        members.some(([, , { hasDuplicate }]) => hasDuplicate),
    })),
  ),
}));

test('5,000 random texts: a duplicate is found exactly where one was put', () => {
  const seen = { duplicate: 0, unique: 0 };
  fc.assert(
    fc.property(json, ({ text, hasDuplicate }) => {
      seen[hasDuplicate ? 'duplicate' : 'unique'] += 1;
      expect(hasDuplicateMembers(text), text).toBe(hasDuplicate);
    }),
    { numRuns: 5_000 },
  );
  expect(seen.duplicate).toBeGreaterThan(200);
  expect(seen.unique).toBeGreaterThan(1_000);
});
