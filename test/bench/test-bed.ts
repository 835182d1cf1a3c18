/** What every measurement needs: a folder, the issuer's keys, the upstream. */

import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Keys, loadKeys } from './tokens/keys.ts';
import { startUpstream } from './upstream.ts';

export interface TestBed {
  /** For configurations and logs; removed at the end. */
  readonly folder: string;
  readonly keys: Keys;
  readonly upstreamPort: number;
  /** Moves the upstream to other cores. */
  pinUpstream(cores: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts the upstream. */
export async function createTestBed(): Promise<TestBed> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // nginx and Apache read it as other users.
  chmodSync(folder, 0o755);
  const keys = await loadKeys();
  const upstream = await startUpstream(folder, keys.jwks);
  return { folder, keys, upstreamPort: upstream.port, pinUpstream: upstream.pinTo, close: upstream.close };
}

/** @returns a port of 127.0.0.1 that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
