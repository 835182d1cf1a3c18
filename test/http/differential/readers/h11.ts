/** Python's h11, which shares no code and no grammar tool with llhttp. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Reader } from '../comparison.ts';
import { startProgram } from './program.ts';

export const hasH11 = spawnSync('python3', ['-c', 'import h11']).status === 0;

export function startH11(): Reader {
  return startProgram('python3', [join(import.meta.dirname, 'h11_reading.py')], ({ start, fields }) =>
    // It gives the coding in lower case.
    [start, ...fields.map(field => (field.startsWith('transfer-encoding:') ? field.toLowerCase() : field))].join('\n'),
  );
}
