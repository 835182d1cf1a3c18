/** The two listeners, and their end: what was accepted is finished before the process leaves. */

import { createServer, type Server as HttpServer, IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdminHandler } from './admin/admin.ts';
import type { ListenAddress } from './config/config.ts';
import type { Gateway } from './gateway.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

/** Bytes of a request's head, all fields together. */
const MAXIMUM_HEADERS = 16 * 1024;
/** Longer than load balancers keep idle connections, so that it is they who close them. */
const KEEP_ALIVE_TIMEOUT = 75_000;
const HEADERS_TIMEOUT = 30_000;
/** What is not finished by then is ended. */
const DRAIN_LIMIT = 30_000;

export class Server {
  readonly #telemetry: Telemetry;
  readonly #data: HttpServer;
  readonly #admin: HttpServer;
  readonly #sockets = new Set<Socket>();
  #gateway: Gateway;
  #draining = false;

  constructor(gateway: Gateway, telemetry: Telemetry) {
    this.#gateway = gateway;
    this.#telemetry = telemetry;
    this.#data = this.#createDataListener();
    const readiness = () => this.#readiness();
    this.#admin = createServer(createAdminHandler({ metrics: telemetry.metrics, readiness }));
  }

  /**
   * Opens both listeners, admin last: once it answers, so does the other.
   *
   * @returns where they listen; with port 0 in the configuration, the port that was found.
   * @throws where an address cannot be listened on.
   */
  async listen(): Promise<{ readonly listen: ListenAddress; readonly admin: ListenAddress }> {
    const { listen, admin } = this.#gateway.config;
    return { listen: await open(this.#data, listen), admin: await open(this.#admin, admin) };
  }

  get gateway(): Gateway {
    return this.#gateway;
  }

  /** Requests from now on are served by `gateway`; those under way finish under the configuration that admitted them. */
  swap(gateway: Gateway): void {
    this.#gateway = gateway;
  }

  /** Takes no new connections, lets what was accepted finish, then closes everything. Settles when all is closed. */
  async drain(): Promise<void> {
    this.#draining = true;
    const limit = setTimeout(() => this.#endConnections(), DRAIN_LIMIT);
    const closed = close(this.#data);
    this.#data.closeIdleConnections();
    await closed;
    clearTimeout(limit);
    await this.#gateway.stop();
    this.#admin.closeAllConnections();
    await close(this.#admin);
  }

  #createDataListener(): HttpServer {
    const server = createServer({
      maxHeaderSize: MAXIMUM_HEADERS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: 0,
      // Judged with the rest of the head, where a refusal is counted.
      requireHostHeader: false,
    });
    const handle = (request: IncomingMessage, response: ServerResponse) => this.#handle(request, response);
    server.on('request', handle).on('checkContinue', handle).on('checkExpectation', handle);
    server.on('connection', socket => this.#track(socket));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('connect', (request, socket) => this.#refuse(request, socket, 'malformed_request'));
    server.on('clientError', (error, socket) => this.#refuseUnreadable(error, socket));
    return server;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#telemetry.metrics.trackConnection(socket);
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.#draining) response.shouldKeepAlive = false;
    this.#gateway.handle(request, response);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (isFree(socket)) this.#gateway.upgrade(request, socket, head);
    else socket.destroy();
  }

  #refuse(request: IncomingMessage, socket: Duplex, reason: 'malformed_request' | 'headers_too_large'): void {
    if (isFree(socket)) this.#gateway.refuse(request, socket, reason);
    else socket.destroy();
  }

  /** The error's own bytes are never looked at: they are the caller's, token and all. */
  #refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable || !(socket instanceof Socket)) {
      socket.destroy();
      return;
    }
    const request = new IncomingMessage(socket);
    request.httpVersionMajor = 1;
    request.httpVersionMinor = 1;
    this.#refuse(request, socket, error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'malformed_request');
  }

  #readiness() {
    const waitingFor = this.#gateway.verifier.waitingFor();
    const draining = this.#draining;
    return { ready: !draining && waitingFor.length === 0, waitingFor, draining };
  }

  #endConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/**
 * Whether an answer may be written on a socket that node:http hands over: not while a request before it on the same
 * connection is still being answered. Its errors are listened for from here on.
 */
function isFree(socket: Duplex): socket is Socket {
  socket.on('error', () => socket.destroy());
  return socket instanceof Socket && !('_httpMessage' in socket && socket._httpMessage);
}

function open(server: HttpServer, { host, port }: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve({ host, port: typeof address === 'object' && address ? address.port : port });
    });
  });
}

function close(server: HttpServer): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
  });
}
