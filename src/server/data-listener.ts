/** The listener for clients: its connections, and the requests on them, which it hands to the gateway one at a time. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ParserInput } from '../client/parser-input.ts';
import { type IncomingRequest, RequestQueues } from '../client/request-queue.ts';
import {
  createUnparsedRequest,
  MALFORMED,
  readUnparsedReason,
  type UnparsedReason,
} from '../client/unparsed-request.ts';
import type { Config, ListenAddress } from '../config/config.ts';
import type { Gateway } from '../gateway.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { closeListener, openListener } from './listener.ts';

/** How often slow clients are looked for: the resolution of `timeouts.headers`. */
const CHECK_INTERVAL = 1_000;

export class DataListener {
  /** Connections so far. */
  accepted = 0;
  readonly #server: Server;
  readonly #metrics: Telemetry['metrics'];
  readonly #sockets = new Set<Socket>();
  readonly #queues: RequestQueues;
  /** One for each connection that node:http reads. */
  readonly #inputs = new WeakMap<Duplex, ParserInput>();
  /** Sockets that were refused in the middle of a request: what follows on them is not another one. */
  readonly #refused = new WeakSet<Duplex>();
  #gateway: Gateway;
  #closesAfterResponse = false;

  constructor(gateway: Gateway, metrics: Telemetry['metrics']) {
    this.#gateway = gateway;
    this.#metrics = metrics;
    this.#queues = new RequestQueues({
      serve: incoming => this.#serve(incoming),
      onServed: socket => this.#inputs.get(socket)?.continue(),
      onOverflow: () => metrics.recordEnded('pipeline_limit'),
    });
    this.#server = this.#createServer(gateway.config);
    this.use(gateway);
  }

  /** Hands the next requests to `gateway`. */
  use(gateway: Gateway): void {
    const { limits, timeouts } = gateway.config;
    this.#gateway = gateway;
    this.#server.maxConnections = limits.connections;
    this.#server.keepAliveTimeout = timeouts.keepAlive;
    this.#server.headersTimeout = timeouts.headers;
  }

  /** @throws ListenError where the address cannot be listened on. */
  open(address: ListenAddress): Promise<ListenAddress> {
    return openListener(this.#server, 'listen', address);
  }

  /** Accepts no more connections. Settles when the last one has closed. */
  close(): Promise<void> {
    return closeListener(this.#server);
  }

  /** Closes each connection after the response that is under way, or its next one (`Connection: close`). */
  endKeepAlive(): void {
    this.#closesAfterResponse = true;
    for (const socket of this.#sockets) {
      const current = this.#queues.current(socket);
      if (current?.kind === 'http') current.response.shouldKeepAlive = false;
    }
  }

  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  /** Closes the connections that have not sent a byte. */
  closeSilent(): void {
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
  }

  /** Closes the connections on which no request is served: they have not sent a whole head. */
  closeWaiting(): void {
    for (const socket of this.#sockets) {
      if (this.#queues.current(socket)) continue;
      this.#metrics.recordEnded('slow_headers');
      socket.destroy();
    }
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #createServer({ limits }: Config): Server {
    const server = createServer({
      maxHeaderSize: limits.headers,
      connectionsCheckingInterval: CHECK_INTERVAL,
      // Bodies have a time-out of their own, which stops while the upstream does not read.
      requestTimeout: 0,
      // Checked with the rest of the head, where a refusal is counted.
      requireHostHeader: false,
    });
    // Bounded by their bytes. A limit on their number would drop the fields beyond it without an error.
    server.maxHeadersCount = 0;
    server.on('drop', () => this.#metrics.recordEnded('connection_limit'));
    const onRequest = (request: IncomingMessage, response: ServerResponse) => this.#onRequest(request, response);
    server.on('request', onRequest).on('checkContinue', onRequest).on('checkExpectation', onRequest);
    server.on('connection', socket => this.#onConnection(socket));
    // What node:http types as a Duplex is the connection's own socket on a server without TLS.
    server.on('upgrade', (request, _socket, head) => this.#onUpgrade(request, request.socket, head));
    server.on('connect', request => this.#refuse(request, request.socket, 'malformed_request'));
    server.on('clientError', (error, socket) => this.#onUnparsed(error, socket as Socket));
    return server;
  }

  #onConnection(socket: Socket): void {
    this.accepted += 1;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#inputs.set(socket, new ParserInput(socket, () => this.#queues.current(socket)?.request));
    this.#metrics.trackConnection(socket);
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    this.#queues.add(request.socket, { kind: 'http', request, response });
  }

  #serve(incoming: IncomingRequest): Promise<void> {
    if (this.#closesAfterResponse && incoming.kind === 'http') incoming.response.shouldKeepAlive = false;
    return this.#gateway.handle(incoming);
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const received = Buffer.concat([head, this.#takeOver(socket)]);
    this.#queues.add(socket, { kind: 'websocket', request, socket, received });
  }

  #onUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
    if (this.#refused.has(socket)) return;
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') this.#metrics.recordEnded('slow_headers');
    const current = this.#queues.current(socket)?.request;
    const reason = readUnparsedReason(error, socket);
    const isCutOff = error.code === 'HPE_INVALID_EOF_STATE' && current !== undefined;
    if (reason === undefined || isCutOff) socket.destroy();
    else if (current && !current.complete) this.#abortBody(current, socket);
    else this.#refuse(createUnparsedRequest(socket), socket, reason);
  }

  #refuse(request: IncomingMessage, socket: Socket, reason: UnparsedReason): void {
    this.#takeOver(socket);
    this.#refused.add(socket);
    this.#queues.add(socket, { kind: 'refused', request, socket, reason });
  }

  /** What could not be parsed is the rest of a request that is being served, not another one. */
  #abortBody(current: IncomingMessage, socket: Socket): void {
    this.#takeOver(socket);
    this.#refused.add(socket);
    if (!current.emit(MALFORMED)) socket.destroy();
  }

  /**
   * node:http no longer handles this socket: its errors are handled here, and a response that is still being written gets
   * the events that node:http would have forwarded.
   *
   * @returns what was read after the bytes that node:http was given.
   */
  #takeOver(socket: Socket): Buffer {
    socket.on('error', () => socket.destroy());
    const rest = this.#inputs.get(socket)?.release() ?? Buffer.alloc(0);
    const current = this.#queues.current(socket);
    if (current?.kind !== 'http') return rest;
    const { response } = current;
    const isCurrent = () => this.#queues.current(socket) === current;
    socket.on('drain', () => isCurrent() && response.emit('drain'));
    socket.on('timeout', () => isCurrent() && response.emit('timeout', socket));
    return rest;
  }
}
