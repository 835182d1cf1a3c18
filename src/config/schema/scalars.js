/** Schemas of single values that several keys have. */
import { z } from 'zod';
import { DURATION, DURATION_FORM, LEEWAY, parseDuration, parseLeeway } from '../values/duration.js';
import { accept, reject } from '../values/parsed-value.js';
import { COUNT, COUNT_FORM, parseCount, parseSize, SIZE, SIZE_FORM } from '../values/size.js';
import { text } from './building-blocks.js';
export const nonEmpty = text('a non-empty string', written => (written === '' ? reject('is empty') : accept(written)), {
    minLength: 1,
});
export const flag = z.boolean({ error: 'true or false' });
export const duration = text(DURATION, written => parseDuration(written), DURATION_FORM);
/** At most a year; `duration` has the limit of a timer. */
export const longDuration = text(DURATION, written => parseDuration(written, 365), DURATION_FORM);
export const leeway = text(LEEWAY, parseLeeway, DURATION_FORM);
export const size = text(SIZE, parseSize, SIZE_FORM);
export const sizeOrNone = text(`${SIZE}, or none`, written => (written === 'none' ? accept(undefined) : parseSize(written)), new RegExp(`^none$|${SIZE_FORM.source}`));
export const count = numeric(COUNT, parseCount, COUNT_FORM, 1_000_000);
/** @returns a schema of whole numbers from 1 to `maximum`, written as a number or, by a reference, as a string. */
export function numeric(expected, parse, form, maximum) {
    const keywords = { type: ['integer', 'string'], minimum: 1, maximum, pattern: form.source };
    return z.preprocess(value => (typeof value === 'number' ? String(value) : value), text(expected, parse, { ...keywords, patternErrorMessage: `expected ${expected}` }));
}
