/** Text that a stranger chose, made fit for a terminal: no control, escape, bidirectional or invisible character. */

/** Cc, Cf (bidi, zero width), Cs, Co, Cn of Unicode, and its two line ends. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * @param width characters; what is longer is cut, and ends in `…`.
 * @returns `text` with each unprintable character as `\u{hex}`.
 */
export function printable(text: string, width = Number.POSITIVE_INFINITY): string {
  // Before as well: a megabyte is not escaped for the sake of its first words.
  const escaped = text.slice(0, 4 * 1024).replace(UNPRINTABLE, escapeCharacter);
  const characters = [...escaped];
  return characters.length <= width ? escaped : `${characters.slice(0, width - 1).join('')}…`;
}

/** @returns JSON text of one line, in which every unprintable character is an escape of JSON. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(UNPRINTABLE, character =>
    character
      .split('')
      .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
