import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createPaint,
  escapeExactly,
  escapeText,
  fitText,
  quoteValue,
  showValue,
  toSafeJson,
} from '../../../src/cli/terminal.ts';

const ACTIVE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/u;

test('escape sequences, overrides and invisible characters: escaped', () => {
  expect(escapeText('a\x1b[31mb\u202ec\u009bd\u200be\nf')).toBe('a\\u{1b}[31mb\\u{202e}c\\u{9b}d\\u{200b}e\\u{a}f');
  expect(quoteValue('"a"\x07')).toBe('"\\"a\\"\\u{7}"');
  expect(escapeText('Zoë 李')).toBe('Zoë 李');
});

test('any text: nothing acts on the terminal; JSON returns the exact text', () => {
  const holds = fc.property(fc.string({ unit: 'binary', maxLength: 400 }), text => {
    for (const show of [escapeText, quoteValue, showValue, escapeExactly]) expect(show(text)).not.toMatch(ACTIVE);
    expect(showValue(text).length).toBeLessThan(3_000);
    const json = toSafeJson({ text });
    expect(json.replaceAll('\n', '')).not.toMatch(ACTIVE);
    expect(JSON.parse(json)).toEqual({ text });
  });
  fc.assert(holds, { numRuns: 2_000 });
});

test('a long value: truncated, with its length', () => {
  expect(showValue('x'.repeat(1_000))).toBe(`${'x'.repeat(240)}… (1000 characters)`);
});

test('without colour: text unchanged', () => {
  expect(createPaint(false)('red', 'x')).toBe('x');
  expect(createPaint(true)('red', 'x')).toBe('\x1b[31mx\x1b[0m');
});

test.each([
  ['a\u001b[2Jb', 'a\\u{1b}[2Jb'],
  ['\u202eevil\u2066', '\\u{202e}evil\\u{2066}'],
  ['\u200b\u00ad\u2028\r\n\u009b', '\\u{200b}\\u{ad}\\u{2028}\\u{d}\\u{a}\\u{9b}'],
  ['\ud800', '\\u{d800}'],
  ['żółw 🐢', 'żółw 🐢'],
])('%j: printed as %s', (text, expected) => {
  expect(fitText(text)).toBe(expected);
  expect(JSON.parse(toSafeJson({ text }))).toEqual({ text });
  expect(toSafeJson({ text })).not.toMatch(/\p{C}/u);
});
