/** What the MCP servers of both SDKs have in common: where they listen, and what they tell of calls. */

import { type EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { hostHeaderValidation, originValidation } from '@modelcontextprotocol/node';
import { listenOnLoopback } from '../listener.ts';

export type Handle = (req: IncomingMessage, res: ServerResponse) => unknown;

export interface FullMcpServer {
  /** Without any check of its own, as the server behind a gateway may be. */
  readonly origin: string;
  /** With the SDK's own checks of `Host` and `Origin`, as a server without a gateway needs them. */
  readonly guardedOrigin: string;
  /** Of the tool `wait`: `started`, and `cancelled`. Of `hold`: `held`; it answers after `release`, which the test emits. */
  readonly events: EventEmitter;
  close(): Promise<void>;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

export async function listenTwice(handle: Handle, events: EventEmitter): Promise<FullMcpServer> {
  const isHostRight = hostHeaderValidation(LOOPBACK);
  const isOriginRight = originValidation(LOOPBACK);
  const guarded: Handle = (req, res) => isHostRight(req, res) && isOriginRight(req, res) && handle(req, res);
  const servers = [handle, guarded].map(each => createServer((req, res) => void each(req, res)));
  const [origin = '', guardedOrigin = ''] = await Promise.all(
    servers.map(async server => `http://127.0.0.1:${await listenOnLoopback(server)}`),
  );
  const close = async () => {
    const closed = servers.map(server => once(server.close(), 'close'));
    for (const server of servers) server.closeAllConnections();
    await Promise.all(closed);
  };
  return { origin, guardedOrigin, events, close };
}
