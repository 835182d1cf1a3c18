/** The nginx configuration in docs/how-to/load-balancer.md, as nginx reads it. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPages } from './markdown.ts';

const PATH = `${process.env['PATH']}:/usr/sbin`;
const blocks = readPages()
  .flatMap(page => page.blocks)
  .filter(({ language }) => language === 'nginx');
const hasNginx = spawnSync('nginx', ['-v'], { env: { PATH } }).status === 0;

/** @returns what `nginx -t` says of a `server` block, with a certificate of its own. */
function verify(block: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-nginx-'));
  const certificate = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=x',
  ];
  const place = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')];
  expect(spawnSync('openssl', [...certificate, ...place]).status).toBe(0);
  const placed = block.replaceAll('/etc/nginx/', `${folder}/`);
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, `pid ${folder}/pid;\nevents {}\nhttp {\n${placed}\n}\n`);
  const { stderr } = spawnSync('nginx', ['-t', '-q', '-c', file, '-e', join(folder, 'error.log')], {
    encoding: 'utf8',
    env: { PATH },
  });
  rmSync(folder, { recursive: true });
  return stderr;
}

test.skipIf(!hasNginx)('nginx: accepts the block, and nothing with a misspelled directive', () => {
  expect(blocks).toHaveLength(1);
  for (const { text } of blocks) {
    expect(verify(text)).toBe('');
    expect(verify(text.replace('proxy_buffering', 'proxy_bufering'))).toContain('unknown directive');
  }
});
