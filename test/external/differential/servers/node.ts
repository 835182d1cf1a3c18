/** node:http, with its path read by the URL of the web platform. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { listenOnLoopback } from '../../../support/listener.ts';
import { groupFields, type ObservedRequest } from '../observed-request.ts';
import { chooseHost, ObservedRequests, type RealServer, type ServerKind } from './real-server.ts';

export const node: ServerKind = { name: 'node:http', program: process.execPath, start };

async function start(): Promise<RealServer> {
  const seen = new ObservedRequests();
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece);
    } catch {
      return; // Cut short: not a complete request.
    }
    seen.add(describe(request, Buffer.concat(pieces)));
    response.end('seen');
  });
  server.on('upgrade', (request, socket) => {
    seen.add(describe(request, Buffer.alloc(0)));
    socket.destroy();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE') seen.add(REFUSED);
    socket.destroy();
  });
  const sockets = new Set<Socket>();
  server.on('connection', socket => sockets.add(socket.on('close', () => sockets.delete(socket))));
  const host = chooseHost();
  const port = await listenOnLoopback(server, 0, host);
  const close = async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
  return { address: `${host}:${port}`, seen, close };
}

const REFUSED: ObservedRequest = {
  status: 400,
  refused: true,
  method: '',
  target: '',
  path: '',
  fields: new Map(),
  body: { length: 0, sha1: '' },
};

function describe({ method = '', url = '', rawHeaders }: IncomingMessage, body: Buffer): ObservedRequest {
  const pairs = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
  );
  return {
    status: 200,
    refused: false,
    method,
    target: url,
    path: decode(url.startsWith('/') ? new URL(`http://upstream${url}`).pathname : url),
    fields: groupFields(pairs),
    body: { length: body.length, sha1: createHash('sha1').update(body).digest('hex') },
  };
}

function decode(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
