/** The forms in which `audgate check` prints, for the command line, which must not load them. */

export const FORMATS = ['text', 'json', 'github'] as const;
export type Format = (typeof FORMATS)[number];

/** @returns whether `name` is one of `FORMATS`. */
export function isFormat(name: string): name is Format {
  return FORMATS.some(format => format === name);
}
