/** The log, as NDJSON: one line for each request, and lines about the process itself, which pino writes. */

import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import type { AccessLogSettings } from '../../config/config.ts';
import { escapeJson } from '../../config/diagnostics/visible-text.ts';
import type { FinishedRequest } from '../finished-request.ts';
import { type AccessLineFormat, createAccessLineFormat } from './access-line.ts';
import type { LogDestination } from './standard-output.ts';

export type LogLevel = 'info' | 'warn' | 'error';

export interface Log {
  /** Writes a line about the process itself. `fields` must hold nothing of a request. */
  event(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Writes the access log line of one request, by the settings of its configuration. */
  request(request: FinishedRequest, settings: AccessLogSettings): void;
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
  const formats = new WeakMap<AccessLogSettings, AccessLineFormat>();
  return {
    event: (level, message, fields = {}) => {
      logger[level](fields, message);
      destination.flush?.();
    },
    request: (request, settings) => {
      const format = formats.get(settings) ?? createAccessLineFormat(settings.omit);
      formats.set(settings, format);
      destination.write(format(request));
    },
    flush: () => destination.flush?.(),
    close: () => Promise.race([destination.close(), wait(CLOSE_LIMIT)]),
  };
}
