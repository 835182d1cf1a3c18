/**
 * HAProxy with jwt_verify and ACLs on the claims, on one thread, with its access log (`option httplog`). One backend, and no
 * metrics by route and reason: less than the gateway does, which is to be considered in a comparison.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForAnswer } from '../probe.ts';
import { MEASURED, start } from '../processes.ts';
import { findFreePort, type TestBed } from '../test-bed.ts';
import { ISSUER, PATH, RESOURCE, SCOPE, signToken } from '../tokens/sign.ts';
import { createLog } from './access-log.ts';
import { isInstalled } from './debian.ts';
import { type Peer, PeerMissing, type RunningPeer } from './peer.ts';

export const haproxy: Peer = { name: 'HAProxy', verifiesTokens: true, start: bed => startHaproxy(bed) };

/** With the suite that wrk prefers, and that the gateway therefore takes. */
export const haproxyOverTls: Peer = {
  name: 'HAProxy over TLS',
  verifiesTokens: true,
  start: bed =>
    startHaproxy(bed, ` ssl crt ${bed.certificate.both} ssl-min-ver TLSv1.3 ciphersuites TLS_AES_256_GCM_SHA384`),
};

/** @param tls of `bind`. */
async function startHaproxy(bed: TestBed, tls = ''): Promise<RunningPeer> {
  if (!(await isInstalled('haproxy', 'haproxy'))) throw new PeerMissing('the Debian package haproxy cannot be had');
  const port = await findFreePort();
  const configuration = join(bed.folder, `haproxy-${port}.cfg`);
  writeFileSync(configuration, createConfiguration(bed, port, tls));
  const log = createLog(`${configuration}.access`);
  const server = start('haproxy', ['-db', '-f', configuration], {
    cores: MEASURED,
    output: log.file,
    errors: `${configuration}.err`,
  });
  const isSecure = tls !== '';
  await waitForAnswer({ port, isSecure }, `${PATH}/small`, server, await signToken(bed.keys, { algorithm: 'RS256' }));
  return { port, isSecure, pid: server.pid, tidy: log.truncate, end: () => server.end() };
}

function createConfiguration({ keys, upstreamPort }: TestBed, port: number, tls: string): string {
  const refuse = (error: string, unless: string) =>
    `  http-request deny deny_status 401 hdr WWW-Authenticate 'Bearer error="${error}"' unless ${unless}`;
  return `global
  nbthread 1
  maxconn 9000
  log stdout format raw local0 info
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  option http-keep-alive
  http-reuse always
frontend api
  bind 127.0.0.1:${port} backlog 4096${tls}
  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny deny_status 401 hdr WWW-Authenticate Bearer unless { var(txn.bearer) -m found }
  http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
  http-request set-var(txn.iss) http_auth_bearer,jwt_payload_query('$.iss')
  http-request set-var(txn.aud) http_auth_bearer,jwt_payload_query('$.aud')
  http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.scope) http_auth_bearer,jwt_payload_query('$.scope')
  http-request set-var(txn.now) date()
${refuse('invalid_token', '{ var(txn.alg) -m str RS256 } || { var(txn.alg) -m str ES256 }')}
${refuse('invalid_token', `{ var(txn.iss) -m str ${ISSUER} }`)}
  http-request set-var(txn.ok) var(txn.bearer),jwt_verify(txn.alg,"${keys.publicFiles.RS256}") if { var(txn.alg) -m str RS256 }
  http-request set-var(txn.ok) var(txn.bearer),jwt_verify(txn.alg,"${keys.publicFiles.ES256}") if { var(txn.alg) -m str ES256 }
${refuse('invalid_token', '{ var(txn.ok) -m int 1 }')}
${refuse('invalid_token', '{ var(txn.exp),sub(txn.now) -m int gt 0 }')}
${refuse('invalid_token', `{ var(txn.aud) -m str ${RESOURCE} }`)}
  http-request deny deny_status 403 hdr WWW-Authenticate 'Bearer error="insufficient_scope"' unless { var(txn.scope) -m reg '(^| )${SCOPE}( |$)' }
  http-request del-header authorization
  default_backend upstream
backend upstream
  server nginx 127.0.0.1:${upstreamPort}
`;
}
