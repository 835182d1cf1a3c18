/**
 * Reads lines in the form in which they are stored: as audgate wrote them, or wrapped by Docker (json-file), by
 * Kubernetes (the CRI log format, and `--timestamps`) or by journald (`journalctl -o json`). Each of these also splits
 * long lines into parts, which are joined here.
 */

import { type Fields, type ParsedEntry, parseEntry, parseObject } from './entry-parser.ts';

/** Characters of a line that is joined from parts, and how many such lines are kept at once. */
const LONGEST_LINE = 1024 * 1024;
const MOST_UNFINISHED = 64;
const TIMESTAMPED = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (?:(stdout|stderr) ([FP])\S* )?/;

/** A part of a line, or all of it. */
interface Part {
  /** The parts of one line have the same source and follow one another. */
  readonly source: string;
  readonly text: string;
  readonly isLast: boolean;
}

export class StoredLines {
  /** By source: the parts so far; `undefined` where they are too long. */
  readonly #unfinished = new Map<string, string | undefined>();

  /** The number of lines whose last part has not been read. */
  get unfinished(): number {
    return this.#unfinished.size;
  }

  /** @returns the entry in `text`; `undefined` for a part of a line that continues. Never throws. */
  read(text: string): ParsedEntry | undefined {
    if (!text.startsWith('{')) return this.#readTimestamped(text);
    const fields = parseObject(text);
    if (!fields) return 'broken';
    const part = readDockerPart(fields) ?? readJournaldPart(fields);
    return part ? this.#join(part) : parseEntry(fields);
  }

  #readTimestamped(text: string): ParsedEntry | undefined {
    const [prefix, stream = '', tag = 'F'] = TIMESTAMPED.exec(text) ?? [];
    if (prefix === undefined) return 'broken';
    if (stream === 'stderr') return 'skipped';
    return this.#join({ source: `cri ${stream}`, text: text.slice(prefix.length), isLast: tag === 'F' });
  }

  #join(part: Part | 'skipped' | 'broken'): ParsedEntry | undefined {
    if (typeof part === 'string') return part;
    const { source, text, isLast } = part;
    const isContinued = this.#unfinished.has(source);
    if (!isLast && !isContinued && this.#unfinished.size >= MOST_UNFINISHED) return 'broken';
    const before = isContinued ? this.#unfinished.get(source) : '';
    const whole = before !== undefined && before.length + text.length <= LONGEST_LINE ? before + text : undefined;
    if (!isLast) {
      this.#unfinished.set(source, whole);
      return undefined;
    }
    this.#unfinished.delete(source);
    return whole === undefined ? 'broken' : parseWhole(whole);
  }
}

function parseWhole(text: string): ParsedEntry {
  if (text.trim() === '') return 'skipped';
  const fields = parseObject(text);
  return fields ? parseEntry(fields) : 'broken';
}

/** `{"log":"…\n","stream":"stdout","time":"…"}`; a part that is not the last has no line feed. */
function readDockerPart({ log, stream, msg }: Fields): Part | 'skipped' | undefined {
  if (typeof log !== 'string' || msg !== undefined) return undefined;
  if (stream === 'stderr') return 'skipped';
  return { source: 'docker', text: log.replace(/\r?\n$/, ''), isLast: log.endsWith('\n') };
}

/** `MESSAGE` is a string; a list of bytes where it is not plain text; `null` where it is too long to be shown. */
function readJournaldPart(fields: Fields): Part | 'skipped' | 'broken' | undefined {
  const { MESSAGE: message, _TRANSPORT: transport, msg } = fields;
  if (message === undefined || msg !== undefined) return undefined;
  // systemd's own messages about a unit stand among the lines of the unit.
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
