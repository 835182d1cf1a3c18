/** The listeners of a process, and the gateway that serves their requests, which a reload replaces. */

import type { Server as HttpServer } from 'node:http';
import { createAdminHandler } from '../admin/admin.ts';
import { describeKeys, type KeyReadiness, type Readiness, ReadinessGate } from '../admin/readiness.ts';
import type { Diagnostic } from '../config/diagnostics/diagnostic.ts';
import type { DataAddress, ListenAddress } from '../config/listener-config.ts';
import type { Gateway } from '../gateway.ts';
import { createReport } from '../telemetry/report.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createAdminServer } from './admin-server.ts';
import { DataListener } from './data-listener.ts';
import { drainConnections } from './drain.ts';
import { closeListener, openListener } from './listener.ts';
import type { TicketKeys } from './tls/ticket-keys.ts';
import { removeStaleSocket } from './unix-socket.ts';

/** Where requests are served. */
export interface ServingAddresses {
  readonly listen: DataAddress;
  readonly authorizer?: DataAddress;
}

export class Server {
  readonly #telemetry: Telemetry;
  readonly #data: DataListener;
  /** `undefined` where the configuration has none. */
  readonly #authorizer: DataListener | undefined;
  readonly #admin: HttpServer;
  /** The current gateway, and earlier ones that still have requests. */
  readonly #gateways = new Set<Gateway>();
  readonly #gate = new ReadinessGate();
  readonly #version: string;
  readonly #startedAt = new Date();
  #gateway: Gateway;
  /** The warnings of the configuration in use. */
  #warnings: readonly Diagnostic[];
  #loadedAt = new Date();
  #isDraining = false;

  /**
   * @param about for the status page: the version of the program, and the warnings of the configuration.
   * @param ticketKeys of TLS, where other processes have the same ones.
   */
  constructor(
    gateway: Gateway,
    telemetry: Telemetry,
    about: { readonly version: string; readonly warnings: readonly Diagnostic[] },
    ticketKeys?: TicketKeys,
  ) {
    this.#gateway = gateway;
    this.#version = about.version;
    this.#warnings = about.warnings;
    this.#gateways.add(gateway);
    this.#telemetry = telemetry;
    this.#data = new DataListener(gateway, telemetry, ticketKeys);
    this.#authorizer = gateway.config.authorizer && new DataListener(gateway, telemetry, ticketKeys, 'authorizer');
    gateway.configureMetrics();
    this.#admin = createAdminServer(
      createAdminHandler({
        metrics: telemetry.metrics,
        refetchKeys: () => this.#gateway.verifier.refetch(),
        readiness: () => this.readiness(),
        report: () => {
          const { verifier, upstreams } = this.#gateway;
          return createReport(telemetry, { keySets: verifier.status(), upstreams: upstreams.listEndpoints() });
        },
        processInfo: () => this.#processInfo(),
      }),
    );
  }

  /**
   * Opens every listener, admin last, so that a response of the admin listener means that all are open.
   *
   * @returns where they listen; for port 0 in the configuration, the port that the system chose.
   * @throws ListenError where an address cannot be listened on.
   */
  async listen(): Promise<ServingAddresses & { readonly admin: ListenAddress }> {
    const { listen, authorizer, admin } = this.#gateway.config;
    await removeStaleSocket('listen', listen);
    await removeStaleSocket('authorizer', authorizer?.listen);
    return { ...(await this.listenForClients()), admin: await openListener(this.#admin, 'admin', admin) };
  }

  /** Opens all but the admin listener, for a worker: the primary has that. */
  async listenForClients(): Promise<ServingAddresses> {
    const { listen, authorizer } = this.#gateway.config;
    const addresses = { listen: await this.#data.open(listen) };
    if (!this.#authorizer || !authorizer) return addresses;
    return { ...addresses, authorizer: await this.#authorizer.open(authorizer.listen) };
  }

  get gateway(): Gateway {
    return this.#gateway;
  }

  /** Serves new requests with `gateway`. Requests under way finish under the configuration that they began with. */
  swap(gateway: Gateway, warnings: readonly Diagnostic[]): void {
    const before = this.#gateway;
    // Opens the readiness gate now if the old gateway is ready. Without a request to /readyz it would still be closed, and
    // /readyz would then wait for the keys of new issuers.
    this.readiness();
    this.#gateway = gateway;
    this.#loadedAt = new Date();
    this.#warnings = warnings;
    this.#gateways.add(gateway);
    for (const listener of this.#listeners) listener.use(gateway);
    for (const earlier of this.#gateways) if (earlier !== gateway) earlier.revoke(gateway.config.revoked);
    gateway.configureMetrics();
    before.stop().then(() => this.#gateways.delete(before));
  }

  /**
   * Reports `draining` on `/readyz` and ends keep-alive, accepts no new connections after `drain.delay`, lets accepted requests
   * finish, then closes everything. Settles when all is closed, at the latest after `drain.limit`.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const { metrics } = this.#telemetry;
    await drainConnections({ listeners: this.#listeners, gateways: this.#gateways, metrics }, this.#gateway.config);
    this.#admin.closeAllConnections();
    await closeListener(this.#admin);
  }

  get #listeners(): readonly DataListener[] {
    return this.#authorizer ? [this.#data, this.#authorizer] : [this.#data];
  }

  /** Whether this process should be sent requests. */
  readiness(): Readiness {
    const keys = [this.keyReadiness()];
    const isOpen = this.#gate.update(keys);
    return { ready: isOpen && !this.#isDraining, ...describeKeys(keys), draining: this.#isDraining };
  }

  /** Which issuers of the configuration in use have keys. */
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
}
