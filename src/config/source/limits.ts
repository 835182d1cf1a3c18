/**
 * How much a configuration file may hold. What is over a limit is refused at its place, so that a person who may write one
 * part of the file cannot block or crash the process that loads it.
 */
export const LIMITS = {
  /** Bytes of the file, and of all files together that it includes. */
  fileBytes: 4 * 1024 * 1024,
  /** Lexemes of the YAML: words, signs, blanks, line ends and comments. */
  tokens: 1_000_000,
  /** Levels of maps and lists in one another. */
  depth: 64,
  /** Maps, lists and scalars; those that an alias repeats count again. */
  values: 250_000,
  aliases: 1_000,
  /** Characters of a scalar, of a comment, and of a value after its references are replaced. */
  text: 64 * 1024,
  /** Characters of a key. */
  key: 2_048,
  /** `${…}` in all values together. */
  references: 10_000,
  routes: 20_000,
  issuers: 2_000,
  /** Entries of the file of `revoked`, and its bytes. */
  revoked: 1_000_000,
  revokedBytes: 128 * 1024 * 1024,
  /** Files that are included. */
  included: 1_000,
  /** Files and folders that one pattern looks at. */
  scanned: 10_000,
  /** Entries of any other list or map. */
  entries: 2_000,
} as const;

/** Errors, and warnings, that are listed one by one. */
export const MOST_LISTED = 1_000;

/** @returns `limit` with thousands separated: `250,000`. */
export function formatLimit(limit: number): string {
  return limit.toLocaleString('en-US');
}
