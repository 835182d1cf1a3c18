/** The times of a token as text. */

const SECOND = 1;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LARGEST_DATE = 8.64e12;

/** @returns `2026-01-31T12:00:00Z (3 min 20 s ago)`; `seconds` since 1970, `now` milliseconds. */
export function describeInstant(seconds: number, now: number): string {
  const distance = seconds - now / 1000;
  return `${formatInstant(seconds)} (${distance <= 0 ? `${describeSpan(-distance)} ago` : `in ${describeSpan(distance)}`})`;
}

/** @returns RFC 3339 in UTC; the number itself where `Date` cannot hold it. */
export function formatInstant(seconds: number): string {
  if (Math.abs(seconds) > LARGEST_DATE) return String(seconds);
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, 'Z');
}

/** @returns the two largest units. */
function describeSpan(seconds: number): string {
  const units = [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
    [SECOND, 's'],
  ] as const;
  const first = units.findIndex(([unit]) => seconds >= unit);
  if (first === -1) return `${Math.round(seconds * 1000)} ms`;
  let rest = Math.floor(seconds);
  const parts: string[] = [];
  for (const [unit, name] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(' ');
}
