/** A way to audgate whose kept-alive connections die: each passes one question, and is reset when a second one comes. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { listenOnLoopback } from '../../support/listener.ts';

export interface BrittleRelay {
  readonly port: number;
  /** Connections that died under a question. */
  readonly died: number;
  close(): Promise<void>;
}

/** @param target the port of audgate's authorizer. */
export async function startBrittleRelay(target: number): Promise<BrittleRelay> {
  let died = 0;
  const sockets = new Set<Socket>();
  const server = createServer(asking => {
    const answering = connect(target, '127.0.0.1');
    for (const socket of [asking, answering]) sockets.add(socket.on('error', () => socket.destroy()));
    let isAnswered = false;
    asking.on('data', piece => {
      if (!isAnswered) return void answering.write(piece);
      died += 1;
      asking.resetAndDestroy();
    });
    answering.on('data', piece => {
      isAnswered = true;
      asking.write(piece);
    });
    asking.on('close', () => answering.destroy());
    answering.on('close', () => asking.destroy());
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    get died() {
      return died;
    },
    close: async () => {
      const closed = once(server.close(), 'close');
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
