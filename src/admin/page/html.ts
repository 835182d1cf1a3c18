/** HTML whose every value is escaped: what is put into the template is text, unless this file made it. */

const MADE_HERE = Symbol('html');

/** A piece of HTML. Only `html` and `trusted` make one. */
export interface Html {
  readonly [MADE_HERE]: string;
}

type Value = Html | string | number | undefined | false | readonly Value[];

/**
 * Tag of a template. Strings are escaped for text and for quoted attributes; lists are joined; `undefined` and `false`
 * are nothing. Characters that nobody sees, or that reorder what others see, are shown as `\u{202e}`.
 */
export function html(pieces: TemplateStringsArray, ...values: readonly Value[]): Html {
  return trusted(pieces.map((piece, index) => piece + render(values[index])).join(''));
}

/** @param text of this program itself, such as its style sheet. Never of a request or of the configuration. */
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
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

function escapeText(text: string): string {
  return text
    .replace(UNSEEN, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"'`]/g, character => ENTITIES[character] ?? '');
}
