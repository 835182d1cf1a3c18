import { expect, test } from 'vitest';
import { fitLine } from '../../../../src/telemetry/log/shared-output.ts';

const line = (fields: object) => `${JSON.stringify(fields)}\n`;

test('a line of 4096 bytes: unchanged', () => {
  const whole = line({ msg: 'request', path: 'a'.repeat(4096 - line({ msg: 'request', path: '' }).length) });
  expect(Buffer.byteLength(whole)).toBe(4096);
  expect(fitLine(whole)).toBe(whole);
});

test.each([
  ['one byte more', { msg: 'request', path: 'a'.repeat(4096) }],
  ['few characters of many bytes', { msg: 'request', path: '\u{20ac}'.repeat(2000) }],
  ['characters that JSON escapes', { msg: 'request', path: '\u0001'.repeat(1024), sub: '\u0001'.repeat(1024) }],
  ['many audiences', { msg: 'request', aud: Array.from({ length: 64 }, (_, n) => `${n}`.repeat(1024)) }],
  [
    'an object',
    { msg: 'request', unverified: { iss: '\u0001'.repeat(256), kid: '\u0001'.repeat(256), alg: '\u0001'.repeat(256) } },
  ],
  ['many fields', Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, 'x'.repeat(1024)]))],
])('%s: cut to 4096 bytes of valid JSON, marked truncated', (_name, fields) => {
  const fitted = fitLine(line(fields));
  expect(Buffer.byteLength(fitted)).toBeLessThanOrEqual(4096);
  expect(fitted.endsWith('}\n')).toBe(true);
  expect(JSON.parse(fitted)).toMatchObject({ truncated: true });
});

test('a line that is cut: numbers and short texts stay whole', () => {
  const fitted = fitLine(line({ msg: 'request', status: 401, path: 'a'.repeat(5000) }));
  expect(JSON.parse(fitted)).toEqual({ msg: 'request', status: 401, path: 'a'.repeat(512), truncated: true });
});

test('escaped characters in a line that is cut: stay escaped', () => {
  const sub = '\x7f\x85\u2028\u202e\ufeff';
  const escaped = JSON.stringify({ msg: 'request', sub, path: 'a'.repeat(5000) }).replace(
    sub,
    '\\u007f\\u0085\\u2028\\u202e\\ufeff',
  );
  const fitted = fitLine(`${escaped}\n`);
  expect(fitted).toMatch(/^[ -~]*\n$/);
  expect(JSON.parse(fitted)).toMatchObject({ sub, truncated: true });
});
