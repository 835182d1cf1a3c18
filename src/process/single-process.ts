/** The gateway in one process. This is the default; `workers` in the configuration asks for several (workers/primary.ts). */

import { Gateway } from '../gateway.ts';
import { Server } from '../server/server.ts';
import { createLog, type Log } from '../telemetry/log/log.ts';
import { openStandardOutput } from '../telemetry/log/standard-output.ts';
import { Metrics } from '../telemetry/metrics/metrics.ts';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import { type GatewayProcess, logConfigLoaded, type StartOptions } from './gateway-process.ts';
import { createNextGateway, startWithinLimit } from './next-gateway.ts';
import { type LoadedConfig, Reloader } from './reload.ts';

export class SingleProcess implements GatewayProcess {
  readonly log: Log;
  readonly #options: StartOptions;
  readonly #telemetry: Telemetry;
  readonly #server: Server;
  readonly #reloader: Reloader;

  constructor(options: StartOptions) {
    const metrics: Metrics = new Metrics({
      keySets: () => this.#server.gateway.verifier.status(),
      upstreams: () => this.#server.gateway.upstreams.listEndpoints(),
      build: options,
    });
    this.log = createLog(openStandardOutput(() => metrics.recordDroppedLine()));
    this.#options = options;
    this.#telemetry = createTelemetry(metrics, this.log);
    this.#server = new Server(new Gateway(options.config, this.#telemetry), this.#telemetry, options);
    this.#reloader = new Reloader(options, this.#telemetry, next => this.#replaceGateway(next));
    metrics.recordLoad();
  }

  async start(): Promise<void> {
    const { config, warnings, version } = this.#options;
    logConfigLoaded(this.log, config, warnings);
    // Not awaited: one issuer that is slow to answer must not hold up the APIs of the others. /readyz waits for the keys.
    this.#server.gateway.start();
    const addresses = await this.#server.listen();
    this.log.event('info', 'listening', { ...addresses, version });
    this.#reloader.watch();
  }

  async reload(): Promise<void> {
    await this.#reloader.reload();
    await this.#server.gateway.verifier.refetch();
  }

  async drain(signal: string): Promise<void> {
    this.log.event('info', 'draining', { signal });
    this.#reloader.close();
    await this.#server.drain();
    this.log.event('info', 'stopped');
    await this.log.close();
  }

  async #replaceGateway({ config, warnings }: LoadedConfig): Promise<boolean> {
    const next = await createNextGateway(this.#server.gateway, config, this.#telemetry);
    await startWithinLimit(next);
    this.#server.swap(next, warnings);
    return true;
  }
}
