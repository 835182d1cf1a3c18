/** A map of the YAML before its schema is applied. It has no prototype, so only keys of the file are found in it. */
export type RawMap = Readonly<Record<string, unknown>>;

/** @returns whether `value` is a map. */
export function isRawMap(value: unknown): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
