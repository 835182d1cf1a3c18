/**
 * Reads a JSON text (RFC 8259) so strictly that no other reader can take it for another one. Refused, beside what is no JSON: bytes
 * that are not UTF-8, a byte order mark, two members of one name in an object (readers differ in which they take), deep nesting
 * (readers differ in how much they bear), and in a name or in what `readString` returns half a surrogate pair (some readers replace
 * it) and U+0000 (some end the string there). Nothing is built but the strings that are asked for; time and memory are linear in
 * the bytes.
 */

import { JsonRefusal, JsonTokens, type PassedString, QUOTE } from './json-tokens.ts';
import { MemberNames } from './member-names.ts';

/** Objects and lists within one another. */
const MOST_NESTED = 256;

const [COMMA, COLON] = [0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

export type ValueKind = 'object' | 'list' | 'string' | 'other';

/** Reads from the beginning to the end. Each method throws `JsonRefusal` for what is refused; the reader is of no use then. */
export class JsonReader {
  readonly #tokens: JsonTokens;
  /** Objects and lists that are open in `readMembers` and `readEntries`. */
  #nested = 0;

  constructor(bytes: Buffer) {
    this.#tokens = new JsonTokens(bytes);
  }

  /** @returns what the next value is. It is still to be read. */
  kind(): ValueKind {
    const code = this.#tokens.next();
    if (code === OPEN_OBJECT) return 'object';
    if (code === OPEN_LIST) return 'list';
    return code === QUOTE ? 'string' : 'other';
  }

  /** The next value is an object. @param onMember reads the value of the member. */
  readMembers(onMember: (name: string) => void): void {
    const names = new MemberNames();
    this.#readValues(OPEN_OBJECT, CLOSE_OBJECT, () => onMember(this.#readName(names)));
  }

  /** The next value is a list. @param onEntry reads one of its values. */
  readEntries(onEntry: () => void): void {
    this.#readValues(OPEN_LIST, CLOSE_LIST, onEntry);
  }

  /** @returns the next value, which is a string. */
  readString(): string {
    return checkText(this.#tokens.decode(this.#tokens.passString()));
  }

  /** @returns the next value, whose kind is `other`, if it is a number that keeps its digits; `undefined` for any other. */
  readInteger(): number | undefined {
    const word = this.#tokens.readWord();
    return String(Number(word)) === word && Number.isSafeInteger(Number(word)) ? Number(word) : undefined;
  }

  /** Reads the next value, whatever it is, with everything in it. Not recursive, so nesting is bounded here alone. */
  skipValue(): void {
    const open: (MemberNames | undefined)[] = [];
    for (;;) if (!this.#enterValue(open) && !this.#leaveValues(open)) return;
  }

  /** The text ends here. */
  finish(): void {
    if (this.#tokens.next() !== -1) throw new JsonRefusal();
  }

  #readValues(opening: number, closing: number, onValue: () => void): void {
    this.#tokens.take(opening);
    if (this.#tokens.takeIf(closing)) return;
    this.#nested += 1;
    do onValue();
    while (this.#tokens.takeIf(COMMA));
    this.#nested -= 1;
    this.#tokens.take(closing);
  }

  /** @returns whether an object or a list was opened that is not empty: the next value is in it. */
  #enterValue(open: (MemberNames | undefined)[]): boolean {
    const isObject = this.#tokens.takeIf(OPEN_OBJECT);
    if (!isObject && !this.#tokens.takeIf(OPEN_LIST)) {
      this.#tokens.passScalar();
      return false;
    }
    if (this.#nested + open.length >= MOST_NESTED) throw new JsonRefusal();
    if (this.#tokens.takeIf(isObject ? CLOSE_OBJECT : CLOSE_LIST)) return false;
    const names = isObject ? new MemberNames() : undefined;
    open.push(names);
    if (names) this.#passName(names);
    return true;
  }

  /** Closes what ends behind a value. @returns whether another value follows in what is still open. */
  #leaveValues(open: (MemberNames | undefined)[]): boolean {
    while (open.length > 0) {
      const names = open.at(-1);
      if (this.#tokens.takeIf(COMMA)) {
        if (names) this.#passName(names);
        return true;
      }
      this.#tokens.take(names ? CLOSE_OBJECT : CLOSE_LIST);
      open.pop();
    }
    return false;
  }

  #readName(names: MemberNames): string {
    return this.#tokens.decode(this.#passName(names));
  }

  #passName(names: MemberNames): PassedString {
    const name = this.#tokens.passString();
    const isNew = name.hasEscapes
      ? addDecoded(names, this.#tokens.decode(name))
      : names.add(this.#tokens.bytes, name.start, name.end);
    if (!isNew) throw new JsonRefusal();
    this.#tokens.take(COLON);
    return name;
  }
}

/** A backslash in a name is refused, since `JSON.parse` of Node.js 24 takes such names for others (token/jws/json-object.ts). */
function addDecoded(names: MemberNames, name: string): boolean {
  if (name.includes('\\')) throw new JsonRefusal();
  const bytes = Buffer.from(checkText(name));
  return names.add(bytes, 0, bytes.length);
}

function checkText(text: string): string {
  if (text.includes('\0') || !text.isWellFormed()) throw new JsonRefusal();
  return text;
}
