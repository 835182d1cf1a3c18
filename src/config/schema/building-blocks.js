/** Parts of the schemas: a text with a parser of its own, a list without duplicates, a map whose keys are checked. */
import { z } from 'zod';
import { isRawMap } from '../source/raw-map.js';
/** By default zod skips a refinement where an entry is invalid: an invalid entry would hide a duplicate, or an invalid key. */
const CHECK_EVERY_LIST = { when: ({ value }) => Array.isArray(value) };
const CHECK_EVERY_MAP = { when: ({ value }) => isRawMap(value) };
/**
 * @param expected what a valid text is, for every message.
 * @param form for editors: a pattern that every valid text matches, or keywords of JSON Schema.
 * @returns a schema of the texts that `parse` accepts.
 */
export function text(expected, parse, form) {
    const keywords = form instanceof RegExp ? describeForm(form, expected) : (form ?? {});
    return z
        .string({ error: expected })
        .meta(keywords)
        .transform((written, context) => {
        const parsed = parse(written);
        if (parsed.ok)
            return parsed.value;
        addRejection(context, { expected, ...parsed.rejection });
        return z.NEVER;
    });
}
/** @returns a schema of map keys. Every string is accepted; `form` is for editors, and a parser checks the key later. */
export function key(form, expected) {
    return z.string().meta(describeForm(form, expected));
}
function describeForm({ source }, expected) {
    return { pattern: source, patternErrorMessage: `expected ${expected}` };
}
/** @returns a schema of lists without duplicates. */
export function uniqueList(entry) {
    return z
        .array(entry)
        .meta({ uniqueItems: true })
        .superRefine((entries, context) => {
        const seen = new Set();
        for (const [index, value] of entries.entries()) {
            const isRepeated = typeof value === 'string' && seen.has(value);
            if (isRepeated)
                addRejection(context, { what: 'stands in the list already' }, [index]);
            seen.add(value);
        }
    }, CHECK_EVERY_LIST);
}
/** @returns a schema of lists without duplicates and with at least one entry. */
export function filledList(entry) {
    return uniqueList(entry).superRefine((entries, context) => {
        if (entries.length === 0) {
            addRejection(context, {
                what: 'the list is empty',
                expected: 'at least one entry, or no such key',
                standsAlone: true,
            });
        }
    });
}
/** @returns a schema of lists with at least one entry, of any kind. */
export function list(entry) {
    return z.array(entry).superRefine((entries, context) => {
        if (entries.length > 0)
            return;
        addRejection(context, { what: 'the list is empty', expected: 'at least one entry', standsAlone: true });
    }, CHECK_EVERY_LIST);
}
/** @returns a schema of maps; `check` gets all keys at once, and the map as far as it is valid, and reports with `addRejection`. */
export function mapWithKeys(name, value, check) {
    return z.record(name, value).superRefine((map, context) => check(Object.keys(map), context, map), CHECK_EVERY_MAP);
}
/** Passes `rejection` through zod to `explainIssue`. @param isKey whether it is about a key of a map, not its value. */
export function addRejection(context, rejection, path = [], isKey = false) {
    context.addIssue({ code: 'custom', path, params: { rejection, isKey } });
}
