/** The bytes of a body that was read before its request was decided on: they are forwarded once, and kept no longer than that. */

export class ReadBody {
  readonly length: number;
  #bytes: Buffer | undefined;

  /** @param bytes all of it. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  /** @returns the bytes, to whoever sends them: a request may be answered for hours, and those who wait need the room. */
  take(): Buffer {
    const bytes = this.#bytes;
    if (!bytes) throw new Error('the body was forwarded before');
    this.#bytes = undefined;
    return bytes;
  }
}
