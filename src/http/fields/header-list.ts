/** The fields of a message (RFC 9110 section 5): order, spelling and duplicates as on the wire. */

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 section 5.5: no control character save HTAB, no blank at either end; one character for each byte. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** Every list holds valid fields only: what a parser has read is valid, and what is added is checked. */
export class HeaderList {
  /** Alternating names and values. */
  readonly #fields: string[];

  private constructor(fields: string[]) {
    this.#fields = fields;
  }

  /** @param fields alternating names and values, which the parser has found valid. */
  static parsed(fields: string[]): HeaderList {
    return new HeaderList(fields);
  }

  /**
   * @param fields alternating names and values.
   * @throws TypeError where one of them could not be read back as what it is.
   */
  static of(...fields: string[]): HeaderList {
    const list = new HeaderList([]);
    for (let index = 0; index < fields.length; index += 2) list.append(fields[index] ?? '', fields[index + 1] ?? '');
    return list;
  }

  get count(): number {
    return this.#fields.length / 2;
  }

  /** @throws TypeError, without the value in it, which may be a secret. */
  append(name: string, value: string): this {
    if (!NAME.test(name)) throw new TypeError('invalid field name');
    if (!VALUE.test(value)) throw new TypeError(`invalid value of ${name}`);
    this.#fields.push(name, value);
    return this;
  }

  /** The one way to walk through a list. */
  forEach(visit: (name: string, value: string) => void): void {
    const fields = this.#fields;
    for (let index = 0; index < fields.length; index += 2) visit(fields[index] ?? '', fields[index + 1] ?? '');
  }

  /** @returns the value of each field of that name, which is given in lower case. */
  all(lowerName: string): string[] {
    const values: string[] = [];
    this.forEach((name, value) => {
      if (isName(name, lowerName)) values.push(value);
    });
    return values;
  }
}

/** Length first: of an ordinary message hardly a name is lower-cased. */
export function isName(name: string, lowerName: string): boolean {
  return name.length === lowerName.length && (name === lowerName || name.toLowerCase() === lowerName);
}
