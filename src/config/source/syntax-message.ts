/** An error of the YAML parser → a message that also says what was expected. */

import type { YAMLError } from 'yaml';

const ONE_INDENT =
  'what belongs to one map or list at one indent: this line, or the next, begins too far left or right';

/** @returns the parser's message, followed by what was expected where its code allows to tell. */
export function describeSyntaxError({ code, message, pos: [offset] }: YAMLError, text: string): string {
  if (text.slice(offset - 1, offset + 1) === '${')
    return 'a ${…} within [ ] or { } is read as a map, expected it in quotation marks';
  if (/^[ \t]*\[[0-9A-Fa-f:.]+\]\S/.test(text.slice(text.lastIndexOf('\n', offset - 1) + 1)))
    return 'a key that begins with [ is read as a list, expected it in quotation marks';
  const expected = describeExpected(code, text, offset);
  return expected === undefined ? message : `${message}, expected ${expected}`;
}

function describeExpected(code: YAMLError['code'], text: string, offset: number): string | undefined {
  switch (code) {
    case 'BAD_SCALAR_START':
    case 'BAD_ALIAS':
      return 'it in quotation marks';
    case 'TAB_AS_INDENT':
      return 'blanks';
    case 'BAD_INDENT':
    case 'MULTILINE_IMPLICIT_KEY':
      return ONE_INDENT;
    case 'BLOCK_AS_IMPLICIT_KEY':
      return hasColonOnLine(text, offset) ? 'a value with ": " in it in quotation marks' : ONE_INDENT;
    default:
      return undefined;
  }
}

/** @returns whether the colon that makes a map of the value at `offset` is on the same line. */
function hasColonOnLine(text: string, offset: number): boolean {
  const end = text.indexOf('\n', offset);
  return /:(?:[ \t\r]|$)/.test(text.slice(offset, end === -1 ? undefined : end));
}
