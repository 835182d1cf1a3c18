/** Comments of a YAML file (YAML 1.2.2 section 6.6). */

import { onOneLine } from '../../config/diagnostics/visible-text.ts';

const WIDTH = 118;

/**
 * @param indent blanks before each line.
 * @param text may be an issuer's: no character of it ends a line.
 * @returns the lines, broken at blanks.
 */
export function comment(indent: number, text: string): string[] {
  const start = `${' '.repeat(indent)}#`;
  const lines: string[] = [];
  let line = start;
  for (const word of onOneLine(text).split(' ')) {
    if (line !== start && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = start;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
