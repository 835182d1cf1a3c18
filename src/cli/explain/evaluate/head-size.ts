/** The size of a request head, as the gateway counts it. A head above `limits.headers` gets 431 before its fields are read. */

import type { IncomingHead } from '../../../route/request-head.ts';

/**
 * @param head one character per byte.
 * @returns its bytes: the request line, a line for each field with a blank behind the colon, and the empty line.
 */
export function countHeadBytes({ method, target, version, fields }: IncomingHead): number {
  const requestLine = `${method} ${target} HTTP/${version}\r\n`;
  const separators = (fields.length / 2) * ': \r\n'.length;
  return fields.reduce((bytes, text) => bytes + text.length, requestLine.length + separators + '\r\n'.length);
}
