/** Standard output for the log: never waits for its reader, and writes many lines at a time. */

import { type DestinationStream, pino } from 'pino';

/** Lines that the reader has not taken are held up to this size; later ones are dropped. */
const HELD_BYTES = 64 * 1024 * 1024;
const WRITTEN_BYTES = 256 * 1024;
/** Lines are gathered up to this size or for this many milliseconds, since writing each by itself costs as much as making it. */
const GATHERED_BYTES = 32 * 1024;
const GATHERED_TIME = 100;

type Output = ReturnType<typeof pino.destination>;

export interface LogDestination extends DestinationStream {
  /** Writes the lines that were gathered, without waiting for their reader. */
  flush?(): void;
  /** Settles when every line is written. */
  close(): Promise<void>;
}

/**
 * @param onDrop called once for each line that was dropped.
 * @param maxWrite bytes of whole lines that are written at once; a line that is longer is written by itself.
 */
export function openStandardOutput(onDrop: () => void, maxWrite = WRITTEN_BYTES): Required<LogDestination> {
  const output = pino.destination({ dest: 1, sync: false, maxLength: HELD_BYTES, maxWrite });
  output.on('drop', (lines: string) => {
    for (const _ of lines.matchAll(/\n/g)) onDrop();
  });
  // The gateway keeps serving. Lines of a reader that has gone are lost, at the end of the process, too: sonic-boom repeats a
  // synchronous write until it succeeds, and the process would never end.
  output.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || code === 'ECONNRESET') output.flushSync = () => undefined;
  });
  return new GatheredOutput(output, Math.min(GATHERED_BYTES, maxWrite));
}

class GatheredOutput implements Required<LogDestination> {
  readonly #output: Output;
  readonly #most: number;
  #gathered = '';
  #gatheredBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #onTimer = () => this.flush();

  constructor(output: Output, most: number) {
    this.#output = output;
    this.#most = most;
  }

  write(line: string): void {
    const length = Buffer.byteLength(line);
    if (this.#gatheredBytes + length > this.#most) this.flush();
    this.#gathered += line;
    this.#gatheredBytes += length;
    this.#timer ??= setTimeout(this.#onTimer, GATHERED_TIME).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Writing to an output that has ended throws: lines after `close` are dropped instead.
    if (this.#gathered !== '' && !this.#isClosed) this.#output.write(this.#gathered);
    this.#gathered = '';
    this.#gatheredBytes = 0;
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.flush();
      this.#isClosed = true;
      this.#output.once('close', resolve);
      this.#output.end();
    });
  }
}
