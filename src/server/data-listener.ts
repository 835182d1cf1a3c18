/** The listener for clients: it accepts their connections, and hands their requests to the gateway. */

import { createServer, type Server, type Socket } from 'node:net';
import type { ListenAddress } from '../config/config.ts';
import type { Gateway } from '../gateway.ts';
import { HttpServer } from '../http/server/server.ts';
import type { ServerEvents } from '../http/server/server-context.ts';
import { Sweeper } from '../http/sweeper.ts';
import { logFault, type Telemetry } from '../telemetry/telemetry.ts';
import { closeListener, openListener } from './listener.ts';

export class DataListener {
  /** Connections so far. */
  accepted = 0;
  readonly #metrics: Telemetry['metrics'];
  readonly #server: Server;
  readonly #http: HttpServer;
  #gateway: Gateway;

  constructor(gateway: Gateway, { metrics, log }: Pick<Telemetry, 'metrics' | 'log'>) {
    this.#gateway = gateway;
    this.#metrics = metrics;
    const { limits, timeouts } = gateway.config;
    const events: ServerEvents = {
      onRequest: request => this.#gateway.handle(request),
      onSlowHead: () => metrics.recordEnded('slow_headers'),
      onFault: fault => logFault(log, undefined, fault),
    };
    this.#http = new HttpServer({ headLimit: limits.headers, timeouts }, events, new Sweeper());
    this.#server = createServer({ allowHalfOpen: true }, socket => this.#accept(socket));
    this.#server.on('drop', () => metrics.recordEnded('connection_limit'));
    this.use(gateway);
  }

  /** Hands the next requests to `gateway`. The limit of a head stays as it is: to change it needs a restart. */
  use(gateway: Gateway): void {
    const { limits, timeouts } = gateway.config;
    this.#gateway = gateway;
    this.#server.maxConnections = limits.connections;
    this.#http.settings = { headLimit: this.#http.settings.headLimit, timeouts };
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
    this.#http.endKeepAlive();
  }

  /** Closes the connections that are between two requests. */
  closeIdle(): void {
    this.#http.closeIdle();
  }

  /** Closes the connections that have not sent a byte. */
  closeSilent(): void {
    this.#http.closeSilent();
  }

  /** Closes the connections on which no request is served: they have not sent a whole head. */
  closeWaiting(): void {
    this.#http.closeWaiting();
  }

  destroy(): void {
    this.#http.destroy();
  }

  #accept(socket: Socket): void {
    this.accepted += 1;
    this.#metrics.trackConnection(socket);
    this.#http.accept(socket);
  }
}
