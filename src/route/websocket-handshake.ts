/** Recognises the client's opening handshake of a WebSocket (RFC 6455 section 4.2.1). */

import type { IncomingHttpHeaders } from 'node:http';
import { type Denial, deny } from '../denial.ts';
import { type HeaderList, valuesOf } from '../http/header-list.ts';

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

export interface HandshakeHead {
  readonly method?: string | undefined;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * @returns whether the request is a WebSocket handshake. Upgrades to `h2c` or another protocol are none: requests inside such
 *   a connection would not be authorized.
 */
export function isWebSocketHandshake({ method, httpVersion, headers }: HandshakeHead): boolean {
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    KEY.test(headers['sec-websocket-key'] ?? '') &&
    headers['transfer-encoding'] === undefined &&
    Number(headers['content-length'] ?? 0) === 0
  );
}

/** @returns whether a request with an Upgrade field asks for a WebSocket; `none` where it has no such field. */
export function readHandshake({
  method,
  version,
  fields,
  protocol,
}: UpgradeRequest): 'none' | 'websocket' | Denial<'malformed_request'> {
  if (protocol === undefined) return 'none';
  const names = ['upgrade', 'sec-websocket-version', 'sec-websocket-key', 'transfer-encoding', 'content-length'];
  const headers: Record<string, string> = {};
  for (const name of names) {
    const values = valuesOf(fields, name);
    if (values.length > 0) headers[name] = values.join(', ');
  }
  return isWebSocketHandshake({ method, httpVersion: version, headers }) ? 'websocket' : deny('malformed_request');
}

export interface UpgradeRequest {
  readonly method: string;
  readonly version: string;
  readonly fields: HeaderList;
  readonly protocol: string | undefined;
}
