/** The tokens of a JSON text (RFC 8259 sections 2 to 7), read from its bytes one behind the other. */

import { isUtf8 } from 'node:buffer';

/** What is read is refused. It has no message: a caller chose the text. */
export class JsonRefusal extends Error {}

const [TAB, LINE_FEED, CARRIAGE_RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [BACKSLASH, PLUS, MINUS, POINT, ZERO, NINE] = [0x5c, 0x2b, 0x2d, 0x2e, 0x30, 0x39];
const [SMALL_A, SMALL_E, SMALL_F, SMALL_U] = [0x61, 0x65, 0x66, 0x75];
/** The bit that makes a letter of ASCII a small one. */
const LOWER_CASE = 0x20;
/** What may follow a backslash, but for the `u` of a code unit. */
const ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const WORDS: readonly Buffer[] = ['true', 'false', 'null'].map(word => Buffer.from(word));

export const QUOTE = 0x22;

/** A string that was passed: its bytes between the quotes. */
export interface PassedString {
  readonly start: number;
  readonly end: number;
  readonly hasEscapes: boolean;
}

/** Each method throws `JsonRefusal` for what is no JSON; nothing more can be read then. */
export class JsonTokens {
  readonly bytes: Buffer;
  #at = 0;

  /** @param bytes refused where they are not UTF-8. A byte order mark is no token. */
  constructor(bytes: Buffer) {
    if (!isUtf8(bytes)) throw new JsonRefusal();
    this.bytes = bytes;
  }

  /** @returns the next byte that is no blank, still to be taken; -1 at the end. */
  next(): number {
    for (;;) {
      const code = this.bytes[this.#at] ?? -1;
      if (code !== SPACE && code !== LINE_FEED && code !== CARRIAGE_RETURN && code !== TAB) return code;
      this.#at += 1;
    }
  }

  takeIf(code: number): boolean {
    if (this.next() !== code) return false;
    this.#at += 1;
    return true;
  }

  take(code: number): void {
    if (!this.takeIf(code)) throw new JsonRefusal();
  }

  passString(): PassedString {
    this.take(QUOTE);
    const start = this.#at;
    let hasEscapes = false;
    for (let at = start; ; at += 1) {
      const code = this.bytes[at] ?? 0;
      if (code === QUOTE) {
        this.#at = at + 1;
        return { start, end: at, hasEscapes };
      }
      // Also the end of the text. Control characters stand in strings only as escapes.
      if (code < SPACE) throw new JsonRefusal();
      if (code !== BACKSLASH) continue;
      hasEscapes = true;
      at = this.#passEscape(at + 1);
    }
  }

  /** @returns the text of a string that was passed. */
  decode({ start, end, hasEscapes }: PassedString): string {
    return hasEscapes
      ? JSON.parse(this.bytes.toString('utf8', start - 1, end + 1))
      : this.bytes.toString('utf8', start, end);
  }

  /** Passes a string, a number, `true`, `false` or `null`. */
  passScalar(): void {
    const code = this.next();
    if (code === QUOTE) this.passString();
    else if (code === MINUS || isDigit(code)) this.#passNumber();
    else this.#passWord();
  }

  /** @returns the text of the next value, which is no string, object or list. */
  readWord(): string {
    this.next();
    const start = this.#at;
    this.passScalar();
    return this.bytes.toString('latin1', start, this.#at);
  }

  /** @returns where its last character is. */
  #passEscape(at: number): number {
    const code = this.bytes[at] ?? 0;
    if (ESCAPES.has(code)) return at;
    if (code !== SMALL_U) throw new JsonRefusal();
    for (let digit = at + 1; digit <= at + 4; digit += 1) if (!isHex(this.bytes[digit] ?? 0)) throw new JsonRefusal();
    return at + 4;
  }

  #passNumber(): void {
    if (this.bytes[this.#at] === MINUS) this.#at += 1;
    if (this.bytes[this.#at] === ZERO) this.#at += 1;
    else this.#passDigits();
    if (this.bytes[this.#at] === POINT) {
      this.#at += 1;
      this.#passDigits();
    }
    if (((this.bytes[this.#at] ?? 0) | LOWER_CASE) !== SMALL_E) return;
    this.#at += 1;
    const sign = this.bytes[this.#at];
    if (sign === PLUS || sign === MINUS) this.#at += 1;
    this.#passDigits();
  }

  #passDigits(): void {
    const start = this.#at;
    while (isDigit(this.bytes[this.#at] ?? 0)) this.#at += 1;
    if (this.#at === start) throw new JsonRefusal();
  }

  #passWord(): void {
    const found = WORDS.find(word => this.bytes.subarray(this.#at, this.#at + word.length).equals(word));
    if (!found) throw new JsonRefusal();
    this.#at += found.length;
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isHex(code: number): boolean {
  const lower = code | LOWER_CASE;
  return isDigit(code) || (lower >= SMALL_A && lower <= SMALL_F);
}
