/**
 * Lines as they are stored: by audgate itself, or wrapped by Docker (json-file), by Kubernetes (the CRI log format, and
 * `--timestamps`) or by journald (`journalctl -o json`), each of which also splits long lines into parts.
 */

import { type Fields, parseObject, type ReadLine, readLogLine } from './read-line.ts';

/** Characters of a line whose parts are put together, and how many such lines at once. */
const LONGEST_LINE = 1024 * 1024;
const MOST_UNFINISHED = 64;
const TIMESTAMPED = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (?:(stdout|stderr) ([FP])\S* )?/;

/** A part of a line, or all of it. */
interface Part {
  /** Parts of one line have one source, and no other line of it stands between them. */
  readonly source: string;
  readonly text: string;
  readonly isLast: boolean;
}

export class StoredLines {
  /** By source: the parts so far, `undefined` where they are too long. */
  readonly #unfinished = new Map<string, string | undefined>();

  /** Lines whose last part has not come. */
  get unfinished(): number {
    return this.#unfinished.size;
  }

  /** @returns what the line tells; `undefined` for a part of a line that goes on. Never throws. */
  read(text: string): ReadLine | undefined {
    if (!text.startsWith('{')) return this.#readTimestamped(text);
    const fields = parseObject(text);
    if (!fields) return 'broken';
    const part = readDockerPart(fields) ?? readJournaldPart(fields);
    return part ? this.#join(part) : readLogLine(fields);
  }

  #readTimestamped(text: string): ReadLine | undefined {
    const [prefix, stream = '', tag = 'F'] = TIMESTAMPED.exec(text) ?? [];
    if (prefix === undefined) return 'broken';
    if (stream === 'stderr') return 'skipped';
    return this.#join({ source: `cri ${stream}`, text: text.slice(prefix.length), isLast: tag === 'F' });
  }

  #join(part: Part | 'skipped' | 'broken'): ReadLine | undefined {
    if (typeof part === 'string') return part;
    const { source, text, isLast } = part;
    const isOpen = this.#unfinished.has(source);
    if (!isLast && !isOpen && this.#unfinished.size >= MOST_UNFINISHED) return 'broken';
    const before = isOpen ? this.#unfinished.get(source) : '';
    const whole = before !== undefined && before.length + text.length <= LONGEST_LINE ? before + text : undefined;
    if (!isLast) {
      this.#unfinished.set(source, whole);
      return undefined;
    }
    this.#unfinished.delete(source);
    return whole === undefined ? 'broken' : readWhole(whole);
  }
}

function readWhole(text: string): ReadLine {
  if (text.trim() === '') return 'skipped';
  const fields = parseObject(text);
  return fields ? readLogLine(fields) : 'broken';
}

/** `{"log":"…\n","stream":"stdout","time":"…"}`; a part that goes on has no line feed. */
function readDockerPart({ log, stream, msg }: Fields): Part | 'skipped' | undefined {
  if (typeof log !== 'string' || msg !== undefined) return undefined;
  if (stream === 'stderr') return 'skipped';
  return { source: 'docker', text: log.replace(/\r?\n$/, ''), isLast: log.endsWith('\n') };
}

/** `MESSAGE` is a string, a list of bytes where it is no plain text, or null where it is too long to be shown. */
function readJournaldPart(fields: Fields): Part | 'skipped' | 'broken' | undefined {
  const { MESSAGE: message, _TRANSPORT: transport, msg } = fields;
  if (message === undefined || msg !== undefined) return undefined;
  // What systemd itself says of a unit stands among the lines of the unit.
  if (typeof transport === 'string' && transport !== 'stdout') return 'skipped';
  const text = Array.isArray(message) ? decodeBytes(message) : message;
  if (typeof text !== 'string') return 'broken';
  const isLast = fields['_LINE_BREAK'] !== 'line-max' && fields['CONTAINER_PARTIAL_MESSAGE'] !== 'true';
  const ids = ['_STREAM_ID', 'CONTAINER_ID', '_PID'].map(name => fields[name]);
  return { source: `journald ${ids.find(id => typeof id === 'string') ?? ''}`, text, isLast };
}

function decodeBytes(bytes: readonly unknown[]): string | undefined {
  const isByte = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 256;
  return bytes.every(isByte) ? Buffer.from(bytes as number[]).toString() : undefined;
}
