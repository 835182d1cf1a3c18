/** The gateway in one process, which is how it serves unless the configuration asks for workers. */

import { Gateway } from '../gateway.ts';
import { Server } from '../server/server.ts';
import { createLog, type Log, openStandardOutput } from '../telemetry/log/log.ts';
import { Metrics } from '../telemetry/metrics/metrics.ts';
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts';
import { type Beginning, logLoaded, type Serving } from './gateway-process.ts';
import { type Loaded, Reloads } from './reload.ts';

export class SingleProcess implements Serving {
  readonly log: Log;
  readonly #beginning: Beginning;
  readonly #telemetry: Telemetry;
  readonly #server: Server;
  readonly #reloads: Reloads;

  constructor(beginning: Beginning) {
    const metrics: Metrics = new Metrics({
      keySets: () => this.#server.gateway.verifier.status(),
      build: beginning,
    });
    this.log = createLog(openStandardOutput(() => metrics.recordDroppedLine()));
    this.#beginning = beginning;
    this.#telemetry = createTelemetry(metrics, this.log);
    this.#server = new Server(new Gateway(beginning.config, this.#telemetry), this.#telemetry, beginning);
    this.#reloads = new Reloads(beginning, this.#telemetry, next => this.#replace(next));
    metrics.recordLoad();
  }

  async start(): Promise<void> {
    const { config, warnings, version } = this.#beginning;
    logLoaded(this.log, config, warnings);
    // The APIs behind us do not wait for an issuer that is slow to answer: /readyz tells when every one was asked.
    this.#server.gateway.start();
    const listening = await this.#server.listen();
    this.log.event('info', 'listening', { listen: listening.listen, admin: listening.admin, version });
    this.#reloads.watch();
  }

  reload(): void {
    this.#reloads.reload();
  }

  async drain(signal: string): Promise<void> {
    this.log.event('info', 'draining', { signal });
    this.#reloads.close();
    await this.#server.drain();
    this.log.event('info', 'stopped');
    await this.log.close();
  }

  async #replace({ config, warnings }: Loaded): Promise<boolean> {
    const next = await Gateway.follow(this.#server.gateway, config, this.#telemetry);
    await next.start();
    this.#server.swap(next, warnings);
    return true;
  }
}
