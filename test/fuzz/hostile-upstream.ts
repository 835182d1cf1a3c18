/** A TCP server that answers each request with the response of its number, well-formed or not. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createUpgradeAnswer, createUpstreamAnswer, type UpstreamAnswer } from './upstream-answers.ts';

export interface HostileUpstream {
  readonly port: number;
  /** Responses so far, with those to handshakes. */
  readonly answers: number;
  readonly connections: number;
  close(): Promise<void>;
}

const REQUEST = /^[A-Z]+ \/hostile\/(ws\/)?(\d+)\.(\d+)\S* HTTP\/1\.1\r$/gm;
const ANY_HEAD = /^[A-Z]+ \/hostile\S* HTTP\/1\.1\r$/m;
const PLAIN = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const PAUSE = 2;
/** Closes connections that are kept waiting, so that they do not accumulate. */
const PATIENCE = 3_000;

/** Starts it on 127.0.0.1. */
export async function startHostileUpstream(seed: number): Promise<HostileUpstream> {
  let answers = 0;
  let connections = 0;
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    connections += 1;
    open.add(socket);
    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    socket.on('end', () => socket.end());
    socket.on('data', bytes => {
      const text = bytes.toString('latin1');
      const requests = [...text.matchAll(REQUEST)];
      if (requests.length === 0 && ANY_HEAD.test(text)) socket.write(PLAIN, 'latin1');
      for (const [, upgrade, iteration, index] of requests) {
        answers += 1;
        const number = Number(iteration);
        give(socket, upgrade ? createUpgradeAnswer(seed, number) : createUpstreamAnswer(seed, number, Number(index)));
      }
    });
  });
  server.listen(0, '127.0.0.1', 1024);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get answers() {
      return answers;
    },
    get connections() {
      return connections;
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function give(socket: Socket, answer: UpstreamAnswer, from = 0): void {
  if (socket.destroyed) return;
  const piece = answer.pieces[from];
  if (piece !== undefined && piece !== '') socket.write(piece, 'latin1');
  if (from + 1 < answer.pieces.length) setTimeout(() => give(socket, answer, from + 1), PAUSE);
  else leave(socket, answer.end);
}

function leave(socket: Socket, end: UpstreamAnswer['end']): void {
  if (end === 'close') socket.end();
  // What was written is sent first: a reset would discard it.
  if (end === 'reset') setTimeout(() => socket.resetAndDestroy(), PAUSE);
}
