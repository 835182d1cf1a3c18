import { describe, expect, test } from 'vitest';
import { EXAMPLE, listDiagnostics } from '../configuration.ts';
import { GOOD, route } from './example-route.ts';

test('eight errors: eight lines, in the order of the file', () => {
  const text = `listen: 8080x
issuers:
  https://login.example.com:
    algorithms: [HS256]
    keys: { refresh: 10 }
routes:
  /a:
    resource: https://a.example/#top
    upstream: http://a
  /b/:
    resource: https://b.example/
    multiple_audiences: only
    upstraem: http://b
  /c:
    resource: https://c.example/
    upstream: ws://c
    multiple_audiences: only
    issuers: [https://login.exmaple.com]
`;
  const diagnostics = listDiagnostics(text);
  expect(diagnostics.map(line => line.split(': ').slice(0, 2).join(' '))).toEqual([
    '1:9 listen',
    '4:18 issuers.https://login.example.com.algorithms[0]',
    '5:22 issuers.https://login.example.com.keys.refresh',
    '8:15 routes./a.resource',
    '10:3 routes./b/',
    '13:5 routes./b/.upstraem',
    '16:15 routes./c.upstream',
    '18:15 routes./c.issuers[0]',
  ]);
});

test('errors and warnings: listed together by place', () => {
  const diagnostics = listDiagnostics(EXAMPLE.replace('public: true', 'pubic: true'));
  expect(diagnostics.map(line => line.split(':').slice(0, 3).join(':'))).toEqual([
    '31:20: warning',
    '35:3: routes./status.resource',
    '36:5: routes./status.pubic',
  ]);
});

test('resource that is no URI: audiences suggested', () => {
  expect(listDiagnostics(route('upstream: http://a\nresource: orders-api'))).toEqual([
    '5:15: routes./a.resource: "orders-api" is not an https URI, where the metadata of RFC 9728 is found, expected an absolute https:// or http:// URI without fragment, and any other identifier under audiences',
  ]);
});

describe('key in the printed path', () => {
  test.each([
    ['"\\n  "', '"\\n  "'],
    ['""', '""'],
    ['" a"', '" a"'],
    ['"a: b"', '"a: b"'],
    ['"a:"', '"a:"'],
    ['"a  b"', '"a  b"'],
    ['a"b', '"a\\"b"'],
    ['"a\\u00a0b"', '"a\\u{a0}b"'],
    ['"\\u202e"', '"\\u{202e}"'],
    [`${'k'.repeat(121)}`, `"${'k'.repeat(120)}…"`],
    ['a b', 'a b'],
    ['a.b/c', 'a.b/c'],
  ])('%s: %s', (key, shown) => {
    const [printed = ''] = listDiagnostics(`${route(GOOD)}${key}: 1\n`);
    expect(printed.split(': unknown key ')[0]).toBe(`6:1: ${shown}`);
  });

  test('key of a line feed and blanks: quoted', () => {
    const [printed] = listDiagnostics(`${route(GOOD)}? "\n  "\n`);
    expect(printed).toMatch(/^6:3: " ": unknown key " ", expected one of /);
  });
});

test('aliases that multiply: refused', () => {
  const levels = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [index, name] of [...'bcdefgh'].entries()) {
    const inner = Array(9).fill(`*${'abcdefg'[index]}`).join(', ');
    levels.push(`${name}: &${name} [${inner}]`);
  }
  const [diagnostic, ...more] = listDiagnostics(levels.join('\n'));
  expect(diagnostic).toMatch(/: more than 1,000 aliases, expected fewer$/);
  expect(more).toEqual([]);
});

test('key with control and format characters: one line, escaped', () => {
  const text = route(`${GOOD}\n"a\\nb\\u202e": 1\nname: 5`);
  for (const line of listDiagnostics(text)) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

describe('credentials in a URL: in no message', () => {
  const NEEDY = `${GOOD}\nissuers: [https://i.example/x]`;
  test.each([
    ['an upstream', route(GOOD.replace('http://a', 'https://user:s3cret@a:8443'))],
    ['an upstream of another scheme', route(GOOD.replace('http://a', 'wss://user:s3cret@a'))],
    ['the key source', route(GOOD).replace('i.example: }', 'i.example: { jwks_uri: "https://k/?key=s3cret#x" } }')],
    ['a resource', route(GOOD.replace('https://a.example/', '"https://a/?key=s3cret#x"'))],
    ['the name of an issuer', route(GOOD).replace('https://i.example: }', '"https://u:s3cret@i.example": }')],
    ['the name of an issuer, offered', route(NEEDY).replace('https://i.example: }', 'https://u:s3cret@i.example: }')],
    ['an unknown key', `https://u:s3cret@a: 1\n${route(GOOD)}`],
    ['the host of a route', route(GOOD, 'https://u:s3cret@a/')],
    ['a value of the environment', route(GOOD.replace('http://a', '${U:-https://user:s3cret@a}'))],
  ])('%s', (_name, text) => {
    const diagnostics = listDiagnostics(text);
    expect(diagnostics).not.toEqual([]);
    expect(diagnostics.join('\n')).not.toContain('s3cret');
  });
});
