/** HTML templates that escape every value, except HTML that was made here. */

const MADE_HERE = Symbol('html');

/** A piece of HTML. Only `html` and `trusted` make one. */
export interface Html {
  readonly [MADE_HERE]: string;
}

type Value = Html | string | number | undefined | false | readonly Value[];

/**
 * Template tag. Strings are escaped for text and for quoted attributes; lists are joined; `undefined` and `false` become
 * the empty string. Characters that are invisible, or that reorder the text around them, are shown as `\u{202e}`.
 */
export function html(pieces: TemplateStringsArray, ...values: readonly Value[]): Html {
  return trusted(pieces.map((piece, index) => piece + render(values[index])).join(''));
}

/** @param text constant text of this program, such as its style sheet; never text of a request or of the configuration. */
export function trusted(text: string): Html {
  return { [MADE_HERE]: text };
}

/** @returns the text to send. */
export function textOf(piece: Html): string {
  return piece[MADE_HERE];
}

function render(value: Value): string {
  if (value === undefined || value === false) return '';
  if (typeof value === 'string') return escapeText(value);
  if (typeof value === 'number') return String(value);
  return isList(value) ? value.map(render).join('') : value[MADE_HERE];
}

function isList(value: Html | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

function escapeText(text: string): string {
  return text
    .replace(INVISIBLE, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"'`]/g, character => ENTITIES[character] ?? '');
}
