/** A forward proxy, as companies have them between themselves and the internet: CONNECT for https, absolute URLs for http (RFC 9110). */

import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Certificate } from './certificates.ts';
import { listenOnLoopback } from './listener.ts';

export interface ForwardProxyOptions {
  /** The status of every CONNECT; `never` for no answer at all. Default: tunnels are opened. May be changed while it runs. */
  tunnels?: number | 'never' | undefined;
  /** The status of every other request. Default: what the server answers. */
  readonly requests?: number;
  /** Where every tunnel leads. Default: the port that was asked for. */
  readonly port?: number;
  /** Its own, where it is asked over TLS. */
  readonly certificate?: Certificate;
}

export interface ProxiedRequest {
  /** Such as `CONNECT login.example:443`. */
  readonly line: string;
  readonly authorization: string | undefined;
}

export interface ForwardProxy {
  /** `127.0.0.1:PORT` */
  readonly authority: string;
  /** What it was asked so far. */
  readonly requests: ProxiedRequest[];
  close(): Promise<void>;
}

/** Starts a proxy on 127.0.0.1, for which every name is this machine: a client that asks by itself does not get there. */
export async function startForwardProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const requests: ProxiedRequest[] = [];
  const sockets = new Set<Socket>();
  const record = ({ method, url, headers }: IncomingMessage) => {
    requests.push({ line: `${method} ${url}`, authorization: headers['proxy-authorization'] });
  };
  const onRequest = (asked: IncomingMessage, response: ServerResponse) => {
    record(asked);
    if (options.requests === undefined) pass(asked, response);
    else response.writeHead(options.requests).end();
  };
  const server = options.certificate ? createSecureServer(options.certificate, onRequest) : createServer(onRequest);
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  server.on('connect', (asked: IncomingMessage, socket: Socket) => {
    record(asked);
    if (options.tunnels === undefined)
      sockets.add(openTunnel(options.port ?? Number(asked.url?.split(':').at(-1)), socket));
    else if (options.tunnels !== 'never') socket.end(`HTTP/1.1 ${options.tunnels} No\r\n\r\n`);
  });
  const port = await listenOnLoopback(server);
  return {
    authority: `127.0.0.1:${port}`,
    requests,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function openTunnel(port: number, socket: Socket): Socket {
  const target = connect(port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.pipe(target).pipe(socket);
  });
  return target.on('error', () => socket.destroy());
}

function pass(asked: IncomingMessage, response: ServerResponse): void {
  const { port, pathname, search } = new URL(asked.url ?? '');
  const { 'proxy-authorization': _, ...headers } = asked.headers;
  const options = { host: '127.0.0.1', port, path: `${pathname}${search}`, method: asked.method, headers };
  const outgoing = request(options, answer => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  asked.pipe(outgoing);
}
