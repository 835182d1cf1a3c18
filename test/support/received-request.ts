/** Requests as the gateway gets them, each over a connection of its own on loopback. */

import { connect, createServer, type Socket } from 'node:net';
import type { IncomingRequest } from '../../src/http/server/incoming-request.ts';
import { HttpServer } from '../../src/http/server/server.ts';
import { Sweeper } from '../../src/http/sweeper.ts';
import { listenOnLoopback } from './listener.ts';

export interface Received {
  readonly request: IncomingRequest;
  /** The client's side. */
  readonly client: Socket;
}

export interface Receiver {
  /** @param text of one request. @returns it, before anything was done with it. */
  receive(text: string): Promise<Received>;
  close(): Promise<void>;
}

/** Starts a server that hands each request to the test. A request that is not handled in the same turn has no handler. */
export async function startReceiver(): Promise<Receiver> {
  let take: (request: IncomingRequest) => void = () => undefined;
  const events = {
    onRequest: (request: IncomingRequest) => take(request),
    onSlowHead: () => undefined,
    onFault: () => undefined,
  };
  const timeouts = { headers: 5_000, body: 5_000, keepAlive: 5_000 };
  const server = new HttpServer({ headLimit: 16 * 1024, timeouts }, events, new Sweeper());
  const listener = createServer({ allowHalfOpen: true }, socket => server.accept(socket));
  const port = await listenOnLoopback(listener);
  const clients = new Set<Socket>();
  return {
    receive: text =>
      new Promise((resolve, reject) => {
        const client = connect(port, '127.0.0.1').on('error', reject);
        clients.add(client);
        take = request => resolve({ request, client });
        client.write(text, 'latin1');
      }),
    close: () => {
      for (const client of clients) client.destroy();
      return new Promise(resolve => {
        listener.close(() => resolve());
        server.destroy();
      });
    },
  };
}
