/** nginx as the API behind every candidate: responses of 61 B, 16 KiB and 1 MiB; a POST is read to its end before it is answered. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForAnswer } from './probe.ts';
import { MEASURING, pin, start } from './processes.ts';
import { findFreePort } from './test-bed.ts';

/** 61 bytes, the size of the prototypes' measurements. */
export const SMALL_ANSWER = '{"id":"6731de76-14a6-49ae-97bc-6eba6914391e","amount":4711.0}';

export async function startUpstream(folder: string, jwks: string) {
  const port = await findFreePort();
  const root = join(folder, 'answers');
  mkdirSync(root, { mode: 0o755 });
  writeFileSync(join(root, '16k'), Buffer.alloc(16 * 1024, 'a'));
  writeFileSync(join(root, '1m'), Buffer.alloc(1024 * 1024, 'a'));
  writeFileSync(join(root, 'jwks'), jwks);
  writeFileSync(join(root, 'post'), '');
  const configuration = join(folder, 'nginx.conf');
  writeFileSync(configuration, createConfiguration(folder, port));
  const server = start('nginx', ['-c', configuration, '-e', join(folder, 'nginx.log')], {
    cores: MEASURING,
    errors: join(folder, 'nginx.err'),
  });
  await waitForAnswer(port, '/x/small', server);
  return { port, pinTo: (cores: string) => pin(server.pid, cores), close: () => server.end() };
}

/** `mirror` makes nginx read the body of a POST; `return` would answer before it was read, so the response is a file. */
function createConfiguration(folder: string, port: number): string {
  return `daemon off;
user root;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log crit;
worker_rlimit_nofile 20000;
events { worker_connections 8192; multi_accept on; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  open_file_cache max=16;
  client_body_buffer_size 64k;
  client_body_temp_path ${folder}/nginx-body;
  default_type application/json;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder}/answers;
    location ~ /small$ { return 200 '${SMALL_ANSWER}'; }
    location ~ /(16k|1m|jwks)$ { try_files /$1 =404; }
    location ~ /post$ { mirror /read-to-the-end; error_page 405 =200 @posted; try_files /post =404; }
    location @posted { return 200 '${SMALL_ANSWER}'; }
    location = /read-to-the-end { internal; return 204; }
  }
}
`;
}
