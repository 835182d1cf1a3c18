/** What `import … from 'audgate'` loads: nothing of the gateway. Reads what a real process has loaded (V8's coverage lists every script). */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../docs/markdown.ts';

/** @returns the files that a process loads, from the root of the repository. */
function listLoaded(script: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-modules-'));
  writeFileSync(join(folder, 'script.mjs'), script);
  const env = { ...process.env, NODE_V8_COVERAGE: join(folder, 'coverage') };
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'script.mjs')], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const reports = readdirSync(join(folder, 'coverage')).map(name =>
    readFileSync(join(folder, 'coverage', name), 'utf8'),
  );
  rmSync(folder, { recursive: true });
  const scripts = reports.flatMap(text => (JSON.parse(text) as { result: { url: string }[] }).result);
  const urls = scripts.map(({ url }) => url).filter(url => url.startsWith(`file://${ROOT}`));
  return [...new Set(urls)].map(url => url.slice(`file://${ROOT}/`.length));
}

const entry = JSON.stringify(join(ROOT, 'dist/library.js'));
const CONFIG = "{ routes: { '/open': { public: true } } }";

test('the library: loads no listener, connection, upstream, worker, metric, log or command', () => {
  const loaded = listLoaded(`
const { createAuthorizer } = await import(${entry});
const authorizer = await createAuthorizer({ config: ${CONFIG} });
const request = { method: 'GET', url: '/open', rawHeaders: ['Host', 'localhost'] };
if (!(await authorizer.authorize(request)).allowed) throw new Error('refused');
`);
  const folders = new Set(loaded.filter(file => file.startsWith('dist/')).map(file => file.split('/')[1]));
  expect(folders).toContain('token');
  for (const name of [
    'server',
    'process',
    'upstream',
    'telemetry',
    'admin',
    'cli',
    'gateway.js',
    'transaction.js',
    'main.js',
  ])
    expect([...folders]).not.toContain(name);
  // The thread that loads the configuration tries its certificates as a listener would.
  const connections = loaded.filter(file => file.startsWith('dist/http/') && !file.endsWith('/tls-context.js'));
  expect(connections).toEqual(['dist/http/header-list.js']);
  const packages = new Set(loaded.flatMap(file => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));
  for (const name of ['http-proxy', 'prom-client', 'pino']) expect([...packages]).not.toContain(name);
});

test('the reader: finds those of the gateway where they are loaded', () => {
  const loaded = listLoaded(`await import(${JSON.stringify(join(ROOT, 'dist/gateway.js'))});`);
  expect(loaded).toEqual(expect.arrayContaining(['dist/upstream/upstreams.js', 'dist/transaction.js']));
});
