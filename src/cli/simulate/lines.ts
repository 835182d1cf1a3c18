/** Bytes → lines, one at a time, however long the log is and however long whoever wrote it made a line. */

import { StringDecoder } from 'node:string_decoder';

/** Characters. What audgate writes stays below 100 KiB. */
const LONGEST_LINE = 1024 * 1024;

export interface LineTaker {
  /** A line without its end; never an empty one. */
  line(text: string): void;
  /** Told once for each line of more than 1 Mi characters, of which nothing is kept. */
  tooLong(): void;
  /** Told after each piece, with its bytes. */
  piece(bytes: number): void;
}

/** Gives every line of `pieces` to `taker`. Settles at the end; rejects where `pieces` do. */
export async function readLines(pieces: AsyncIterable<Uint8Array>, taker: LineTaker): Promise<void> {
  const decoder = new StringDecoder('utf8');
  const splitter = new LineSplitter(taker);
  for await (const piece of pieces) {
    splitter.push(decoder.write(piece));
    taker.piece(piece.byteLength);
  }
  splitter.push(`${decoder.end()}\n`);
}

class LineSplitter {
  readonly #taker: LineTaker;
  #pending = '';
  #isDropping = false;

  constructor(taker: LineTaker) {
    this.#taker = taker;
  }

  push(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#end(text.slice(start, end));
      start = end + 1;
    }
    if (!this.#isDropping) this.#pending += text.slice(start);
    if (this.#pending.length > LONGEST_LINE) this.#drop();
  }

  #end(part: string): void {
    const line = this.#pending + part;
    this.#pending = '';
    if (this.#isDropping) this.#isDropping = false;
    else if (line.length > LONGEST_LINE) this.#taker.tooLong();
    else if (line !== '') this.#taker.line(line);
  }

  #drop(): void {
    this.#isDropping = true;
    this.#pending = '';
    this.#taker.tooLong();
  }
}
