import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOriginAllowed } from '../../../src/mcp/origin.ts';

const APP = 'https://app.example';
const own = { origins: new Set(['https://tools.example', APP]) };
const any = { origins: new Set(['*']) };

describe('Origin of a request to an MCP server', () => {
  test.each([
    ['none', [], true, true],
    ['one that is listed', ['Origin', APP], true, true],
    ['in another case of the name', ['oRIGIN', APP], true, true],
    ['one that is not listed', ['Origin', 'https://evil.example'], false, true],
    ['null', ['Origin', 'null'], false, false],
    ['*', ['Origin', '*'], false, false],
    ['empty', ['Origin', ''], false, false],
    ['the same twice', ['Origin', APP, 'Origin', APP], false, false],
    ['two in one field', ['Origin', `${APP}, ${APP}`], false, false],
    ['upper case', ['Origin', 'https://App.example'], false, false],
    ['a default port', ['Origin', `${APP}:443`], false, true],
    ['a slash at the end', ['Origin', `${APP}/`], false, false],
    ['another scheme', ['Origin', 'http://app.example'], false, true],
    ['that of Host, which is not listed', ['Host', 'evil.example', 'Origin', 'http://evil.example'], false, true],
    ['an extension of a browser', ['Origin', 'chrome-extension://abcdefghijklmnop'], false, true],
  ])('%s: %s; listed %s, * %s', (_, fields, listed, everyOne) => {
    expect([isOriginAllowed(own, fields), isOriginAllowed(any, fields)]).toEqual([listed, everyOne]);
  });

  test('any text but the listed ones: refused', () => {
    fc.assert(fc.property(fc.string(), text => own.origins.has(text) || !isOriginAllowed(own, ['Origin', text])));
  });
});
