/** Many different tokens, one a line, all of one length: signed once, kept for the days that they are valid. */

import { hash } from 'node:crypto';
import { createWriteStream, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { TestBed } from '../test-bed.ts';
import type { Algorithm } from './keys.ts';
import { ISSUER, RESOURCE, SCOPE, signToken } from './sign.ts';

/** More than the 100,000 that the gateway's cache holds: used in turn, none is found there again. */
export const POOL_SIZE = 120_000;
const AT_ONCE = 500;
const KEPT_FOR = 5 * 24 * 3600 * 1000;

/** The claims of the tokens: a file that was made for other claims must not be used. */
const EDITION = hash('sha256', JSON.stringify([ISSUER, RESOURCE, SCOPE, POOL_SIZE]), 'hex').slice(0, 8);

/** @returns the file of POOL_SIZE tokens of `algorithm`. */
export async function loadTokenPool({ keys, folder }: TestBed, algorithm: Algorithm): Promise<string> {
  const file = join(keys.folder, `${algorithm}-${EDITION}.tokens`);
  if (isFresh(file, join(keys.folder, `${algorithm}.key`))) return file;
  console.log(`signing ${POOL_SIZE} ${algorithm} tokens once, into ${file}`);
  const unfinished = join(folder, `${algorithm}.tokens`);
  const output = createWriteStream(unfinished);
  for (let count = 0; count < POOL_SIZE; count += AT_ONCE) {
    const tokens = await Promise.all(Array.from({ length: AT_ONCE }, () => signToken(keys, { algorithm })));
    output.write(`${tokens.join('\n')}\n`);
  }
  output.end();
  await finished(output);
  renameSync(unfinished, file);
  return file;
}

function isFresh(file: string, keyFile: string): boolean {
  const pool = statSync(file, { throwIfNoEntry: false });
  if (!pool || Date.now() - pool.mtimeMs > KEPT_FOR) return false;
  return pool.mtimeMs > statSync(keyFile).mtimeMs;
}
