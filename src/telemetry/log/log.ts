/** The log, as NDJSON: one line for each request, and lines about the process itself, which pino writes. */

import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { escapeJson } from '../../config/diagnostics/visible-text.ts';
import type { FinishedRequest } from '../finished-request.ts';
import { formatAccessLine } from './access-line.ts';
import type { LogDestination } from './standard-output.ts';

export type LogLevel = 'info' | 'warn' | 'error';

export interface Log {
  /** Writes a line about the process itself. `fields` must hold nothing of a request. */
  event(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Writes the access log line of one request. */
  request(request: FinishedRequest): void;
  /** Writes the lines that were gathered, without waiting for their reader. */
  flush(): void;
  /** Must be the last call. Settles when every line is written, or after a second where the reader does not read. */
  close(): Promise<void>;
}

/** Milliseconds. */
const CLOSE_LIMIT = 1_000;

/** @returns a log that writes to `destination`. */
export function createLog(destination: LogDestination): Log {
  const logger = pino(
    {
      base: null,
      messageKey: 'msg',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      // A second safeguard: no caller passes these fields.
      redact: ['authorization', 'cookie', 'token', 'query'],
    },
    // pino escapes what JSON requires; DEL, C1 controls and direction marks it writes as they are.
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
