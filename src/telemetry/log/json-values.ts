/** Values of a line as JSON, written by hand for what most values are: `JSON.stringify` costs several times as much. */

import { escapeJson } from '../../config/diagnostics/visible-text.ts';

/** Characters that are logged of one value, so that a client cannot fill the log. A line with a cut value has `truncated`. */
export const LONGEST_TEXT = 1_024;
export const MOST_ENTRIES_OF_LIST = 64;

/** Whether a value of the line was cut. */
export interface Cut {
  isCut: boolean;
}

/** Text that needs no escaping in JSON: printable ASCII without the quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** @returns a string of JSON without control characters, line separators and invisible characters. */
export function formatText(text: string, cut: Cut, longest = LONGEST_TEXT): string {
  if (text.length > longest) {
    cut.isCut = true;
    return quote(text.slice(0, longest));
  }
  return quote(text);
}

/** @returns an array of JSON. */
export function formatList(texts: readonly string[], cut: Cut): string {
  if (texts.length > MOST_ENTRIES_OF_LIST) cut.isCut = true;
  return `[${texts
    .slice(0, MOST_ENTRIES_OF_LIST)
    .map(text => formatText(text, cut))
    .join(',')}]`;
}

/** With three decimals, formatted as two integers: formatting a fraction takes many times as long. */
export function formatMs(milliseconds: number): string {
  const micros = Math.round(milliseconds * 1000);
  const whole = Math.floor(micros / 1000);
  return `${whole}.${String(micros - whole * 1000).padStart(3, '0')}`;
}

let lastTime = 0;
let lastTimeText = '';

/** RFC 3339. The text is kept for one millisecond, in which many requests may end. */
export function formatNow(): string {
  const now = Date.now();
  if (now !== lastTime) {
    lastTime = now;
    lastTimeText = new Date(now).toISOString();
  }
  return lastTimeText;
}

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : escapeJson(JSON.stringify(text));
}
