/** A gateway, an upstream, and a request that stays at the upstream while a client sends more behind it. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { Gateway } from '../../../src/gateway.ts';
import type { IncomingRequest } from '../../../src/http/server/incoming-request.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../../support/upstream.ts';
import { pause } from '../../support/waiting.ts';

export const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`;
/** A request of 15 KB. */
export const LARGE = get('/x/large', `X-Filling: ${'x'.repeat(15_000)}\r\n`);

export let upstream: Upstream;
export let gateway: RunningGateway;
/** The socket of the gateway for each client, by the client's port. */
export const gatewaySockets = new Map<number, Socket>();
/** Requests whose heads were parsed, by the client's port. */
export const parsed = new Map<number, number>();

const onSocket = (message: unknown) => {
  const { socket } = message as { readonly socket: Socket };
  if (socket.localPort === gateway.port) gatewaySockets.set(socket.remotePort ?? 0, socket);
};
const { handle } = Gateway.prototype;

function countAndHandle(this: Gateway, request: IncomingRequest): void {
  const port = request.socket?.remotePort ?? 0;
  parsed.set(port, (parsed.get(port) ?? 0) + 1);
  handle.call(this, request);
}

/** Registers the hooks of a test file. */
export function usePipeliningGateway(): void {
  beforeAll(async () => {
    // The module may be shared with other test files, and ports are used again.
    gatewaySockets.clear();
    parsed.clear();
    upstream = await startUpstream();
    gateway = await startGateway(`
timeouts: { headers: 1s, body: 1s, keep_alive: 1s }
routes:
  /x: { public: true, upstream: "${upstream.origin}" }
  /short: { public: true, upstream: "${upstream.origin}", timeouts: { response: 1s } }
  /small: { public: true, upstream: "${upstream.origin}", limits: { body: 8B } }
`);
    subscribe('net.server.socket', onSocket);
    Gateway.prototype.handle = countAndHandle;
  });

  beforeEach(() => {
    upstream.handle = answerWithWhatArrived;
    upstream.received.length = 0;
  });

  afterAll(async () => {
    unsubscribe('net.server.socket', onSocket);
    Gateway.prototype.handle = handle;
    upstream.server.closeAllConnections();
    await gateway.close();
    await upstream.close();
  });
}

/** Starts a client whose first request is at the upstream until `respond` is called. @param behind what it sends behind the request. */
export async function startSlowRequest(behind: string, path = '/x/slow') {
  const responses: ServerResponse[] = [];
  const closed = new Promise<void>(resolve => {
    upstream.handle = (req, res, received) => {
      if (!received.url.endsWith('/slow')) return answerWithWhatArrived(req, res, received);
      res.on('error', () => undefined).once('close', () => resolve());
      return responses.push(res);
    };
  });
  const client = connect(gateway.port, '127.0.0.1').on('error', () => client.destroy());
  await once(client, 'connect');
  const arrived = once(upstream.server, 'request');
  client.write(get(path) + behind);
  await arrived;
  const port = client.localPort ?? 0;
  /** @param index of the request, where further clients ask for the same. */
  const respond = (index = 0) => responses[index]?.end('slow');
  return { client, respond, closed, port, socket: gatewaySockets.get(port) as Socket };
}

/** Waits until the gateway has read nothing for 100 ms. @returns the bytes that it has read. */
export async function settle(socket: Socket): Promise<number> {
  let before = -1;
  while (socket.bytesRead !== before) {
    before = socket.bytesRead;
    await pause(100);
  }
  return before;
}
