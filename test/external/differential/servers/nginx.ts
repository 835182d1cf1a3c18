/** nginx, which decodes a path, merges its slashes and resolves its dots, and writes JSON. */

import { createHash } from 'node:crypto';
import { configureNginx } from '../../../support/nginx.ts';
import { fold, groupFields, type ObservedRequest } from '../observed-request.ts';
import { findProgram, type ServerDefinition, type ServerKind, startRealServer } from './real-server.ts';

/** nginx has no variable with all fields; each is logged by name. */
const FIELDS = [
  'x-case',
  'host',
  'authorization',
  'x-user',
  'x-client',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'http2-settings',
  'x-odd',
  'x-late',
  'cookie',
  'accept',
  'range',
  'if-none-match',
  'content-type',
  'user-agent',
];

const program = findProgram('nginx');

export const nginx: ServerKind = {
  name: 'nginx',
  program,
  start: () => startRealServer(({ address, folder }) => describe(program ?? '', address, folder)),
};

function describe(command: string, address: string, folder: string): ServerDefinition {
  const names = FIELDS.map(name => `"${name}":"$http_${name.replaceAll('-', '_')}"`).join(',');
  const config = configureNginx(
    folder,
    `log_format seen escape=json '{"status":$status,"method":"$request_method","target":"$request_uri","path":"$uri","fields":{${names}},"body":"$request_body"}';
  access_log /dev/stdout seen;
  keepalive_requests 100000;
  underscores_in_headers on;
  ignore_invalid_headers off;
  client_body_buffer_size 256k;
  client_body_in_single_buffer on;
  server {
    listen ${address};
    # The body becomes a variable only where it is passed on.
    location / {
      proxy_pass http://unix:${folder}/inner:/;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_pass_request_headers off;
      proxy_set_header Content-Length "";
    }
  }
  server {
    listen unix:${folder}/inner;
    access_log off;
    location / { return 200 "seen"; }
  }`,
    256,
  );
  return { command, args: ['-p', folder, '-c', `${folder}/nginx.conf`], files: { 'nginx.conf': config }, parse };
}

interface Line {
  readonly status: number;
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

function parse(text: string): ObservedRequest | undefined {
  if (!text.startsWith('{')) return undefined;
  const line: Line = JSON.parse(text);
  const fields = Object.entries(line.fields).filter(([, value]) => value !== '');
  return {
    status: line.status,
    refused: line.status >= 400,
    method: line.method,
    target: line.target,
    path: line.path,
    fields: groupFields(fields.map(([name, value]) => [fold(name), value])),
    body: { length: line.body.length, sha1: createHash('sha1').update(line.body, 'latin1').digest('hex') },
  };
}
