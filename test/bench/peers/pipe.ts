/** The bare pipe, which checks nothing: the reference for what checking costs. */

import { join } from 'node:path';
import { waitForAnswer } from '../probe.ts';
import { MEASURED, start } from '../processes.ts';
import { findFreePort, type TestBed } from '../test-bed.ts';
import type { Peer, RunningPeer } from './peer.ts';

const PROGRAM = join(import.meta.dirname, 'bare-pipe.js');

export const barePipe: Peer = { name: 'bare pipe', verifiesTokens: false, start: startPipe };

async function startPipe({ folder, upstreamPort }: TestBed): Promise<RunningPeer> {
  const port = await findFreePort();
  const server = start(process.execPath, [PROGRAM, String(port), `http://127.0.0.1:${upstreamPort}`], {
    cores: MEASURED,
    errors: join(folder, `pipe-${port}.err`),
  });
  await waitForAnswer(port, '/x/small', server);
  return { port, pid: server.pid, end: () => server.end() };
}
