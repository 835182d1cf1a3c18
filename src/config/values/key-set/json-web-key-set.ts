/** The text of a key set (RFC 7517 section 5) → its keys. */

import { isRawMap } from '../../source/raw-map.ts';
import { accept, type ParsedValue, reject } from '../parsed-value.ts';
import { checkKey, type KeyCheck, type RawJwk } from './json-web-key.ts';

export const MOST_KEYS = 100;

/** @returns the JSON object in `text`, or `undefined`; a byte order mark is skipped (RFC 8259 section 8.1). */
export function parseJsonObject(text: string): RawJwk | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isRawMap(value) ? value : undefined;
  } catch {
    // The message of the parser would quote the text.
    return undefined;
  }
}

/**
 * @param algorithms with which the issuer may sign; `undefined` accepts keys of every algorithm.
 * @returns the keys of a key set in a file; rejects one that holds a secret, more than 100 keys, or no key that can verify
 *   a token.
 */
export function readKeyFile(text: string, algorithms?: ReadonlySet<string>): ParsedValue<readonly RawJwk[]> {
  const keys = parseKeySet(text);
  if (!keys.ok) return keys;
  if (keys.value.length === 0) return reject('has no key in "keys"');
  if (keys.value.length > MOST_KEYS) return reject(`has more than ${MOST_KEYS} keys`);
  const checked = keys.value.map(checkKey);
  if (checked.some(each => !each.ok && each.isSecret)) {
    return reject('holds a private or symmetric key, where others may read it', { expected: 'public keys only' });
  }
  const usable = checked.filter(each => each.ok);
  if (usable.length === 0) return reject(`has no key that can verify a token: ${countReasons(checked)}`);
  const isAllowed = usable.some(each => algorithms === undefined || each.algorithms.some(name => algorithms.has(name)));
  if (isAllowed) return accept(keys.value.filter(isRawMap));
  return reject('has no key for the algorithms of this issuer');
}

/** @returns why keys cannot be used, counted: `2 no JSON object, 1 not well-formed`. */
export function countReasons(checked: readonly KeyCheck[]): string {
  const counts = new Map<string, number>();
  for (const each of checked) if (!each.ok) counts.set(each.why, (counts.get(each.why) ?? 0) + 1);
  return [...counts].map(([why, count]) => `${count} ${why}`).join(', ');
}

function parseKeySet(text: string): ParsedValue<readonly unknown[]> {
  const parsed = parseJsonObject(text);
  if (parsed === undefined) return reject('is not a JSON object');
  return Array.isArray(parsed['keys']) ? accept(parsed['keys']) : reject('has no array "keys"');
}
