import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeJson, onOneLine } from '../../../../src/config/diagnostics/visible-text.ts';

/** Each with a character that acts on a terminal, is a line end to some reader, reorders text or hides in it. */
const ACTIVE: readonly (readonly [string, string])[] = [
  ['NUL', '\0'],
  ['escape', '\x1b[2J'],
  ['DEL', '\x7f'],
  ['C1: CSI', '\x9b31m'],
  ['C1: OSC', '\x9d0;x'],
  ['C1: next line', '\x85'],
  ['line separator', '\u2028'],
  ['paragraph separator', '\u2029'],
  ['Arabic letter mark', '\u061c'],
  ['left-to-right mark', '\u200e'],
  ['right-to-left mark', '\u200f'],
  ['right-to-left override', '\u202e'],
  ['embedding', '\u202a'],
  ['isolate', '\u2066'],
  ['end of isolates', '\u2069'],
  ['zero-width space', '\u200b'],
  ['zero-width joiner', '\u200d'],
  ['word joiner', '\u2060'],
  ['byte order mark', '\ufeff'],
  ['soft hyphen', '\u00ad'],
  ['tag', '\u{e0041}'],
  ['variation selector', '\ufe0f'],
  ['invisible letter', '\u3164'],
  ['interlinear annotation', '\ufff9'],
  ['private', '\ue000'],
  ['non-character', '\uffff'],
  ['lone surrogate', '\ud800'],
];

const NOT_SHOWN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

describe('escaping', () => {
  test.each(ACTIVE)('%s: escaped', (_, text) => {
    expect(onOneLine(`a${text}b`)).not.toMatch(NOT_SHOWN);
    expect(onOneLine(`a${text}b`)).toMatch(/^a\\u\{[0-9a-f]+\}.*b$/);
    const json = escapeJson(JSON.stringify({ a: text }));
    expect(json).not.toMatch(NOT_SHOWN);
    expect(json).toMatch(/\\u[0-9a-f]{4}/);
    expect(JSON.parse(json)).toEqual({ a: text });
  });

  test.each(['', 'plain ~ text', 'Zoë', 'Ελλάδα', '李', 'שלום', '😀', 'e\u0301'])('%j: unchanged', text => {
    expect(onOneLine(text)).toBe(text);
    expect(escapeJson(JSON.stringify(text))).toBe(JSON.stringify(text));
  });
});

test('random JSON: the same value after escaping, line feeds between tokens kept', () => {
  const holds = fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
    const json = escapeJson(JSON.stringify(value, null, 2));
    expect(json.replaceAll('\n', '')).not.toMatch(NOT_SHOWN);
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
  });
  fc.assert(holds, { seed: 10, numRuns: 1_000 });
});
