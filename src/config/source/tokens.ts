/** YAML text → tokens (YAML 1.2.2 chapters 5 and 6), no more and no deeper than `LIMITS` allows. */

import { type CST, Lexer, type LineCounter, Parser } from 'yaml';
import { formatLimit, LIMITS } from './limits.ts';

export type Tokens =
  | { readonly ok: true; readonly tokens: readonly CST.Token[]; readonly count: number }
  | { readonly ok: false; readonly offset: number; readonly message: string };

/**
 * Composing a tree is recursive and costs more per node than a token does, so limits are checked here, before it.
 *
 * @param lines gets the start of each line.
 * @param most lexemes that are left, of `LIMITS.tokens` for all files.
 * @returns the tokens; the offset and a message where the text is over a limit.
 */
export function readTokens(text: string, lines: LineCounter, most: number): Tokens {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    const { offset } = parser;
    for (const token of parser.next(lexeme)) tokens.push(token);
    const message = checkLimits(lexeme, { count, most }, parser);
    if (message !== undefined) return { ok: false, offset, message };
  }
  for (const token of parser.end()) tokens.push(token);
  return { ok: true, tokens, count };
}

const TOO_DEEP = `nested deeper than ${LIMITS.depth} levels`;

function checkLimits(
  { length }: string,
  { count, most }: { readonly count: number; readonly most: number },
  { stack }: Parser,
): string | undefined {
  if (count > most) {
    return `more than ${formatLimit(LIMITS.tokens)} words, signs, blanks, line ends and comments, expected fewer`;
  }
  if (length > LIMITS.text)
    return `a value or comment longer than ${formatLimit(LIMITS.text)} characters, expected a shorter one`;
  // The stack holds the document, the maps and lists around this place, and a scalar.
  return stack.length > LIMITS.depth ? TOO_DEEP : undefined;
}
