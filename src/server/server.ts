/** The two listeners, and their end: what was accepted is finished before the process leaves. */

import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { createAdminHandler } from '../admin/admin.ts';
import { describeKeys, type KeyReadiness, type Readiness, ReadinessGate } from '../admin/readiness.ts';
import { ParserInput } from '../client/parser-input.ts';
import { Turnstile } from '../client/request-queue.ts';
import { createUnreadRequest, MALFORMED, readUnreadable, type UnreadableReason } from '../client/unparsed-request.ts';
import type { Config, ListenAddress } from '../config/config.ts';
import type { Diagnostic } from '../config/diagnostics/diagnostic.ts';
import type { Gateway } from '../gateway.ts';
import { createReport } from '../telemetry/report.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createAdminServer } from './admin-server.ts';
import { closeListener, openListener } from './listener.ts';

/** How often slow clients are looked for: the resolution of `timeouts.headers`. */
const CHECK_INTERVAL = 1_000;
/** For the first request of a connection that was accepted just before the listener closed. */
const LAST_ARRIVALS = 1_000;
const LAST_LINES = 100;
const QUIET = 20;
const QUIET_LIMIT = 250;
/** How often a drain looks for connections that have become idle. */
const SWEEP_INTERVAL = 100;

export class Server {
  readonly #telemetry: Telemetry;
  readonly #data: HttpServer;
  readonly #admin: HttpServer;
  readonly #sockets = new Set<Socket>();
  readonly #turnstile: Turnstile;
  /** Of the connections that node:http reads. */
  readonly #inputs = new WeakMap<Duplex, ParserInput>();
  /** Sockets that were refused in the middle of a request: what follows on them is not another one. */
  readonly #refused = new WeakSet<Duplex>();
  /** The gateway in use, and those before it that still have requests under way. */
  readonly #gateways = new Set<Gateway>();
  readonly #version: string;
  readonly #startedAt = new Date();
  #gateway: Gateway;
  #loadedAt = new Date();
  /** Of the configuration in use. */
  #warnings: readonly Diagnostic[];
  #draining = false;
  readonly #gate = new ReadinessGate();
  /** Connections so far. */
  #accepted = 0;

  /** @param about for the status page: the version of the program, and the warnings of the gateway's configuration. */
  constructor(
    gateway: Gateway,
    telemetry: Telemetry,
    about: { readonly version: string; readonly warnings: readonly Diagnostic[] },
  ) {
    this.#version = about.version;
    this.#warnings = about.warnings;
    this.#gateway = gateway;
    this.#gateways.add(gateway);
    this.#telemetry = telemetry;
    this.#turnstile = new Turnstile(
      () => telemetry.metrics.recordEnded('pipeline_limit'),
      socket => this.#inputs.get(socket)?.continue(),
    );
    this.#data = this.#createDataListener();
    this.#applySettings(gateway.config);
    gateway.announce();
    this.#admin = createAdminServer(
      createAdminHandler({
        metrics: telemetry.metrics,
        readiness: () => this.readiness(),
        report: () => createReport(telemetry, this.#gateway.verifier.status()),
        processInfo: () => this.#processInfo(),
      }),
    );
  }

  /**
   * Opens both listeners, admin last: once it answers, so does the other.
   *
   * @returns where they listen; with port 0 in the configuration, the port that was found.
   * @throws where an address cannot be listened on.
   */
  async listen(): Promise<{ readonly listen: ListenAddress; readonly admin: ListenAddress }> {
    const { admin } = this.#gateway.config;
    return { listen: await this.listenForClients(), admin: await openListener(this.#admin, 'admin', admin) };
  }

  /** Opens the data listener only, for a worker: the admin listener is one for all of them. */
  listenForClients(): Promise<ListenAddress> {
    return openListener(this.#data, 'listen', this.#gateway.config.listen);
  }

  get gateway(): Gateway {
    return this.#gateway;
  }

  /** Requests from now on are served by `gateway`; those under way finish under the configuration that admitted them. */
  swap(gateway: Gateway, warnings: readonly Diagnostic[]): void {
    const before = this.#gateway;
    // Who was ready stays so, also where nobody has asked yet.
    this.readiness();
    this.#gateway = gateway;
    this.#loadedAt = new Date();
    this.#warnings = warnings;
    this.#gateways.add(gateway);
    this.#applySettings(gateway.config);
    gateway.announce();
    before.stop().then(() => this.#gateways.delete(before));
  }

  /**
   * Says so on `/readyz` and in every answer, takes no new connections after the delay, lets what was accepted finish,
   * then closes everything. Settles when all is closed, at the latest after the limit.
   */
  async drain(): Promise<void> {
    const { drain } = this.#gateway.config;
    this.#draining = true;
    for (const socket of this.#sockets) {
      const response = this.#turnstile.current(socket)?.response;
      if (response) response.shouldKeepAlive = false;
    }
    await setTimeout(drain.delay);
    const limit = new AbortController();
    const overdue = setTimeout(drain.limit, undefined, { signal: limit.signal }).then(
      () => this.#endEverything(),
      ignore,
    );
    await Promise.race([this.#finishAccepted(), overdue]);
    limit.abort();
    this.#admin.closeAllConnections();
    await closeListener(this.#admin);
  }

  async #finishAccepted(): Promise<void> {
    await this.#waitForQuiet();
    for (const gateway of this.#gateways) gateway.endTunnels();
    const overdue = performance.now() + this.#gateway.config.timeouts.headers;
    const sweep = setInterval(() => this.#sweep(overdue), SWEEP_INTERVAL);
    const closed = closeListener(this.#data);
    await Promise.race([closed, setTimeout(LAST_ARRIVALS)]);
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    await closed;
    clearInterval(sweep);
    await Promise.all([...this.#gateways].map(gateway => gateway.stop()));
  }

  /** Closes what is idle and, past `overdue`, what has not sent a whole head: node:http looks for those only while it listens. */
  #sweep(overdue: number): void {
    this.#data.closeIdleConnections();
    if (performance.now() < overdue) return;
    for (const socket of this.#sockets) {
      if (this.#turnstile.current(socket)) continue;
      this.#telemetry.metrics.recordEnded('slow_headers');
      socket.destroy();
    }
  }

  /** What a closing listener has not accepted is reset, so it closes when nobody has come for a moment, if there is one. */
  async #waitForQuiet(): Promise<void> {
    const end = performance.now() + QUIET_LIMIT;
    let before: number;
    do {
      before = this.#accepted;
      await setTimeout(QUIET);
      await setImmediate();
    } while (this.#accepted !== before && performance.now() < end);
  }

  #createDataListener(): HttpServer {
    const server = createServer({
      maxHeaderSize: this.#gateway.config.limits.headers,
      connectionsCheckingInterval: CHECK_INTERVAL,
      // Bodies have a clock of their own, which stands still while the upstream is behind.
      requestTimeout: 0,
      // Judged with the rest of the head, where a refusal is counted.
      requireHostHeader: false,
    });
    // Bounded by their bytes. A count would drop the fields beyond it without a word.
    server.maxHeadersCount = 0;
    server.on('drop', () => this.#telemetry.metrics.recordEnded('connection_limit'));
    const handle = (request: IncomingMessage, response: ServerResponse) => this.#handle(request, response);
    server.on('request', handle).on('checkContinue', handle).on('checkExpectation', handle);
    server.on('connection', socket => this.#track(socket));
    // What node:http types as a Duplex is the connection's own socket on a server without TLS.
    server.on('upgrade', (request, _socket, head) => this.#upgrade(request, request.socket, head));
    server.on('connect', request => this.#refuse(request, request.socket, 'malformed_request'));
    server.on('clientError', (error, socket) => this.#refuseUnreadable(error, socket as Socket));
    return server;
  }

  /** Those of the data listener that node:http reads when it needs them. */
  #applySettings({ limits, timeouts }: Config): void {
    this.#data.maxConnections = limits.connections;
    this.#data.keepAliveTimeout = timeouts.keepAlive;
    this.#data.headersTimeout = timeouts.headers;
  }

  #track(socket: Socket): void {
    this.#accepted += 1;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#inputs.set(socket, new ParserInput(socket, () => this.#turnstile.current(socket)?.request));
    this.#telemetry.metrics.trackConnection(socket);
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    this.#turnstile.enter(request.socket, { request, response, serve: () => this.#serve(request, response) });
  }

  #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // What was set for the response before was for the one that read it.
    if (request.socket.timeout) request.socket.setTimeout(0);
    if (this.#draining) response.shouldKeepAlive = false;
    return this.#gateway.handle(request, response);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const received = Buffer.concat([head, this.#adopt(socket)]);
    this.#turnstile.enter(socket, { request, serve: () => this.#gateway.upgrade(request, socket, received) });
  }

  #refuse(request: IncomingMessage, socket: Socket, reason: UnreadableReason): void {
    this.#adopt(socket);
    this.#refused.add(socket);
    this.#turnstile.enter(socket, { request, serve: () => this.#gateway.refuse(request, socket, reason) });
  }

  /**
   * node:http has let go of this socket: its errors are ours, and so is the word to a response that is still being written.
   *
   * @returns what was read behind the bytes that node:http was given.
   */
  #adopt(socket: Socket): Buffer {
    socket.on('error', () => socket.destroy());
    const rest = this.#inputs.get(socket)?.release() ?? Buffer.alloc(0);
    const response = this.#turnstile.current(socket)?.response;
    if (!response) return rest;
    const isCurrent = () => this.#turnstile.current(socket)?.response === response;
    socket.on('drain', () => isCurrent() && response.emit('drain'));
    socket.on('timeout', () => isCurrent() && response.emit('timeout', socket));
    return rest;
  }

  #refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    if (this.#refused.has(socket)) return;
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') this.#telemetry.metrics.recordEnded('slow_headers');
    const current = this.#turnstile.current(socket)?.request;
    const reason = readUnreadable(error, socket);
    const isCutOff = error.code === 'HPE_INVALID_EOF_STATE' && current !== undefined;
    if (reason === undefined || isCutOff) socket.destroy();
    else if (current && !current.complete) this.#breakOff(current, socket);
    else this.#refuse(createUnreadRequest(socket), socket, reason);
  }

  /** What could not be read is the rest of a request that is being served, not another one. */
  #breakOff(current: IncomingMessage, socket: Socket): void {
    this.#adopt(socket);
    this.#refused.add(socket);
    if (!current.emit(MALFORMED)) socket.destroy();
  }

  /** Whether this process should be sent requests. */
  readiness(): Readiness {
    const keys = [this.keyReadiness()];
    const isOpen = this.#gate.update(keys);
    return { ready: isOpen && !this.#draining, ...describeKeys(keys), draining: this.#draining };
  }

  /** How far the keys of the configuration in use are. */
  keyReadiness(): KeyReadiness {
    return this.#gateway.verifier.keyReadiness();
  }

  #processInfo() {
    return {
      version: this.#version,
      startedAt: this.#startedAt,
      config: this.#gateway.config,
      loadedAt: this.#loadedAt,
      warnings: this.#warnings,
    };
  }

  /** Waits no longer for anybody, save a moment for the last lines to be told. */
  async #endEverything(): Promise<void> {
    this.#telemetry.metrics.recordEnded('drain_limit');
    for (const socket of this.#sockets) socket.destroy();
    for (const gateway of this.#gateways) gateway.destroy();
    await setTimeout(LAST_LINES);
  }
}

function ignore(): void {
  // The limit was not needed.
}
