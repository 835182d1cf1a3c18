/** The listener for clients, or that for other proxies: it accepts their connections, and hands their requests to the gateway. */

import { createServer, type Server, type Socket } from 'node:net';
import type { DataAddress } from '../config/listener-config.ts';
import type { Gateway } from '../gateway.ts';
import { HttpServer } from '../http/server/server.ts';
import type { ServerEvents } from '../http/server/server-context.ts';
import { Sweeper } from '../http/sweeper.ts';
import { logFault, type Telemetry } from '../telemetry/telemetry.ts';
import { closeListener, openListener } from './listener.ts';
import { TlsAcceptor } from './tls/acceptor.ts';
import { TicketKeys } from './tls/ticket-keys.ts';

/** The key of the configuration that says where it listens. */
type Purpose = 'listen' | 'authorizer';

export class DataListener {
  /** Connections so far. */
  accepted = 0;
  readonly #purpose: Purpose;
  readonly #metrics: Telemetry['metrics'];
  readonly #server: Server;
  readonly #http: HttpServer;
  readonly #tls: TlsAcceptor;
  #gateway: Gateway;
  #isUnix = false;

  /** @param ticketKeys of TLS, shared with other workers; by default of this listener alone. */
  constructor(
    gateway: Gateway,
    { metrics, log }: Pick<Telemetry, 'metrics' | 'log'>,
    ticketKeys: TicketKeys = new TicketKeys(),
    purpose: Purpose = 'listen',
  ) {
    this.#purpose = purpose;
    this.#gateway = gateway;
    this.#metrics = metrics;
    const { limits, timeouts } = gateway.config;
    const events: ServerEvents = {
      onRequest: request => (purpose === 'listen' ? this.#gateway.handle(request) : this.#gateway.answer(request)),
      onSlowHead: () => metrics.recordEnded('slow_headers'),
      onFault: fault => logFault(log, undefined, fault),
    };
    const sweeper = new Sweeper();
    this.#http = new HttpServer({ headLimit: limits.headers, timeouts }, events, sweeper);
    this.#tls = new TlsAcceptor(sweeper, ticketKeys, {
      onSecure: socket => this.#serve(socket, true),
      onFailure: cause => metrics.recordHandshakeFailure(cause),
    });
    this.#server = createServer({ allowHalfOpen: true }, socket => this.#accept(socket));
    this.#server.on('drop', () => metrics.recordEnded('connection_limit'));
    this.use(gateway);
  }

  /**
   * Hands the next requests to `gateway`, and opens the next connections with its certificates, or without TLS. The limit of a head
   * stays as it is: to change it needs a restart.
   */
  use(gateway: Gateway): void {
    const { limits, timeouts } = gateway.config;
    this.#gateway = gateway;
    this.#tls.use(this.#tlsSettings, timeouts.headers);
    this.#server.maxConnections = limits.connections;
    this.#http.settings = { headLimit: this.#http.settings.headLimit, timeouts };
  }

  /** @throws ListenError where the address cannot be listened on. */
  open(address: DataAddress): Promise<DataAddress> {
    this.#isUnix = 'path' in address;
    return openListener(this.#server, this.#purpose, address);
  }

  /** Accepts no more connections. Settles when the last one has closed. */
  close(): Promise<void> {
    return closeListener(this.#server);
  }

  /** Closes each connection after the response that is under way, or its next one (`Connection: close`). */
  endKeepAlive(): void {
    this.#http.endKeepAlive();
  }

  /** Closes the connections that are between two requests. */
  closeIdle(): void {
    this.#http.closeIdle();
  }

  /** Closes the connections that have not sent a byte. */
  closeSilent(): void {
    this.#tls.closeSilent();
    this.#http.closeSilent();
  }

  /** Closes the connections on which no request is served: they are not secure yet, or have not sent a whole head. */
  closeWaiting(): void {
    this.#tls.destroy();
    this.#http.closeWaiting();
  }

  destroy(): void {
    this.#tls.destroy();
    this.#http.destroy();
  }

  /** `tls` is that of `listen`: other proxies ask over loopback, a unix socket or a network of their own. */
  get #tlsSettings() {
    return this.#purpose === 'listen' ? this.#gateway.config.tls : undefined;
  }

  #accept(socket: Socket): void {
    this.accepted += 1;
    this.#metrics.trackConnection(socket);
    if (this.#tlsSettings) this.#tls.accept(socket);
    else this.#serve(socket, false);
  }

  #serve(socket: Socket, isSecure: boolean): void {
    this.#http.accept(socket, { address: this.#isUnix ? 'unix:' : socket.remoteAddress, isSecure });
  }
}
