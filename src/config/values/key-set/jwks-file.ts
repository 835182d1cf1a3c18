/** `jwks_file`: a key set in a file (RFC 7517 section 5). It is checked at each load, and read again when keys are due. */

import { readText } from '../../source/file.ts';
import type { Rejection } from '../parsed-value.ts';
import { readKeyFile } from './json-web-key-set.ts';

/** @returns why the file at `path` has no key for an issuer that signs with `algorithms`; `undefined` where it has one. */
export function checkJwksFile(path: string, algorithms: ReadonlySet<string>): Rejection | undefined {
  const file = readText(path);
  const keys = file.ok ? readKeyFile(file.value, algorithms) : file;
  if (keys.ok) return undefined;
  return { expected: 'a JSON file with a key set (RFC 7517 section 5)', ...keys.rejection, code: 'jwks-file' };
}
