/** Link (RFC 8288 section 3): several links, each a URL in angle brackets and parameters. */

import type { Place } from './place.ts';
import { rewriteUrl } from './url.ts';

/** Blanks and commas, the URL, and the parameters, in which quotation marks hide commas. */
const LINK = /([\t ,]*)<([^<>]*)>((?:[^"<>,]|"(?:[^"\\]|\\.)*")*)/y;

/** @returns the value of a Link field with the URL of each link rewritten, and nothing else; the value itself where it is malformed. */
export function rewriteLinks(value: string, place: Place): string {
  const links: string[] = [];
  for (let at = 0; at < value.length; at = LINK.lastIndex) {
    LINK.lastIndex = at;
    const [, before = '', url = '', parameters = ''] = LINK.exec(value) ?? [];
    const isEnded = LINK.lastIndex === value.length || value[LINK.lastIndex] === ',';
    if (LINK.lastIndex <= at || !isEnded) return value;
    links.push(`${before}<${rewriteUrl(url, place)}>${parameters}`);
  }
  return links.join('');
}
