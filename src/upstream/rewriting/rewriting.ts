/**
 * Fields of a response by which an upstream names itself, made to name the gateway as the client knows it. What names anybody
 * else is left byte by byte.
 */

import { type HeaderList, isName, valuesOf } from '../../http/header-list.ts';
import { rewriteCookie } from './cookie.ts';
import { rewriteLinks } from './link.ts';
import { createPlace, type Place, type RespondingEndpoint, type Rewriting } from './place.ts';
import { rewriteRefresh } from './refresh.ts';
import { rewriteUrl } from './url.ts';

type Rewriter = (value: string, place: Place) => string;

/** By the length of the name, which no two of them share: most fields of most responses are none of these. */
const REWRITERS: (readonly [name: string, rewrite: Rewriter] | undefined)[] = [];
REWRITERS[4] = ['link', rewriteLinks];
REWRITERS[7] = ['refresh', rewriteRefresh];
REWRITERS[8] = ['location', rewriteUrl];
REWRITERS[10] = ['set-cookie', rewriteCookie];
REWRITERS[16] = ['content-location', rewriteUrl];

/**
 * @param fields of a response, each Latin-1 text.
 * @returns the fields, rewritten; the very list where nothing in it needs that. A response with two Locations is left whole,
 *   since clients differ in which of them they follow.
 */
export function rewriteFields(fields: HeaderList, rewriting: Rewriting, endpoint: RespondingEndpoint): HeaderList {
  let rewritten: string[] | undefined;
  let place: Place | undefined;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const rewrite = findRewriter(fields[index] ?? '');
    if (!rewrite) continue;
    if (!place) {
      if (valuesOf(fields, 'location').length > 1) return fields;
      place = createPlace(rewriting, endpoint);
    }
    const value = fields[index + 1] ?? '';
    const changed = rewrite(value, place);
    if (changed === value) continue;
    rewritten ??= [...fields];
    rewritten[index + 1] = changed;
  }
  return rewritten ?? fields;
}

/** Compares a letter first: Date, ETag and Vary are as long as Link, and to lower-case them would cost more than all else here. */
function findRewriter(name: string): Rewriter | undefined {
  const found = REWRITERS[name.length];
  if (!found || (name.charCodeAt(0) | 0x20) !== found[0].charCodeAt(0)) return undefined;
  return isName(name, found[0]) ? found[1] : undefined;
}
