/**
 * What a configuration file may hold. Past one of these it is refused at the place where it is too much: whoever writes
 * a part of the file must not be able to hold up, or to end, the process that loads it.
 */
export const LIMITS = {
  /** Bytes of the file. */
  fileBytes: 4 * 1024 * 1024,
  /** Words, signs, blanks, line ends and comments, as YAML takes the text apart. */
  tokens: 1_000_000,
  /** Maps and lists within one another. */
  depth: 64,
  /** Maps, lists and scalars, those counted again that an alias repeats. */
  values: 250_000,
  aliases: 1_000,
  /** Characters of a scalar, of a comment, and of a value once its references are replaced. */
  text: 64 * 1024,
  /** Characters of a key. */
  key: 2_048,
  /** `${…}` in all values. */
  references: 10_000,
  routes: 20_000,
  issuers: 2_000,
  /** Entries of any other list or map. */
  entries: 2_000,
} as const;

/** Errors, and warnings, that are listed one by one. */
export const MOST_LISTED = 1_000;

/** @returns `limit` as people write it: `250,000`. */
export function formatLimit(limit: number): string {
  return limit.toLocaleString('en-US');
}
