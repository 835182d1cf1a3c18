/** A TCP server that answers each request with the response of its number, well-formed or not. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
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
    // One answer at a time: the close of one would otherwise cut the next, which was to come whole.
    let given = Promise.resolve();
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
        const answer = upgrade ? createUpgradeAnswer(seed, number) : createUpstreamAnswer(seed, number, Number(index));
        given = given.then(() => give(socket, answer));
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

async function give(socket: Socket, answer: UpstreamAnswer): Promise<void> {
  for (const [index, piece] of answer.pieces.entries()) {
    if (index > 0) await setTimeout(PAUSE);
    if (!socket.writable) return;
    if (piece !== '') socket.write(piece, 'latin1');
  }
  if (answer.end === 'close') socket.end();
  // What was written is sent first: a reset would discard it.
  if (answer.end === 'reset') await setTimeout(PAUSE).then(() => socket.resetAndDestroy());
}
