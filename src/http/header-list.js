/** Header fields as a list, duplicates and spelling kept, and which of them end at this hop (RFC 9110 sections 5.2 and 7.6.1). */
export const NO_FIELDS = [];
export function reduceFields(fields, step, initial, context) {
    let result = initial;
    for (let index = 0; index + 1 < fields.length; index += 2) {
        result = step(result, fields[index] ?? '', fields[index + 1] ?? '', context);
    }
    return result;
}
/**
 * @param name in lower-case.
 * @returns the value of every field of that name.
 */
export function valuesOf(fields, name) {
    let at = findField(fields, name, 0);
    if (at === -1)
        return NO_FIELDS;
    const values = [];
    for (; at !== -1; at = findField(fields, name, at + 2))
        values.push(fields[at + 1] ?? '');
    return values;
}
/** Compares the length first: lower-casing every name would cost more than the rest of this function. */
function findField(fields, name, from) {
    for (let index = from; index + 1 < fields.length; index += 2) {
        if (isName(fields[index] ?? '', name))
            return index;
    }
    return -1;
}
/** @param lowerName in lower-case. */
export function isName(name, lowerName) {
    return name.length === lowerName.length && (name === lowerName || name.toLowerCase() === lowerName);
}
const HOP_BY_HOP = new Set([
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'http2-settings',
]);
/** @returns whether a field, its name in lower-case, always ends at this hop. */
export function isHopByHop(name) {
    return HOP_BY_HOP.has(name);
}
/** @returns the names that Connection lists, lower-case; `undefined` for the ordinary case of none. */
export function readConnectionOptions(fields) {
    let listed;
    for (let at = findField(fields, 'connection', 0); at !== -1; at = findField(fields, 'connection', at + 2)) {
        for (const option of (fields[at + 1] ?? '').toLowerCase().split(',')) {
            const name = option.trim();
            if (name !== 'keep-alive' && name !== 'close')
                listed = (listed ?? new Set()).add(name);
        }
    }
    return listed;
}
