/** Names the place in a path that has several readings. `canonicalizePath` has already decided that there is one. */

export interface PathAmbiguity {
  readonly at: number;
  readonly what: string;
}

const PATTERNS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^(?!\/)/, 'the path does not begin with /'],
  [/\\/, 'a backslash: some servers read it as /'],
  [/#/, 'a fragment: clients keep it to themselves, and servers differ on it'],
  [/[^\x21-\x7e]/, 'a byte that a path must not have plainly: percent-encode it'],
  [/%(?![0-9A-Fa-f]{2})/, 'a % without two hex digits behind it'],
  [/\/\/+/, 'an empty segment: some servers merge slashes'],
  [
    /(?<=\/|;|%2f|%5c)(?:\.|%2e){1,2}(?:%20)*(?=\/|;|%2f|%5c|$)/i,
    'a dot segment: some servers resolve it, which leads to another path',
  ],
];

/**
 * @param path one character per byte.
 * @param contested the encodings that servers read differently, as `canonicalizePath` lists them.
 * @returns the first such place.
 */
export function describeAmbiguity(path: string, contested: readonly string[]): PathAmbiguity {
  const found = PATTERNS.flatMap(([pattern, what]) => {
    const at = path.search(pattern);
    return at === -1 ? [] : [{ at, what }];
  });
  const places = contested.map(encoding => ({
    at: Math.max(path.toUpperCase().indexOf(encoding.toUpperCase()), 0),
    what: `${encoding}: servers read it differently, and the route's allow_encoded does not let it pass here`,
  }));
  return (
    [...found, ...places].sort((a, b) => a.at - b.at)[0] ?? { at: 0, what: 'two servers could read it differently' }
  );
}
