import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { containsToken, readTokenFile } from '../../../../../src/cli/explain/evaluate/token-file.ts';
import { looksLikeToken } from '../../../../../src/cli/token-detection.ts';

const TOKEN = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln';

const read = (text: string | Buffer) => readTokenFile('-', Readable.from([Buffer.from(text)]));

describe('a file with a token: the Bearer value', () => {
  test.for([
    ['alone', TOKEN],
    ['as a field', `Authorization: Bearer ${TOKEN}\r\n`],
    ['as credentials', ` Bearer ${TOKEN} \n`],
    [
      'as a field among the others of a request',
      `GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
    ],
    ['in the JSON of a token response', `{\n "token_type": "Bearer", "access_token": "${TOKEN}" }\n`],
    ['behind a byte order mark', `\ufeff${TOKEN}`],
    ['behind both', `\ufeff{"access_token":"${TOKEN}"}`],
    ['in UTF-16, as PowerShell writes', Buffer.from(`\ufeff${TOKEN}\r\n`, 'utf16le')],
  ] as const)('%s', async ([, text]) => {
    expect(await read(text)).toEqual({ ok: true, value: { fields: [`Bearer ${TOKEN}`], answer: undefined } });
  });
});

describe('a file with other credentials: unchanged, for the gateway to refuse', () => {
  test.for([
    ['another scheme', `Authorization: JWT ${TOKEN}`, [`JWT ${TOKEN}`]],
    ['another scheme without the name of the field', `JWT ${TOKEN}`, [`JWT ${TOKEN}`]],
    ['a colon behind Bearer', `Bearer: ${TOKEN}`, [`Bearer: ${TOKEN}`]],
    ['a colon behind Bearer, and no space', `Bearer:${TOKEN}`, [`Bearer:${TOKEN}`]],
    ['a field without a scheme', `Authorization: ${TOKEN}`, [TOKEN]],
    ['a field in lower case, with two spaces', `authorization:bearer  ${TOKEN}`, [`bearer  ${TOKEN}`]],
    ['the scheme twice', `Authorization: Bearer Bearer ${TOKEN}`, [`Bearer Bearer ${TOKEN}`]],
    ['the scheme alone', 'Bearer\n', ['Bearer']],
    ['an empty field', 'Authorization:\n', ['']],
    ['two fields', 'Authorization: Bearer a\nAuthorization: Bearer b\n', ['Bearer a', 'Bearer b']],
    ['two credentials in one', 'Authorization: Bearer a, Bearer b\n', ['Bearer a, Bearer b']],
    ['quotation marks', `"${TOKEN}"\n`, [`Bearer "${TOKEN}"`]],
    ['apostrophes', `'${TOKEN}'`, [`Bearer '${TOKEN}'`]],
    ['a text of a variable that is none', 'undefined', ['Bearer undefined']],
    ['JSON with a letter beyond ASCII, as its bytes', '{"access_token":"\u00e9"}', ['Bearer \u00c3\u00a9']],
  ] as const)('%s', async ([, text, fields]) => {
    expect(await read(text)).toEqual({ ok: true, value: { fields, answer: undefined } });
  });
});

test.for([
  ['two lines that are no fields', `${TOKEN}\n${TOKEN}`, 'several lines'],
  ['a field that was wrapped', `Authorization: Bearer eyJ\n hbGci`, 'several lines'],
  ['a control character', `Bearer a\0b`, 'control character'],
  ['one in JSON', '{"access_token":"a\\nb"}', 'control character'],
  ['JSON without a token', '{"error":"invalid_grant"}', 'without an access_token'],
  ['what begins as JSON', '{', 'begins as JSON'],
  ['a mark alone', '\ufeff', 'is empty'],
] as const)('%s: rejected, with the reason', async ([, text, why]) => {
  expect(await read(text)).toEqual({ ok: false, rejection: { what: expect.stringContaining(why) } });
});

test('a token in an option or a URL: recognised by its form', () => {
  const tokens = [TOKEN, 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.'];
  expect(tokens.map(looksLikeToken)).toEqual([true, true]);
  expect(['token.txt', 'GET', '2026-01-31T12:00:00Z', 'eyJ.yaml'].map(looksLikeToken)).toEqual([
    ...[false, false, false, false],
  ]);
  const urls = [`https://a/reset/${TOKEN}/x`, `/a#access_token=${TOKEN}`, `https://${TOKEN}/`, `Bearer ${TOKEN}`];
  expect(urls.map(containsToken)).toEqual([true, true, true, true]);
  expect(['https://a.b.c/eyJ/x.y.z', '/a', '-'].map(containsToken)).toEqual([false, false, false]);
});
