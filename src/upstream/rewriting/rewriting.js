/**
 * Fields of a response by which an upstream names itself, made to name the gateway as the client knows it. What names anybody
 * else is left byte by byte.
 */
import { isName, valuesOf } from '../../http/header-list.js';
import { rewriteCookie } from './cookie.js';
import { rewriteLinks } from './link.js';
import { createPlace } from './place.js';
import { rewriteRefresh } from './refresh.js';
import { rewriteUrl } from './url.js';
/** By the length of the name, which no two of them share: most fields of most responses are none of these. */
const REWRITERS = new Map([
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
export function rewriteFields(fields, rewriting, endpoint) {
    let rewritten;
    let place;
    for (let index = 0; index + 1 < fields.length; index += 2) {
        const rewrite = findRewriter(fields[index] ?? '');
        if (!rewrite)
            continue;
        if (!place) {
            if (valuesOf(fields, 'location').length > 1)
                return fields;
            place = createPlace(rewriting, endpoint);
        }
        const value = fields[index + 1] ?? '';
        const changed = rewrite(value, place);
        if (changed === value)
            continue;
        rewritten ??= [...fields];
        rewritten[index + 1] = changed;
    }
    return rewritten ?? fields;
}
function findRewriter(name) {
    const [expected, rewrite] = REWRITERS.get(name.length) ?? [];
    return expected !== undefined && isName(name, expected) ? rewrite : undefined;
}
