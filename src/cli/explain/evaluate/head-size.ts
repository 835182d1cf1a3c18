/** How large the head of a request is for node:http, which answers one above `limits.headers` with 431 before anybody reads it. */

import type { IncomingHead } from '../../../route/request-head.ts';

/**
 * @returns the bytes that node:http counts: the target, and names and values of fields, without what stands between them.
 *   `head` has one character a byte.
 */
export function countHeadBytes({ url = '', rawHeaders }: IncomingHead): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length, url.length);
}

/** @returns whether node:http refuses it: a head that fills the limit is too large already. */
export function isHeadTooLarge(head: IncomingHead, limit: number): boolean {
  return countHeadBytes(head) >= limit;
}
