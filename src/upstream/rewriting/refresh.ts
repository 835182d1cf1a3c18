/** Refresh (HTML Standard, shared declarative refresh steps): seconds, then the URL, with or without `url=` and quotes. */

import type { Place } from './place.ts';
import { rewriteUrl } from './url.ts';

const BEFORE_URL = /^[\t ]*[\d.]+(?:[\t ]*[;,]|[\t ])[\t ]*(?:url[\t ]*=[\t ]*)?/i;

/** @returns the value of a Refresh field with its URL rewritten. Without a URL the page itself is loaded again. */
export function rewriteRefresh(value: string, place: Place): string {
  const [before] = BEFORE_URL.exec(value) ?? [];
  if (before === undefined) return value;
  const url = value.slice(before.length);
  const [quote] = /^['"]/.exec(url) ?? [];
  if (quote === undefined) return before + rewriteUrl(url, place);
  // What follows the second quotation mark is ignored; without one the URL goes on to the end.
  const end = url.indexOf(quote, 1);
  const quoted = end === -1 ? url.slice(1) : url.slice(1, end);
  return `${before}${quote}${rewriteUrl(quoted, place)}${end === -1 ? '' : url.slice(end)}`;
}
