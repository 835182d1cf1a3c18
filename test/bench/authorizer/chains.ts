/**
 * Envoys with the same listener and router that differ in one filter: none, jwt_authn, ext_authz that asks audgate, and ext_authz that
 * asks a server that allows everything (nginx). What is asked runs on Envoy's core.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCluster, envoy, startEnvoy, typed } from '../peers/envoy.ts';
import { createGatewayPeer } from '../peers/gateway.ts';
import type { Peer, RunningPeer } from '../peers/peer.ts';
import { waitForAnswer } from '../probe.ts';
import { MEASURED, start } from '../processes.ts';
import { findFreePort, type TestBed } from '../test-bed.ts';

/** audgate's listener for other proxies. @param main the `dist/main.js` to run. */
export function createAuthorizerPeer(main: string): Peer {
  const startAuthorizer = async (bed: TestBed) => {
    const port = await findFreePort();
    const gateway = await createGatewayPeer({ main, name: 'authorizer', authorizerPort: port }).start(bed);
    return { ...gateway, port };
  };
  return { name: 'audgate', verifiesTokens: true, start: startAuthorizer };
}

/** Answers every question with 200, and keeps no log. */
export const noOpAuthorizer: Peer = { name: 'no-op (nginx)', verifiesTokens: false, start: startNoOp };

/** @returns the Envoys, that without a filter first. */
export function createChains(main: string): readonly Peer[] {
  const filterless = { name: 'Envoy, no filter', verifiesTokens: false };
  return [
    { ...filterless, start: bed => startEnvoy(bed, { filters: [] }) },
    { ...envoy, name: 'jwt_authn' },
    createAskingPeer('ext_authz, audgate', createAuthorizerPeer(main)),
    createAskingPeer('ext_authz, no-op', noOpAuthorizer),
  ];
}

function createAskingPeer(name: string, asked: Peer): Peer {
  const startBoth = async (bed: TestBed): Promise<RunningPeer> => {
    const authorizer = await asked.start(bed);
    const clusters = [createCluster('authorizer', authorizer.port)];
    const front = await startEnvoy(bed, { filters: [ASK], clusters });
    return {
      ...front,
      askedPid: authorizer.pid,
      tidy: () => {
        front.tidy?.();
        authorizer.tidy?.();
      },
      end: async () => void (await Promise.all([front.end(), authorizer.end()])),
    };
  };
  return { name, verifiesTokens: asked.verifiesTokens, start: startBoth };
}

/** As in config/recipes/envoy. */
const ASK = typed('http.ext_authz.v3.ExtAuthz', {
  transport_api_version: 'V3',
  failure_mode_allow: false,
  allowed_headers: { patterns: [{ exact: 'authorization' }, { exact: 'x-request-id' }] },
  http_service: {
    server_uri: { uri: 'http://authorizer', cluster: 'authorizer', timeout: '6s' },
    path_prefix: '/envoy',
    authorization_response: {
      allowed_upstream_headers: { patterns: [{ exact: 'authorization' }, { exact: 'x-user' }] },
    },
  },
});

async function startNoOp({ folder }: TestBed): Promise<RunningPeer> {
  const port = await findFreePort();
  const base = join(folder, `no-op-${port}`);
  writeFileSync(`${base}.conf`, configureNoOp(base, port));
  const args = ['-c', `${base}.conf`, '-e', `${base}.log`];
  const server = start('nginx', args, { cores: MEASURED, errors: `${base}.err` });
  await waitForAnswer(port, '/envoy/', server);
  return { port, pid: server.pid, end: () => server.end() };
}

const configureNoOp = (base: string, port: number) => `daemon off;
user root;
worker_processes 1;
pid ${base}.pid;
error_log ${base}.log crit;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  server { listen 127.0.0.1:${port} backlog=4096; location / { return 200; } }
}
`;
