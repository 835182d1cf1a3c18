/** Reads a map of the YAML by its schema. */
import { z } from 'zod';
import { isRawMap } from '../source/raw-map.js';
import { explainIssue } from './zod-diagnostic.js';
/** @returns the settings of `raw`, the map at `path`; every error goes to `diagnostics`. */
export function readSettings(schema, path, raw, diagnostics) {
    // zod's own messages are switched off, so a message that is left is what one of our schemas expected.
    const result = schema.safeParse(raw, { reportInput: true, error: () => '' });
    if (result.success)
        return { found: result.data, complete: result.data };
    if (diagnostics.isFull) {
        // An error that is only counted is not explained, since explaining costs more than finding it.
        diagnostics.error(path, { what: 'is not valid' }, 'key');
        return { found: readEach(schema, raw), complete: undefined };
    }
    for (const issue of result.error.issues) {
        for (const { below, rejection, subject } of explainIssue(issue, { schema, raw })) {
            diagnostics.error([...path, ...below], rejection, subject);
        }
    }
    return { found: readEach(schema, raw), complete: undefined };
}
function readEach(schema, raw) {
    if (!isRawMap(raw))
        return {};
    const entries = Object.entries(schema.shape).flatMap(([key, value]) => {
        const result = z.safeParse(value, raw[key]);
        return result.success ? [[key, result.data]] : [];
    });
    return Object.fromEntries(entries);
}
