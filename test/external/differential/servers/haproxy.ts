/** HAProxy as an origin server. It passes paths on undecoded; its rules decode them with `url_dec`. */

import { type ObservedRequest, parseObservedLine } from '../observed-request.ts';
import { findProgram, type ServerDefinition, type ServerKind, startRealServer } from './real-server.ts';

const program = findProgram('haproxy');

export const haproxy: ServerKind = {
  name: 'haproxy',
  program,
  start: () => startRealServer(({ address, folder }) => describe(program ?? '', address, folder)),
};

const HEAD = { target: 'url', path: 'path,url_dec', fields: 'req.hdrs' };
const BODY = { sha1: 'req.body,sha1', length: 'req.body_len' };

function describe(command: string, address: string, folder: string): ServerDefinition {
  const remember = (seen: Readonly<Record<string, string>>) =>
    Object.entries(seen)
      .map(([name, fetch]) => `http-request set-var(txn.${name}) ${fetch}`)
      .join('\n  ');
  const hex = (name: string) => `%[var(txn.${name}),hex]`;
  const config = `
global
  log stdout len 65535 format raw local0
  nbthread 1
  tune.bufsize 65536
  tune.maxrewrite 1024
defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
frontend seen
  bind ${address}
  log global
  option dontlognull
  ${remember(HEAD)}
  http-request wait-for-body time 2s
  ${remember(BODY)}
  log-format "%ts seen %ST %[capture.req.method,hex] ${hex('target')} ${hex('path')} ${hex('fields')} %[var(txn.length)] ${hex('sha1')}"
  default_backend inner
# Answers when a request is complete: a response by the frontend could come before.
backend inner
  server inner unix@${folder}/inner
frontend inner
  bind unix@${folder}/inner
  option http-buffer-request
  http-request return status 200 content-type text/plain string seen
`;
  return {
    command,
    args: ['-db', '-f', `${folder}/haproxy.cfg`],
    files: { 'haproxy.cfg': config },
    parse,
  };
}

/** The line starts with how the request ended: `C` is a client that disconnected, however much of its body had arrived. */
function parse(line: string): ObservedRequest | undefined {
  const observed = parseObservedLine(line.slice(3));
  return observed && line.startsWith('C') ? { ...observed, refused: true } : observed;
}
