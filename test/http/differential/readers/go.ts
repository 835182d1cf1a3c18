/** Go's net/http, which reads fields as those of an e-mail and bodies by code of its own. Built from source where `go` is installed. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reader } from '../comparison.ts';
import type { ReadMessage } from '../reading.ts';
import { startProgram } from './program.ts';

export const hasGo = spawnSync('go', ['version']).status === 0;

/** Fields that Go takes out of the list, or joins, once it has understood them. */
const TAKEN = /^(?:host|connection|transfer-encoding|content-length|trailer):/;

/** Builds and starts it. */
export function startGo(): Reader {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-go-'));
  const program = join(folder, 'reading');
  const built = spawnSync('go', ['build', '-o', program, join(import.meta.dirname, 'go_reading.go')]);
  if (built.status !== 0) throw new Error(`go build: ${built.stderr}`);
  const reader = startProgram(program, [], describeMessage);
  return {
    ...reader,
    stop: async () => {
      await reader.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Go keeps fields in a map, so their order among different names is lost. */
function describeMessage({ start, fields }: ReadMessage): string {
  return [start, ...fields.filter(field => !TAKEN.test(field)).sort()].join('\n');
}
