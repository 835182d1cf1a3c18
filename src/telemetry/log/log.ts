/** NDJSON on standard output, by pino: one line for each request (contract section 6), and the life of the process. */

import { setTimeout as wait } from 'node:timers/promises';
import { type DestinationStream, pino } from 'pino';
import { escapeJson } from '../../config/values/visible-text.ts';
import type { FinishedRequest } from '../finished-request.ts';
import { formatAccessLine } from './access-line.ts';

export type LogLevel = 'info' | 'warn' | 'error';

export interface Log {
  /** A line about the process itself. `fields` must hold nothing of a request. */
  event(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** The line of one request. */
  request(request: FinishedRequest): void;
  /** Hands over the lines so far, without waiting for their reader. */
  flush(): void;
  /** The last call. Settles when every line is out, or after a second for a reader that does not read. */
  close(): Promise<void>;
}

const HELD_BYTES = 64 * 1024 * 1024;
const WRITTEN_BYTES = 256 * 1024;
/** Lines go out together, at most this many bytes at once, after this many milliseconds. */
const GATHERED_BYTES = 32 * 1024;
const GATHERED_TIME = 100;
const CLOSE_LIMIT = 1_000;

export interface LogDestination extends DestinationStream {
  /** Sends what was gathered, without waiting for it. */
  flush?(): void;
  /** Settles when every line is out. */
  close(): Promise<void>;
}

/** @param destination where lines go. */
export function createLog(destination: LogDestination): Log {
  const logger = pino(
    {
      base: null,
      messageKey: 'msg',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      // A second fence: nothing hands these over in the first place.
      redact: ['authorization', 'cookie', 'token', 'query'],
    },
    // pino escapes what JSON asks for; DEL, C1 controls and direction marks it leaves as they are.
    { write: line => destination.write(escapeJson(line)) },
  );
  return {
    event: (level, message, fields = {}) => {
      logger[level](fields, message);
      destination.flush?.();
    },
    request: request => {
      destination.write(formatAccessLine(request));
    },
    flush: () => destination.flush?.(),
    close: () => Promise.race([destination.close(), wait(CLOSE_LIMIT)]),
  };
}

/**
 * Standard output, without waiting for its reader: lines that it does not take in time are held, and past 64 MiB dropped.
 * Lines are gathered first, since handing over each by itself costs as much as making it.
 *
 * @param onDrop told once for each line that was dropped.
 * @param maxWrite bytes of whole lines that are written at once; a line that is longer is written by itself.
 */
export function openStandardOutput(onDrop: () => void, maxWrite = WRITTEN_BYTES): LogDestination {
  const output = pino.destination({ dest: 1, sync: false, maxLength: HELD_BYTES, maxWrite });
  output.on('drop', (lines: string) => {
    for (const _ of lines.matchAll(/\n/g)) onDrop();
  });
  // Whoever read the log has gone. The APIs behind us have not.
  output.on('error', () => undefined);
  const most = Math.min(GATHERED_BYTES, maxWrite);
  let gathered = '';
  let gatheredBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    // What comes after the last call must not be a fault: it would throw.
    if (gathered !== '' && !isClosed) output.write(gathered);
    gathered = '';
    gatheredBytes = 0;
  };
  return {
    write: line => {
      const length = Buffer.byteLength(line);
      if (gatheredBytes + length > most) flush();
      gathered += line;
      gatheredBytes += length;
      timer ??= setTimeout(flush, GATHERED_TIME).unref();
    },
    flush,
    close: () =>
      new Promise(resolve => {
        flush();
        isClosed = true;
        output.once('close', resolve);
        output.end();
      }),
  };
}
