/** The size of a request head as node:http counts it. A head that reaches `limits.headers` gets 431 before the gateway reads it. */

import type { IncomingHead } from '../../../route/request-head.ts';

/**
 * @param head one character per byte.
 * @returns the bytes that node:http counts: the target, and the names and values of fields, without separators.
 */
export function countHeadBytes({ target, fields }: IncomingHead): number {
  return fields.reduce((bytes, text) => bytes + text.length, target.length);
}

/** @returns whether node:http refuses it; a head of exactly `limit` bytes is refused, too. */
export function isHeadTooLarge(head: IncomingHead, limit: number): boolean {
  return countHeadBytes(head) >= limit;
}
