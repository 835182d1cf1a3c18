/** Escapes text for a terminal: a claim or a path may hold ANSI escapes, or characters that turn the reading direction. */

import { escapeCharacter, escapeJson, onOneLine } from '../config/diagnostics/visible-text.ts';

export type Paint = (style: keyof typeof STYLES, text: string) => string;

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
/** Characters of a value that are shown. */
export const LONGEST = 240;

/** @returns `text` on one line, with characters that act on a terminal as `\u{…}`. */
export function escapeText(text: string): string {
  return onOneLine(text);
}

/** @returns an untrusted value for use within a sentence: in quotation marks, escaped, and truncated where it is long. */
export function quoteValue(text: string): string {
  return JSON.stringify(escapeText(cut(text))).replaceAll('\\\\u{', '\\u{');
}

/** @returns an untrusted value for a line of its own: escaped, and truncated where it is long. */
export function showValue(text: string): string {
  return escapeText(cut(text));
}

/** @returns as `showValue`, with everything but printable ASCII escaped: letters that look alike must be distinguishable. */
export function escapeExactly(text: string): string {
  return cut(text).replace(/[^\x20-\x5b\x5d-\x7e]/gu, escapeCharacter);
}

/**
 * @param width characters. A longer text is truncated, and ends in `…`.
 * @returns `text` on one line, escaped, for a column.
 */
export function fitText(text: string, width = Number.POSITIVE_INFINITY): string {
  // Truncated before it is escaped, too, so that a text of megabytes is not escaped as a whole.
  const escaped = escapeText(text.slice(0, 4 * 1024));
  const characters = [...escaped];
  return characters.length <= width ? escaped : `${characters.slice(0, width - 1).join('')}…`;
}

/** @returns `value` as JSON in which no character acts on a terminal; with `indent` spaces, on several lines. */
export function toSafeJson(value: unknown, indent = 0): string {
  return escapeJson(JSON.stringify(value, null, indent));
}

/** @returns a function that colours text; without `isColoured`, one that leaves it unchanged. */
export function createPaint(isColoured: boolean): Paint {
  return (style, text) => (isColoured ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text);
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
}

/** @returns `text` as one argument (POSIX Shell section 2.2.2). */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
