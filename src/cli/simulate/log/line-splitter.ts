/** Bytes → lines, in bounded memory, however long the log or one of its lines is. */

import { StringDecoder } from 'node:string_decoder';

/** Characters. What audgate writes stays below 100 KiB. */
const LONGEST_LINE = 1024 * 1024;

export interface LineHandler {
  /** A line without its end; never an empty one. */
  line(text: string): void;
  /** Called once for each line of more than 1 Mi characters, which is dropped. */
  tooLong(): void;
}

/** Passes every line of `pieces` to `handler`. Settles at the end; rejects where `pieces` do. */
export async function readLines(pieces: AsyncIterable<Uint8Array>, handler: LineHandler): Promise<void> {
  const decoder = new StringDecoder('utf8');
  const splitter = new LineSplitter(handler);
  for await (const piece of pieces) splitter.push(decoder.write(piece));
  splitter.push(`${decoder.end()}\n`);
}

class LineSplitter {
  readonly #handler: LineHandler;
  #pending = '';
  #isDropping = false;

  constructor(handler: LineHandler) {
    this.#handler = handler;
  }

  push(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#endLine(text.slice(start, end));
      start = end + 1;
    }
    if (!this.#isDropping) this.#pending += text.slice(start);
    if (this.#pending.length > LONGEST_LINE) this.#drop();
  }

  #endLine(part: string): void {
    const line = this.#pending + part;
    this.#pending = '';
    if (this.#isDropping) this.#isDropping = false;
    else if (line.length > LONGEST_LINE) this.#handler.tooLong();
    else if (line !== '') this.#handler.line(line);
  }

  #drop(): void {
    this.#isDropping = true;
    this.#pending = '';
    this.#handler.tooLong();
  }
}
