/** What every measurement needs: a folder, the issuer's keys, the upstream. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  readonly certificate: CertificateFiles;
  /** Moves the upstream to other cores. */
  pinUpstream(cores: string): Promise<void>;
  close(): Promise<void>;
}

/** PEM files; `both` has the two of them, as HAProxy reads it. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  readonly both: string;
}

/** Starts the upstream. */
export async function createTestBed(): Promise<TestBed> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // nginx and Apache read it as other users.
  chmodSync(folder, 0o755);
  const keys = await loadKeys();
  const upstream = await startUpstream(folder, keys.jwks);
  const certificate = createCertificate(folder);
  return { folder, keys, certificate, upstreamPort: upstream.port, pinUpstream: upstream.pinTo, close: upstream.close };
}

/** P-256, as the certificates of today's authorities are by default. */
function createCertificate(folder: string): CertificateFiles {
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), both: join(folder, 'tls.pem') };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', files.key];
  const subject = ['-subj', '/CN=bench', '-addext', 'subjectAltName=DNS:bench.example', '-days', '30'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', files.cert], { stdio: 'pipe' });
  writeFileSync(files.both, readFileSync(files.cert, 'utf8') + readFileSync(files.key, 'utf8'), { mode: 0o644 });
  return files;
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
