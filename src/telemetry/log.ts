/** NDJSON on standard output, by pino: one line for each request (contract section 6), and the life of the process. */

import { setTimeout } from 'node:timers/promises';
import { type DestinationStream, pino } from 'pino';
import type { Outcome } from '../denial.ts';
import type { FinishedRequest } from './finished-request.ts';

export type LogLevel = 'info' | 'warn' | 'error';

export interface Log {
  /** A line about the process itself. `fields` must hold nothing of a request. */
  event(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** The line of one request. */
  request(request: FinishedRequest): void;
  /** The last call. Settles when every line is out, or after a second for a reader that does not read. */
  close(): Promise<void>;
}

const HELD_BYTES = 64 * 1024 * 1024;
const WRITTEN_BYTES = 256 * 1024;
const CLOSE_LIMIT = 1_000;
/** Characters of a claim or a path. What is longer was written to fill the log. */
const LONGEST_TEXT = 1_024;
const MOST_AUDIENCES = 64;

const LEVEL_OF: Readonly<Record<Outcome, LogLevel>> = {
  forwarded: 'info',
  reported: 'warn',
  denied: 'warn',
  failed: 'error',
};

export interface LogDestination extends DestinationStream {
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
    destination,
  );
  return {
    event: (level, message, fields = {}) => logger[level](fields, message),
    request: request => logger[LEVEL_OF[request.outcome]](describeRequest(request), 'request'),
    close: () => Promise.race([destination.close(), setTimeout(CLOSE_LIMIT)]),
  };
}

/**
 * Standard output, without waiting for its reader: lines that it does not take in time are held, and past 64 MiB dropped.
 *
 * @param onDrop told once for each line that was dropped.
 * @param maxWrite bytes of whole lines that are written at once.
 */
export function openStandardOutput(onDrop: () => void, maxWrite = WRITTEN_BYTES): LogDestination {
  const output = pino.destination({ dest: 1, sync: false, maxLength: HELD_BYTES, maxWrite });
  output.on('drop', onDrop);
  // Whoever read the log has gone. The APIs behind us have not.
  output.on('error', () => undefined);
  return {
    write: line => output.write(line),
    close: () =>
      new Promise(resolve => {
        output.once('close', resolve);
        output.end();
      }),
  };
}

function describeRequest(request: FinishedRequest): Readonly<Record<string, unknown>> {
  const { route, verified } = request;
  return {
    request_id: request.requestId,
    route: route?.key ?? '(none)',
    resource: route && !route.public ? route.resource : undefined,
    method: request.method,
    host: cut(request.host),
    path: cut(request.path),
    status: request.status,
    outcome: request.outcome,
    reason: request.failure ?? request.denial?.reason,
    enforcement: route && !route.public ? route.enforcement : undefined,
    duration_ms: roundMs(request.durationMs),
    upstream_ms: request.upstreamMs === undefined ? undefined : roundMs(request.upstreamMs),
    ...(verified && {
      iss: verified.issuer,
      sub: textOf(verified.claims['sub']),
      client_id: textOf(verified.claims['client_id'] ?? verified.claims['azp']),
      aud: verified.audience.slice(0, MOST_AUDIENCES).map(cut),
      scope: cut([...verified.scopes].join(' ')),
      jti: textOf(verified.claims['jti']),
      exp: verified.expiresAt,
    }),
  };
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' ? cut(claim) : undefined;
}

function cut(text: string): string {
  return text.slice(0, LONGEST_TEXT);
}

function roundMs(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
