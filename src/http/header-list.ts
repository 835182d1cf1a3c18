/** Header fields as a list, duplicates and spelling kept, and which of them end at this hop (RFC 9110 sections 5.2 and 7.6.1). */

/** Alternating names and values, one field after the other, as they were parsed. */
export type HeaderList = readonly string[];

export const NO_FIELDS: HeaderList = [];

type Step<T, C> = (result: T, name: string, value: string, context: C) => T;

/**
 * Goes over `fields` in their order, as `Array.reduce` does. A name without a value at the end of the list is ignored.
 *
 * @param step a function of its module, not a closure, where it runs for each request: what it needs is `initial` or `context`.
 */
export function reduceFields<T>(fields: HeaderList, step: Step<T, undefined>, initial: T): T;
export function reduceFields<T, C>(fields: HeaderList, step: Step<T, C>, initial: T, context: C): T;
export function reduceFields<T, C>(fields: HeaderList, step: Step<T, C | undefined>, initial: T, context?: C): T {
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
export function valuesOf(fields: HeaderList, name: string): HeaderList {
  let at = findField(fields, name, 0);
  if (at === -1) return NO_FIELDS;
  const values: string[] = [];
  for (; at !== -1; at = findField(fields, name, at + 2)) values.push(fields[at + 1] ?? '');
  return values;
}

/** Compares the length first: lower-casing every name would cost more than the rest of this function. */
function findField(fields: HeaderList, name: string, from: number): number {
  for (let index = from; index + 1 < fields.length; index += 2) {
    if (isName(fields[index] ?? '', name)) return index;
  }
  return -1;
}

/** @param lowerName in lower-case. */
export function isName(name: string, lowerName: string): boolean {
  return name.length === lowerName.length && (name === lowerName || name.toLowerCase() === lowerName);
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
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
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/** @returns the names that Connection lists, lower-case; `undefined` for the ordinary case of none. */
export function readConnectionOptions(fields: HeaderList): ReadonlySet<string> | undefined {
  let listed: Set<string> | undefined;
  for (let at = findField(fields, 'connection', 0); at !== -1; at = findField(fields, 'connection', at + 2)) {
    for (const option of (fields[at + 1] ?? '').toLowerCase().split(',')) {
      const name = option.trim();
      if (name !== 'keep-alive' && name !== 'close') listed = (listed ?? new Set()).add(name);
    }
  }
  return listed;
}

/** @returns the members of a list (RFC 9110 section 5.6.1) in which no quotes hide commas. */
export function listMembers(value: string): string[] {
  return value
    .split(',')
    .map(member => member.trim())
    .filter(member => member !== '');
}
