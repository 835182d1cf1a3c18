/** The log, as NDJSON: one line for each request, and lines about the process itself, which pino writes. */
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { escapeJson } from '../../config/diagnostics/visible-text.js';
import { formatAccessLine } from './access-line.js';
/** Milliseconds. */
const CLOSE_LIMIT = 1_000;
/** @returns a log that writes to `destination`. */
export function createLog(destination) {
    const logger = pino({
        base: null,
        messageKey: 'msg',
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: label => ({ level: label }) },
        // A second safeguard: no caller passes these fields.
        redact: ['authorization', 'cookie', 'token', 'query'],
    }, 
    // pino escapes what JSON requires; DEL, C1 controls and direction marks it writes as they are.
    { write: line => destination.write(escapeJson(line)) });
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
