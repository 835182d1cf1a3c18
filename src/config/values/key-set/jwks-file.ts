/** `jwks_file`: a key set in a file (RFC 7517 section 5). It is checked at each load, and a change of it is a load. */

import type { ParsedValue, Rejection } from '../parsed-value.ts';
import { readKeyFile } from './json-web-key-set.ts';

/**
 * @param file its text, or why it cannot be read.
 * @returns why it has no key for an issuer that signs with `algorithms`; `undefined` where it has one.
 */
export function checkJwksFile(file: ParsedValue<string>, algorithms: ReadonlySet<string>): Rejection | undefined {
  const keys = file.ok ? readKeyFile(file.value, algorithms) : file;
  if (keys.ok) return undefined;
  return { expected: 'a JSON file with a key set (RFC 7517 section 5)', ...keys.rejection, code: 'jwks-file' };
}
