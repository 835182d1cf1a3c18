/** An API behind the gateway: an HTTP server on loopback that records what arrived, and answers with it. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { listenOnLoopback } from './listener.ts';
import type { HeaderPair } from './raw-http.ts';

export interface ReceivedBody {
  /** Bytes. */
  readonly length: number;
  /** In hex. */
  readonly sha256: string;
  /** Where it is shorter than 4 KiB. */
  readonly text?: string;
}

export interface ReceivedRequest {
  /** The name of the upstream. */
  readonly name: string;
  readonly method: string;
  /** The request target, untouched. */
  readonly url: string;
  /** In the order and spelling of the wire. */
  readonly rawHeaders: readonly HeaderPair[];
  /** Once it has been read, by the default `handle` or by `readBody`. */
  body?: ReceivedBody;
}

export type Handle = (req: IncomingMessage, res: ServerResponse, received: ReceivedRequest) => unknown;
export type HandleUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer, received: ReceivedRequest) => unknown;

export interface UpstreamOptions {
  /** Default `upstream`. */
  readonly name?: string;
  /** Default: a free one. */
  readonly port?: number;
  readonly handle?: Handle;
}

export interface Upstream {
  readonly name: string;
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** For its events, such as `request`. */
  readonly server: Server;
  /** Every request since the start, upgrades too. */
  readonly received: ReceivedRequest[];
  /** May be replaced at any time; must then read the body itself, with `readBody` for example. */
  handle: Handle;
  /** Default: a WebSocket that sends every message back. */
  handleUpgrade: HandleUpgrade;
  readonly sockets: { readonly open: number; readonly total: number };
  /** Stops listening and ends every socket. */
  close(): Promise<void>;
}

/** Starts an upstream on 127.0.0.1. */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const { name = 'upstream', handle = answerWithWhatArrived } = options;
  const server = createServer();
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server, options.port);

  const upstream: Upstream = {
    name,
    port,
    origin: `http://127.0.0.1:${port}`,
    server,
    received: [],
    handle,
    handleUpgrade: echoMessages(),
    sockets: sockets.counts,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      sockets.destroyAll();
      await closed;
    },
  };
  server.on('request', (req, res) => upstream.handle(req, res, remember(upstream, req)));
  server.on('upgrade', (req, socket, head) => upstream.handleUpgrade(req, socket, head, remember(upstream, req)));
  return upstream;
}

/** Reads the whole body and notes what it was in `received`. Rejects where the client leaves before its end. */
export async function readBody(req: IncomingMessage, received: ReceivedRequest): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of req) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  received.body = {
    length: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...(bytes.length < 4096 && { text: bytes.toString() }),
  };
  return bytes;
}

/** The default `handle`: 200 with the received request as JSON. */
export async function answerWithWhatArrived(
  req: IncomingMessage,
  res: ServerResponse,
  received: ReceivedRequest,
): Promise<void> {
  try {
    await readBody(req, received);
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(received));
  } catch {
    res.destroy(); // The client left in the middle of its body: no response can be sent.
  }
}

function remember(upstream: Upstream, req: IncomingMessage): ReceivedRequest {
  const received: ReceivedRequest = {
    name: upstream.name,
    method: req.method ?? '',
    url: req.url ?? '',
    rawHeaders: pairs(req.rawHeaders),
  };
  upstream.received.push(received);
  return received;
}

function pairs(rawHeaders: readonly string[]): HeaderPair[] {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  return names.map((name, index) => [name, rawHeaders[2 * index + 1] ?? '']);
}

function echoMessages(): HandleUpgrade {
  const webSockets = new WebSocketServer({ noServer: true });
  return (req, socket, head) =>
    webSockets.handleUpgrade(req, socket, head, webSocket => {
      webSocket.on('error', () => webSocket.terminate());
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
    });
}

function trackSockets(server: Server) {
  const open = new Set<Socket>();
  let total = 0;
  server.on('connection', socket => {
    total += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy()); // After an upgrade nothing else handles errors.
  });
  return {
    counts: {
      get open() {
        return open.size;
      },
      get total() {
        return total;
      },
    },
    destroyAll: () => {
      for (const socket of open) socket.destroy();
    },
  };
}
