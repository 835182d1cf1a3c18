/** A port at which connections are neither accepted nor refused, as behind a firewall that drops packets. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface DeafServer {
  readonly port: number;
  close(): void;
}

/** A server of its own process, which is stopped, so that the kernel alone completes connections until its queue is full. */
const LISTENER = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  process.stdout.write(String(this.address().port));
})`;

/** Milliseconds without a connection, after which the queue is full. */
const PATIENCE = 500;

/** @returns once the queue of the port is full: the kernel drops what comes then, and its sender waits. */
export async function startDeafServer(): Promise<DeafServer> {
  const child = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [written] = await once(child.stdout, 'data');
  const port = Number(written);
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  while (await fillsQueue(port, sockets)) if (sockets.length > 100) throw new Error('the queue does not fill');
  return {
    port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

async function fillsQueue(port: number, sockets: Socket[]): Promise<boolean> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  sockets.push(socket);
  const late = AbortSignal.timeout(PATIENCE);
  return once(socket, 'connect', { signal: late }).then(
    () => true,
    () => false,
  );
}
