/** A key set in a file (RFC 7517 section 5): looked at when the configuration is loaded, read by the token room. */

import { isRawMap } from './content.ts';
import type { Fault } from './fault.ts';
import { readText } from './file.ts';

const LARGEST_FILE = 1024 * 1024;

/** @returns why the file at `path` is no key set, or `undefined`. */
export function judgeJwksFile(path: string): Fault | undefined {
  const file = readText(path, LARGEST_FILE);
  if (!file.ok) return describe(file.fault.what);
  try {
    const jwks: unknown = JSON.parse(file.value);
    const keys = isRawMap(jwks) ? jwks['keys'] : undefined;
    if (!Array.isArray(keys)) return describe('has no array "keys"');
    return keys.length === 0 ? describe('has no key in "keys"') : undefined;
  } catch {
    // The parser's own message would repeat what the file holds.
    return describe('is not JSON');
  }
}

function describe(what: string): Fault {
  return { code: 'jwks-file', what, expected: 'a JSON file with a key set (RFC 7517 section 5)' };
}
