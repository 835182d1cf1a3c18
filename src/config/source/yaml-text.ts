/** Values → YAML that `YamlDocument` reads as the same values (YAML 1.2.2 section 7). For files that a command writes. */

import { stringify } from 'yaml';

const OPTIONS = { lineWidth: 0, blockQuote: false, flowCollectionPadding: false } as const;

/** @returns `value` on one line, as the key or the value of a block map: quoted where it would be anything but this string. */
export function writeScalar(value: string): string {
  return stringify(value, OPTIONS).trimEnd();
}

/** @returns `values` as a list on one line. */
export function writeList(values: readonly string[]): string {
  return stringify(values, { ...OPTIONS, collectionStyle: 'flow' }).trimEnd();
}
