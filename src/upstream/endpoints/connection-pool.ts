/** The connections to one endpoint, kept over a reload that does not change it. */

import type { Socket } from 'node:net';
import type { Endpoint, Upstream, UpstreamTls } from '../../config/upstream-config.ts';
import type { FailureCause } from '../../denial.ts';
import type { Attempt, AttemptTimes } from '../../http/client/attempt.ts';
import { type Connector, type ConnectTarget, createConnector } from '../../http/client/connector.ts';
import { Pool } from '../../http/client/pool.ts';
import { createTlsContext } from '../../http/client/tls-context.ts';
import type { AttemptHandler, OutgoingRequest } from '../../http/message.ts';
import type { Sweeper } from '../../http/sweeper.ts';
import { Availability } from './availability.ts';

/** What decides on the connections of an endpoint: routes that agree in all of it share them. */
export type PoolSettings = Pick<Upstream, 'tls' | 'keepAlive' | 'maxResponseHeaders' | 'lenient'>;

export interface UpstreamEvents {
  /**
   * An upstream sent bytes that no request asked for (RFC 9112 section 9.2); its connection was closed.
   *
   * @param upstream the label of its endpoint.
   * @param connections how often, since the last call for this upstream.
   */
  onUnsolicited(upstream: string, connections: number): void;
  /** One of several endpoints cannot be connected to: requests go to the others. */
  onLeftOut(upstream: string, cause: FailureCause): void;
  /** One that was left out can be connected to again. */
  onBack(upstream: string): void;
}

/** Milliseconds between two calls of `onUnsolicited`. */
const NOTICE_INTERVAL = 60_000;

/** @returns a text that differs where connections must not be shared: the certificate that was sent is part of it. */
export function poolKey({ label, origin }: Endpoint, settings: PoolSettings): string {
  const { tls, keepAlive, maxResponseHeaders, lenient } = settings;
  const times = [keepAlive?.idle, keepAlive?.maxAge];
  return JSON.stringify([origin, label, tls?.fingerprint, ...times, maxResponseHeaders, lenient]);
}

export class ConnectionPool {
  /** Opens a connection that is not one of the pool, with the same name and certificates. */
  readonly connect: Connector;
  readonly availability = new Availability();
  readonly #pool: Pool;
  readonly #label: string;
  readonly #events: UpstreamEvents;
  /** Connections with unsolicited bytes since the last call of `onUnsolicited`, and when that was. */
  #unsolicited = 0;
  #noticedAt = Number.NEGATIVE_INFINITY;
  /** The configurations that use it. */
  #users = 1;

  constructor(endpoint: Endpoint, settings: PoolSettings, sweeper: Sweeper, events: UpstreamEvents) {
    const { tls, keepAlive, maxResponseHeaders, lenient } = settings;
    this.#label = endpoint.label;
    this.#events = events;
    const connect = createConnector(readTarget(endpoint, tls));
    this.connect = () => {
      const opening = connect();
      opening.socket.once(opening.readyEvent, () => this.availability.onConnect());
      return opening;
    };
    this.#pool = new Pool({
      ...{ connect: this.connect, sweeper, head: maxResponseHeaders, lenient },
      ...{ idle: keepAlive?.idle ?? 0, maxAge: keepAlive?.maxAge ?? 0 },
      onUnsolicited: this.#onUnsolicited,
    });
  }

  /**
   * Sends a request: on the connection that is reserved for `client` where there is one, else on one that is free.
   *
   * @throws TypeError where the request cannot be sent as what it is.
   */
  send(request: OutgoingRequest, handler: AttemptHandler, times: AttemptTimes, client: Socket): Attempt {
    return this.#pool.send(request, handler, times, client);
  }

  /** @returns whether a connection is open on which this client, and nobody else, is authenticated. */
  isReservedFor(client: Socket): boolean {
    return this.#pool.isReservedFor(client);
  }

  /** It is one of several endpoints: from now on it can be left out, and `events` says so. */
  watchAvailability(): void {
    this.availability.events ??= {
      onLeftOut: cause => this.#events.onLeftOut(this.#label, cause),
      onBack: () => this.#events.onBack(this.#label),
    };
  }

  /** @returns this pool, for one configuration more. */
  retain(): this {
    this.#users += 1;
    return this;
  }

  /** The last user closes the connections, once the requests on them have finished. */
  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users === 0) await this.#pool.close();
  }

  /** Closes the connections at once, also where another configuration uses them. */
  destroy(): void {
    this.#pool.destroy();
  }

  readonly #onUnsolicited = (): void => {
    this.#unsolicited += 1;
    const now = performance.now();
    if (now - this.#noticedAt < NOTICE_INTERVAL) return;
    this.#noticedAt = now;
    this.#events.onUnsolicited(this.#label, this.#unsolicited);
    this.#unsolicited = 0;
  };
}

/** All names of TLS come from the URL or the configuration: never from Host, which the client chooses. */
export function readTarget({ origin, socketPath }: Endpoint, tls: UpstreamTls | undefined): ConnectTarget {
  if (socketPath !== undefined) return { host: socketPath, isUnix: true };
  const { protocol, hostname, port } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'https:') return { host, port: Number(port || 80) };
  const context = tls && createTlsContext(tls);
  return { host, port: Number(port || 443), tls: { serverName: tls?.serverName, context } };
}
