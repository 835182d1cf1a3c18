/**
 * Header fields that a server behind the gateway may trust, each with the reader that trusts it. The configuration is checked
 * against this table, and so is every request.
 */
import { CONNECTION, FORWARDING, MESSAGE, METHOD, OVERRIDE } from './message-fields.js';
import { PEER } from './peer-fields.js';
import { USERS } from './user-fields.js';
const GROUPS = {
    connection: CONNECTION,
    forwarding: FORWARDING,
    override: OVERRIDE,
    method: METHOD,
    peer: PEER,
    user: USERS,
    message: MESSAGE,
};
const NAMES = new Map();
/** Prefixes by their first letters, so that a name which a client chose is not compared with every prefix. */
const PREFIXES = new Map();
const INDEXED_LENGTH = 4;
for (const [group, reasons] of Object.entries(GROUPS)) {
    for (const [name, reason] of Object.entries(reasons)) {
        if (name.endsWith('*'))
            addPrefix(name.slice(0, -1), { group, reason });
        else
            NAMES.set(name, { group, reason });
    }
}
function addPrefix(prefix, field) {
    const first = prefix.slice(0, INDEXED_LENGTH);
    PREFIXES.set(first, [...(PREFIXES.get(first) ?? []), [prefix, field]]);
}
/**
 * @returns one text for all names that an upstream may confuse. CGI and what follows it (RFC 3875 section 4.1.18) make one
 *   variable of `X_User` and `X-User`; some servers also of `X.User` and every other character that no variable may have.
 */
export function foldFieldName(name) {
    return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}
/** @param folded a name as `foldFieldName` returns it. @returns its entry; `undefined` for a field that is not reserved. */
export function findReservedField(folded) {
    const prefixes = PREFIXES.get(folded.slice(0, INDEXED_LENGTH));
    return NAMES.get(folded) ?? prefixes?.find(([prefix]) => folded.startsWith(prefix))?.[1];
}
