/** Standard output for the log: never waits for its reader, and writes many lines at a time. */
import { pino } from 'pino';
/** Lines that the reader has not taken are held up to this size; later ones are dropped. */
const HELD_BYTES = 64 * 1024 * 1024;
const WRITTEN_BYTES = 256 * 1024;
/** Lines are gathered up to this size or for this many milliseconds, since writing each by itself costs as much as making it. */
const GATHERED_BYTES = 32 * 1024;
const GATHERED_TIME = 100;
/**
 * @param onDrop called once for each line that was dropped.
 * @param maxWrite bytes of whole lines that are written at once; a line that is longer is written by itself.
 */
export function openStandardOutput(onDrop, maxWrite = WRITTEN_BYTES) {
    const output = pino.destination({ dest: 1, sync: false, maxLength: HELD_BYTES, maxWrite });
    output.on('drop', (lines) => {
        for (const _ of lines.matchAll(/\n/g))
            onDrop();
    });
    // Standard output was closed (EPIPE). The gateway keeps serving; later lines are lost.
    output.on('error', () => undefined);
    return new GatheredOutput(output, Math.min(GATHERED_BYTES, maxWrite));
}
class GatheredOutput {
    #output;
    #most;
    #gathered = '';
    #gatheredBytes = 0;
    #timer;
    #isClosed = false;
    #onTimer = () => this.flush();
    constructor(output, most) {
        this.#output = output;
        this.#most = most;
    }
    write(line) {
        const length = Buffer.byteLength(line);
        if (this.#gatheredBytes + length > this.#most)
            this.flush();
        this.#gathered += line;
        this.#gatheredBytes += length;
        this.#timer ??= setTimeout(this.#onTimer, GATHERED_TIME).unref();
    }
    flush() {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        // Writing to an output that has ended throws: lines after `close` are dropped instead.
        if (this.#gathered !== '' && !this.#isClosed)
            this.#output.write(this.#gathered);
        this.#gathered = '';
        this.#gatheredBytes = 0;
    }
    close() {
        return new Promise(resolve => {
            this.flush();
            this.#isClosed = true;
            this.#output.once('close', resolve);
            this.#output.end();
        });
    }
}
