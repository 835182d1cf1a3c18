/** A request of node:http as the steps of the gateway read it. */

import type { IncomingMessage } from 'node:http';
import type { HeaderList } from '../http/header-list.ts';

export interface ParsedRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly fields: HeaderList;
  readonly body: number | 'unknown';
  /** What Upgrade lists; HTTP/1.0 has none (RFC 9110 section 7.8). */
  readonly protocol: string | undefined;
}

/** @returns what node:http parsed. A Content-Length that is no number is `NaN`. */
export function readParsedRequest(request: IncomingMessage): ParsedRequest {
  const { method = '', url: target = '', httpVersion: version, rawHeaders: fields, headers } = request;
  const body = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : 'unknown';
  return { method, target, version, fields, body, protocol: version === '1.1' ? headers.upgrade : undefined };
}
