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
const REWRITERS: ReadonlyMap<number, readonly [name: string, rewrite: Rewriter]> = new Map([
  [4, ['link', rewriteLinks]],
  [7, ['refresh', rewriteRefresh]],
  [8, ['location', rewriteUrl]],
  [10, ['set-cookie', rewriteCookie]],
  [16, ['content-location', rewriteUrl]],
]);

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

function findRewriter(name: string): Rewriter | undefined {
  const [expected, rewrite] = REWRITERS.get(name.length) ?? [];
  return expected !== undefined && isName(name, expected) ? rewrite : undefined;
}
