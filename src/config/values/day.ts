/** A day of the calendar in UTC, as RFC 3339 section 5.6 writes `full-date`. */

import { accept, type ParsedValue, reject } from './parsed-value.ts';

export const DAY = 'a day such as 2027-01-31';
export const DAY_FORM = /^\d{4}-\d{2}-\d{2}$/;

const MILLISECONDS = 86_400_000;

/** @returns `text`, a day that the calendar has. */
export function parseDay(text: string): ParsedValue<string> {
  if (!DAY_FORM.test(text)) return reject('is not a day of the form YYYY-MM-DD');
  const start = Date.parse(text);
  // Date.parse takes February 30 for March 2.
  const isInCalendar = !Number.isNaN(start) && formatDay(start) === text;
  return isInCalendar ? accept(text) : reject('is a day that the calendar does not have');
}

/** @param day as `parseDay` accepts it. @returns the first millisecond, since 1970, of the day after it. */
export function endOfDay(day: string): number {
  return Date.parse(day) + MILLISECONDS;
}

/** @param time milliseconds since 1970. @returns the day of that time. */
export function formatDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** @returns the same day of the next year, counted from the day of `time`; of February 29 March 1. */
export function yearAfter(time: number): string {
  const date = new Date(time);
  date.setUTCFullYear(date.getUTCFullYear() + 1);
  return formatDay(date.getTime());
}

/** @returns whole days from `time` to the end of `day`, counted down: 0 on the last day, negative once it is over. */
export function daysLeft(day: string, time: number): number {
  return Math.floor((endOfDay(day) - 1 - time) / MILLISECONDS);
}
