/** Gateways built from npm packages: installed from the lock file of this folder, run as separate programs. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForAnswer } from '../probe.ts';
import { MEASURED, run, start } from '../processes.ts';
import { findFreePort, type TestBed } from '../test-bed.ts';
import { ISSUER, PATH, RESOURCE, SCOPE, signToken } from '../tokens/sign.ts';
import { createLog } from './access-log.ts';
import { type Peer, PeerMissing, type RunningPeer } from './peer.ts';

/** The sources: the packages are installed beside them. */
const FOLDER = join(import.meta.dirname, '../../../test/bench/peers');

export const fastify: Peer = {
  name: 'fastify',
  verifiesTokens: true,
  start: bed => startProgram('fastify.mjs', bed.keys.publicFiles.RS256, bed),
};

export const express: Peer = {
  name: 'express',
  verifiesTokens: true,
  start: bed => startProgram('express.mjs', `http://127.0.0.1:${bed.upstreamPort}/jwks`, bed),
};

async function startProgram(program: string, keys: string, bed: TestBed): Promise<RunningPeer> {
  await install();
  const port = await findFreePort();
  const upstream = `http://127.0.0.1:${bed.upstreamPort}`;
  const args = [join(FOLDER, program), String(port), upstream, keys, ISSUER, RESOURCE, PATH, SCOPE];
  const log = createLog(join(bed.folder, `${program}-${port}.access`));
  const server = start(process.execPath, args, {
    cores: MEASURED,
    output: log.file,
    errors: join(bed.folder, `${program}-${port}.err`),
    env: { NODE_ENV: 'production' },
  });
  await waitForAnswer(port, `${PATH}/small`, server, await signToken(bed.keys, { algorithm: 'RS256' }));
  return { port, pid: server.pid, tidy: log.truncate, end: () => server.end() };
}

async function install(): Promise<void> {
  const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'));
  if (Object.keys(dependencies).every(name => existsSync(join(FOLDER, 'node_modules', name)))) return;
  await run('npm', ['ci', '--no-audit', '--no-fund', '--prefix', FOLDER]).catch(error => {
    throw new PeerMissing(`npm ci in test/bench/peers failed: ${error.message}`);
  });
}
