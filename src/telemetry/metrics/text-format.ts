/** The text format of Prometheus, version 0.0.4, written in steps: between two of them the process serves requests. */

import { setImmediate } from 'node:timers/promises';

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface Exposition {
  readonly contentType: string;
  /** One piece after the other: many readers may be given the same. */
  readonly body: readonly Buffer[];
}

const SPECIAL = /["\\\n]/;
/** A part of the page. */
export type Block = string | Buffer;

/** Bytes that are written at a time: about half a millisecond. */
const STEP = 128 * 1024;
/** Looking at a route that has nothing to say takes its time, too. */
const BLOCK_COST = 256;

/** @returns the lines that go before the samples of a metric. */
export function writeHead(name: string, help: string, type: 'counter' | 'gauge' | 'histogram'): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** @returns one label, as `route="/a"`. */
export function writeLabel(name: string, value: string): string {
  return `${name}="${escapeValue(value)}"`;
}

/** How the samples of one family look: what is between the values is joined once, since there are so many of them. */
export class SampleForm {
  readonly #open: string;
  readonly #hasSubject: boolean;
  /** What stands before each label value, the quotation mark of the one before included. */
  readonly #joints: readonly string[];
  readonly #close: string;

  /** @param subject the first label, which many samples in a row share. */
  constructor(name: string, subject: string | undefined, labels: readonly string[]) {
    this.#hasSubject = subject !== undefined;
    const isBare = subject === undefined && labels.length === 0;
    this.#open = isBare ? name : `${name}{${subject === undefined ? '' : `${subject}="`}`;
    this.#joints = labels.map((label, index) => `${index === 0 && !this.#hasSubject ? '' : '",'}${label}="`);
    this.#close = isBare ? ' ' : '"} ';
  }

  /** @returns the beginning of the samples of one subject. */
  start(subject: string): string {
    return this.#hasSubject ? `${this.#open}${escapeValue(subject)}` : this.#open;
  }

  /** @param values of the labels, in their order. @returns one line. */
  write(start: string, values: readonly string[], value: number): string {
    let text = start;
    for (let index = 0; index < this.#joints.length; index += 1) {
      text += `${this.#joints[index]}${escapeValue(values[index] ?? '')}`;
    }
    return `${text}${this.#close}${value}\n`;
  }
}

/** @returns `blocks`, joined some at a time. */
export async function writeInSteps(blocks: Iterable<Block>): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  let step = new Step();
  for (const block of blocks) {
    step.add(block);
    if (step.cost < STEP) continue;
    pieces.push(step.join());
    step = new Step();
    await setImmediate();
  }
  return [...pieces, step.join()];
}

class Step {
  /** In bytes, and what each block takes by itself, as if it were bytes. */
  cost = 0;
  readonly #parts: Buffer[] = [];
  #text = '';

  add(block: Block): void {
    this.cost += block.length + BLOCK_COST;
    if (typeof block === 'string') {
      this.#text += block;
    } else if (block.length > 0) {
      this.#flush();
      this.#parts.push(block);
    }
  }

  join(): Buffer {
    this.#flush();
    return Buffer.concat(this.#parts);
  }

  #flush(): void {
    if (this.#text !== '') this.#parts.push(Buffer.from(this.#text));
    this.#text = '';
  }
}

function escapeValue(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}
