/** Versions of HTTP (RFC 9110 section 2.5), and what HTTP/1.0 leaves out. */

import { expect, test } from 'vitest';
import { bearer, headerValues, parseResponses, sendRaw } from '../../support/raw-http.ts';
import { gateway, head, onlyRequest, token, upstream, useForwardingFixture } from './fixture.ts';

useForwardingFixture();

const SETTINGS_FRAME = '\0\0\0\x04\0\0\0\0\0';

test.each([
  ['HTTP/1.2', 'GET /open/a HTTP/1.2\r\nHost: a.example\r\n\r\n'],
  ['HTTP/1.9 with a token', 'GET /api/a HTTP/1.9\r\nHost: a.example\r\n'],
  ['HTTP/2.0 in the form of HTTP/1.1', 'GET /open/a HTTP/2.0\r\nHost: a.example\r\n\r\n'],
  ['HTTP/3.0', 'GET /open/a HTTP/3.0\r\n\r\n'],
  ['HTTP/0.9 by name', 'GET /open/a HTTP/0.9\r\n\r\n'],
  ['the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SETTINGS_FRAME}`],
])('%s: 505, and the connection closes', async (_name, bytes) => {
  const text =
    bytes.endsWith('\r\n\r\n') || bytes.includes('SM') ? bytes : `${bytes}Authorization: Bearer ${token}\r\n\r\n`;
  const answers = parseResponses(await sendRaw(gateway.port, text));
  expect(answers.map(({ status }) => status)).toEqual([505]);
  expect(JSON.parse(String(answers[0]?.body))).toMatchObject({ reason: 'version_not_supported', status: 505 });
  expect(headerValues(answers[0]?.headers ?? [], 'connection')).toEqual(['close']);
  expect(upstream.received).toEqual([]);
});

test.each([
  'GET /open/a\r\n',
  'GET /open/a\r\n\r\n',
  'GET /open/a HTTP/\r\n\r\n',
  'GET /open/a http/1.1\r\nHost: a\r\n\r\n',
])('%j, which has no version: 400', async bytes => {
  const answers = parseResponses(await sendRaw(gateway.port, `${bytes}Host: a\r\n\r\n`));
  expect(answers.map(({ status }) => status)).toEqual([400]);
  expect(upstream.received).toEqual([]);
});

test('a version behind a good request: the request is served, then 505', async () => {
  const good = head('GET /open/a', []);
  const answers = parseResponses(await sendRaw(gateway.port, `${good}GET /open/b HTTP/1.2\r\nHost: a\r\n\r\n`));
  expect(answers.map(({ status }) => status)).toEqual([200, 505]);
  expect(upstream.received.map(({ url }) => url)).toEqual(['/open/a']);
});

test('HTTP/1.0 without a Host, as a monitor sends it: served; the upstream is told no host of the client', async () => {
  const before = (await gateway.requestLines(0)).length;
  const answer = (await sendRaw(gateway.port, 'GET /open/a HTTP/1.0\r\n\r\n')).toString('latin1');
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  const { rawHeaders } = onlyRequest();
  expect(headerValues(rawHeaders, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
  expect(headerValues(rawHeaders, 'x-forwarded-host')).toEqual([]);
  expect(headerValues(rawHeaders, 'forwarded')).toEqual(['for=127.0.0.1;proto=http']);
  const lines = await gateway.requestLines(before + 1);
  expect(lines.at(-1)).toMatchObject({ host: '', path: '/open/a', status: 200 });
});

test('HTTP/1.0 without a Host, on a protected route: judged like any other', async () => {
  const [name, value] = bearer(token);
  const good = await sendRaw(gateway.port, `GET /api/a HTTP/1.0\r\n${name}: ${value}\r\n\r\n`);
  const without = await sendRaw(gateway.port, 'GET /api/a HTTP/1.0\r\n\r\n');
  expect([good, without].map(bytes => bytes.toString('latin1').slice(0, 12))).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401']);
});

test('HTTP/1.1 without a Host: 400', async () => {
  const answers = parseResponses(await sendRaw(gateway.port, 'GET /open/a HTTP/1.1\r\n\r\n'));
  expect(answers.map(({ status }) => status)).toEqual([400]);
});
