import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { holdsToken, readTokenFile } from '../../../../src/cli/explain/token-file.ts';
import { looksLikeToken } from '../../../../src/cli/token-slip.ts';

const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln';

const read = (text: string | Buffer) => readTokenFile('-', Readable.from([Buffer.from(text)]));

describe('a token is found', () => {
  test.for([
    ['alone', TOKEN],
    ['as a field', `Authorization: Bearer ${TOKEN}\r\n`],
    ['as a field in lower case', `authorization:bearer  ${TOKEN}`],
    ['in the JSON of a token response', `{\n "token_type": "Bearer", "access_token": "${TOKEN}" }\n`],
    ['behind a byte order mark', `\ufeff${TOKEN}`],
    ['behind both', `\ufeff{"access_token":"${TOKEN}"}`],
    ['in UTF-16, as PowerShell writes', Buffer.from(`\ufeff${TOKEN}\r\n`, 'utf16le')],
  ] as const)('%s', async ([, text]) => {
    expect(await read(text)).toEqual({ ok: true, value: TOKEN });
  });
});

test.for([
  ['quotation marks', `"${TOKEN}"\n`, 'quotation marks'],
  ['apostrophes', `'${TOKEN}'`, 'quotation marks'],
  ['JSON without a token', '{"error":"invalid_grant"}', 'without an access_token'],
  ['what begins as JSON', '{', 'begins as JSON'],
  ['a mark alone', '\ufeff', 'is empty'],
] as const)('%s: refused with the reason', async ([, text, why]) => {
  expect(await read(text)).toEqual({ ok: false, fault: { what: expect.stringContaining(why) } });
});

test('a token is known by its form, in an option or in a URL', () => {
  const tokens = [TOKEN, 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.'];
  expect(tokens.map(looksLikeToken)).toEqual([true, true]);
  expect(['token.txt', 'GET', '2026-01-31T12:00:00Z', 'eyJ.yaml'].map(looksLikeToken)).toEqual([
    ...[false, false, false, false],
  ]);
  const urls = [`https://a/reset/${TOKEN}/x`, `/a#access_token=${TOKEN}`, `https://${TOKEN}/`, `Bearer ${TOKEN}`];
  expect(urls.map(holdsToken)).toEqual([true, true, true, true]);
  expect(['https://a.b.c/eyJ/x.y.z', '/a', '-'].map(holdsToken)).toEqual([false, false, false]);
});
