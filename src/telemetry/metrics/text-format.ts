/**
 * The text format of Prometheus, version 0.0.4, and OpenMetrics 1.0, written in steps between which requests are served. They differ
 * in the heads of counters, in exemplars, and in the end.
 */

import { setImmediate } from 'node:timers/promises';

export type MetricsForm = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<MetricsForm, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export interface Exposition {
  readonly contentType: string;
  /** Written one after the other. Several readers may be sent the same buffers. */
  readonly body: readonly Buffer[];
}

/** A part of the page. */
export type Block = string | Buffer;

/** Characters that are escaped in a label value. */
const SPECIAL = /["\\\n]/;

/** Bytes that are written at a time, which takes about half a millisecond. */
const STEP = 128 * 1024;
/** Bytes that each block counts in addition, since a route without samples takes time as well. */
const BLOCK_COST = 256;

type MetricType = 'counter' | 'gauge' | 'histogram';

/** @returns the lines that go before the samples of a metric. In OpenMetrics a counter is named without `_total`, which its samples have. */
export function writeHead(form: MetricsForm, name: string, help: string, type: MetricType): string {
  const family = form === 'openmetrics' ? withoutTotal(name) : name;
  return `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`;
}

/** @returns a page of the text format in the form that is wanted, without an end. OpenMetrics has no empty lines. */
export function convertHeads(form: MetricsForm, text: string): string {
  if (form === 'text') return text;
  return text
    .replace(/\n{2,}/g, '\n')
    .replace(/^# (HELP|TYPE) (\w+)/gm, (_, kind: string, name: string) => `# ${kind} ${withoutTotal(name)}`);
}

/** @returns the last line of a page. */
export function writeEnd(form: MetricsForm): string {
  return form === 'openmetrics' ? '# EOF\n' : '';
}

function withoutTotal(name: string): string {
  return name.endsWith('_total') ? name.slice(0, -'_total'.length) : name;
}

/** @returns one label, as `route="/a"`. */
export function writeLabel(name: string, value: string): string {
  return `${name}="${escapeValue(value)}"`;
}

/** The format of the samples of one family. The text between the label values is built once, as families have many samples. */
export class SampleFormat {
  readonly #open: string;
  readonly #hasSubject: boolean;
  /** The text before each label value, which begins with the closing quotation mark of the value before. */
  readonly #separators: readonly string[];
  readonly #close: string;

  /** @param subject the name of the first label, whose value many samples in a row share. */
  constructor(name: string, subject: string | undefined, labels: readonly string[]) {
    this.#hasSubject = subject !== undefined;
    const isBare = subject === undefined && labels.length === 0;
    this.#open = isBare ? name : `${name}{${subject === undefined ? '' : `${subject}="`}`;
    this.#separators = labels.map((label, index) => `${index === 0 && !this.#hasSubject ? '' : '",'}${label}="`);
    this.#close = isBare ? ' ' : '"} ';
  }

  /** @returns the beginning of each sample of one subject. */
  start(subject: string): string {
    return this.#hasSubject ? `${this.#open}${escapeValue(subject)}` : this.#open;
  }

  /** @param start from `start`. @param values of the labels, in their order. @returns one line. */
  write(start: string, values: readonly string[], value: number): string {
    let text = start;
    for (let index = 0; index < this.#separators.length; index += 1) {
      text += `${this.#separators[index]}${escapeValue(values[index] ?? '')}`;
    }
    return `${text}${this.#close}${value}\n`;
  }
}

/** @returns `blocks`, joined to buffers of about 128 KiB, with a pause after each. */
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
  /** In bytes, of which each block counts some in addition to its own. */
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
