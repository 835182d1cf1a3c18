/** An entry of `include`: the name of a file, or a pattern for names. */

import { accept, type ParsedValue, reject } from './parsed-value.ts';

export const INCLUDED = 'a file, or a pattern for files, such as routes.d/*.yaml';

/** Linux has longer names for no file (PATH_MAX). */
const LONGEST = 4_096;

/** @returns `text`; rejects what no file can be called. */
export function parseIncluded(text: string): ParsedValue<string> {
  if (text === '') return reject('is empty');
  if (text.includes('\0')) return reject('has a NUL character');
  return text.length > LONGEST ? reject('is longer than the name of a file can be') : accept(text);
}
