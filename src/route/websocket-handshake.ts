/** Recognises the client's opening handshake of a WebSocket (RFC 6455 section 4.2.1). */

import type { IncomingHttpHeaders } from 'node:http';

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
