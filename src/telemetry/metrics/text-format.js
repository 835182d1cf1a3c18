/** The text format of Prometheus, version 0.0.4, written in steps between which requests are served. */
import { setImmediate } from 'node:timers/promises';
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** Characters that are escaped in a label value. */
const SPECIAL = /["\\\n]/;
/** Bytes that are written at a time, which takes about half a millisecond. */
const STEP = 128 * 1024;
/** Bytes that each block counts in addition, since a route without samples takes time as well. */
const BLOCK_COST = 256;
/** @returns the lines that go before the samples of a metric. */
export function writeHead(name, help, type) {
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}
/** @returns one label, as `route="/a"`. */
export function writeLabel(name, value) {
    return `${name}="${escapeValue(value)}"`;
}
/** The format of the samples of one family. The text between the label values is built once, as families have many samples. */
export class SampleFormat {
    #open;
    #hasSubject;
    /** The text before each label value, which begins with the closing quotation mark of the value before. */
    #separators;
    #close;
    /** @param subject the name of the first label, whose value many samples in a row share. */
    constructor(name, subject, labels) {
        this.#hasSubject = subject !== undefined;
        const isBare = subject === undefined && labels.length === 0;
        this.#open = isBare ? name : `${name}{${subject === undefined ? '' : `${subject}="`}`;
        this.#separators = labels.map((label, index) => `${index === 0 && !this.#hasSubject ? '' : '",'}${label}="`);
        this.#close = isBare ? ' ' : '"} ';
    }
    /** @returns the beginning of each sample of one subject. */
    start(subject) {
        return this.#hasSubject ? `${this.#open}${escapeValue(subject)}` : this.#open;
    }
    /** @param start from `start`. @param values of the labels, in their order. @returns one line. */
    write(start, values, value) {
        let text = start;
        for (let index = 0; index < this.#separators.length; index += 1) {
            text += `${this.#separators[index]}${escapeValue(values[index] ?? '')}`;
        }
        return `${text}${this.#close}${value}\n`;
    }
}
/** @returns `blocks`, joined to buffers of about 128 KiB, with a pause after each. */
export async function writeInSteps(blocks) {
    const pieces = [];
    let step = new Step();
    for (const block of blocks) {
        step.add(block);
        if (step.cost < STEP)
            continue;
        pieces.push(step.join());
        step = new Step();
        await setImmediate();
    }
    return [...pieces, step.join()];
}
class Step {
    /** In bytes, of which each block counts some in addition to its own. */
    cost = 0;
    #parts = [];
    #text = '';
    add(block) {
        this.cost += block.length + BLOCK_COST;
        if (typeof block === 'string') {
            this.#text += block;
        }
        else if (block.length > 0) {
            this.#flush();
            this.#parts.push(block);
        }
    }
    join() {
        this.#flush();
        return Buffer.concat(this.#parts);
    }
    #flush() {
        if (this.#text !== '')
            this.#parts.push(Buffer.from(this.#text));
        this.#text = '';
    }
}
function escapeValue(value) {
    if (!SPECIAL.test(value))
        return value;
    return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}
