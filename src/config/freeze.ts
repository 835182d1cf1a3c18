/** Configuration is read by every request and written by none. */

/** @returns `value`, frozen with all that it holds. Sets and maps are frozen by their read-only types. */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const held: readonly unknown[] = value instanceof Map ? [...value.values()] : Object.values(value);
  for (const inner of held) freezeDeep(inner);
  return Object.freeze(value);
}
