/** A gateway before an upstream whose connections a test answers, resets and closes as it likes. */

import { EventEmitter, once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { type RawConnection, recordText } from '../../support/raw-connection.ts';

export const get = 'GET /x HTTP/1.1\r\nHost: a.example\r\n';
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
export const DISCONNECTS = ['resets', 'closes'] as const;

export let upstream: ScriptedUpstream;
export let gateway: RunningGateway;

/** Registers the hooks of a test file. */
export function useScriptedUpstream(): void {
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway(`
routes:
  /x: { public: true, upstream: "http://127.0.0.1:${upstream.port}" }
`);
  });

  afterEach(() => upstream.reset());

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });
}

export function disconnect(socket: Socket, how: 'resets' | 'closes'): void {
  if (how === 'resets') socket.resetAndDestroy();
  else socket.destroy();
}

interface ScriptedUpstream {
  readonly port: number;
  /** The first line of each request, in order of arrival. */
  readonly requests: string[];
  /** Called for each piece of data, with the number of the piece and of the request on its connection. */
  respond: (socket: Socket, count: { readonly pieces: number; readonly onConnection: number }) => unknown;
  /** @returns the next connection on which a request arrives. */
  next(): Promise<RawConnection>;
  /** Ends all connections, and forgets its requests. */
  reset(): void;
  close(): Promise<void>;
}

async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const connections = new Set<RawConnection>();
  const fresh: RawConnection[] = [];
  const arrivals = new EventEmitter();
  const server = createServer(socket => {
    const connection = recordText(socket);
    connections.add(connection);
    const count = { pieces: 0, onConnection: 0 };
    socket.on('close', () => connections.delete(connection));
    socket.on('data', piece => {
      const lines = piece.toString('latin1').match(/^[A-Z]+ \/\S* HTTP\/1\.1(?=\r\n)/gm) ?? [];
      scripted.requests.push(...lines);
      count.pieces += 1;
      count.onConnection += lines.length;
      if (lines.length > 0) {
        fresh.push(connection);
        arrivals.emit('arrival');
      }
      scripted.respond(socket, count);
    });
  });
  const port = await listenOnLoopback(server);
  const scripted: ScriptedUpstream = {
    port,
    requests: [],
    respond: () => undefined,
    next: async () => {
      for (;;) {
        const connection = fresh.pop();
        if (connection) return connection;
        await once(arrivals, 'arrival');
      }
    },
    reset: () => {
      for (const { socket } of connections) socket.destroy();
      fresh.length = 0;
      scripted.requests.length = 0;
      scripted.respond = () => undefined;
    },
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
  return scripted;
}
