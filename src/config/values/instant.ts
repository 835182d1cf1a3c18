/** A moment, written as RFC 3339 has it. */

import { accept, type ParsedValue, reject } from './parsed-value.ts';

export const INSTANT = 'RFC 3339, as 2026-01-31T12:00:00Z';
export const INSTANT_FORM = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** @returns milliseconds since 1970; rejects a date or an hour that does not exist. */
export function parseInstant(text: string): ParsedValue<number> {
  const isInstant = INSTANT_FORM.test(text) && isOnCalendar(text);
  const time = isInstant ? Date.parse(text.replace(' ', 'T').toUpperCase()) : Number.NaN;
  return Number.isNaN(time) ? reject('is not a time', { expected: INSTANT }) : accept(time);
}

/** `Date.parse` reads 30 February as 2 March. */
function isOnCalendar(text: string): boolean {
  const [date, time] = [text.slice(0, 10), text.slice(11, 19)];
  const parsed = new Date(`${date}T${time}Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(`${date}T${time}`);
}
