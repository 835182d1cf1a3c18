/** An upstream that need not follow HTTP: a TCP server whose test writes the bytes of each response. */

import { EventEmitter, once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { listenOnLoopback } from './listener.ts';
import { type RawConnection, recordText } from './raw-connection.ts';

export interface RawUpstream {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Called each time that bytes have come on a connection; may be replaced at any time. Default: writes nothing. */
  respond: (socket: Socket) => unknown;
  readonly sockets: ReadonlySet<Socket>;
  /** Every connection on which bytes came, also those that are closed. */
  readonly used: ReadonlySet<Socket>;
  /** What has come on the latest connection, as Latin-1. */
  text(): string;
  /** Waits until `marker` has come on the latest connection. */
  until(marker: string): Promise<void>;
  /** Waits until no connection is open. */
  allClosed(): Promise<void>;
  /** Ends every connection. */
  disconnect(how?: 'close' | 'reset'): void;
  /** Ends every connection, and writes nothing from now on. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts a raw upstream on 127.0.0.1. @param options.respondsOnce calls `respond` for the first bytes of a connection only. */
export async function startRawUpstream({ respondsOnce = false } = {}): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  const used = new Set<Socket>();
  const changes = new EventEmitter().setMaxListeners(100);
  let latest: RawConnection | undefined;
  const server = createServer(socket => {
    sockets.add(socket);
    latest = recordText(socket);
    socket.on('data', () => {
      const isFirst = !used.has(socket);
      used.add(socket);
      changes.emit('change');
      if (isFirst || !respondsOnce) upstream.respond(socket);
    });
    socket.on('close', () => {
      sockets.delete(socket);
      changes.emit('change');
    });
  });
  const port = await listenOnLoopback(server);
  const text = () => latest?.text() ?? '';
  const disconnect = (how: 'close' | 'reset' = 'close') => {
    for (const socket of sockets) how === 'reset' ? socket.resetAndDestroy() : socket.destroy();
  };
  const upstream: RawUpstream = {
    ...{ port, origin: `http://127.0.0.1:${port}`, sockets, used, text, disconnect },
    respond: () => undefined,
    until: async marker => {
      while (!text().includes(marker)) await once(changes, 'change');
    },
    allClosed: async () => {
      while (sockets.size > 0) await once(changes, 'change');
    },
    reset: () => {
      disconnect();
      upstream.respond = () => undefined;
      latest = undefined;
    },
    close: async () => {
      const closed = once(server.close(), 'close');
      disconnect();
      await closed;
    },
  };
  return upstream;
}
