/** The gateway in this process, from YAML text, on free ports of loopback. */

import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDiagnostic } from '../../src/config/diagnostics/diagnostic.ts';
import { loadConfig } from '../../src/config/load.ts';
import { Gateway } from '../../src/gateway.ts';
import { Server } from '../../src/server/server.ts';
import { createLog } from '../../src/telemetry/log/log.ts';
import { Metrics } from '../../src/telemetry/metrics/metrics.ts';
import { createTelemetry } from '../../src/telemetry/telemetry.ts';

export type LogLine = Readonly<Record<string, unknown>>;

export interface RunningGateway {
  /** 0 where it listens on a unix socket. */
  readonly port: number;
  readonly adminPort: number;
  /** 0 where the configuration has no authorizer, or it listens on a unix socket. */
  readonly authorizerPort: number;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly server: Server;
  /** Every line so far, as parsed. */
  readonly log: readonly LogLine[];
  /** @returns the lines of requests, once there are `count` of them. */
  requestLines(count: number): Promise<readonly LogLine[]>;
  /** @returns one sample of `/metrics`, e.g. `audgate_denials_total{route="/a",…}`; 0 where it is absent. */
  sample(series: string): Promise<number>;
  /** @returns the text of `/metrics`. */
  scrape(): Promise<string>;
  /** Drains, as SIGTERM does. */
  close(): Promise<void>;
}

/**
 * Starts a gateway.
 *
 * @param yaml without `admin`, and without `listen` unless the port has to be known before: they get port 0. Without `drain`, it
 *   is not delayed.
 * @throws with every problem where the configuration has one.
 */
export async function startGateway(yaml: string, environment: Record<string, string> = {}): Promise<RunningGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const file = join(folder, 'audgate.yaml');
  const drain = /^drain:/m.test(yaml) ? '' : 'drain: { delay: 1ms }\n';
  const listener = /^listen:/m.test(yaml) ? '' : 'listen: 127.0.0.1:0\n';
  writeFileSync(file, `${listener}admin: 127.0.0.1:0\n${drain}${yaml}`);
  const loaded = loadConfig(file, environment);
  rmSync(folder, { recursive: true });
  if (!loaded.ok) throw new Error(loaded.diagnostics.map(formatDiagnostic).join('\n'));

  const log = new LogRecorder();
  const metrics: Metrics = new Metrics({
    keySets: () => server.gateway.verifier.status(),
    upstreams: () => server.gateway.upstreams.listEndpoints(),
  });
  const telemetry = createTelemetry(metrics, createLog(log));
  const { config, warnings } = loaded;
  const server = new Server(new Gateway(config, telemetry), telemetry, { version: '0.0.0', warnings });
  await server.gateway.start();
  const { listen, authorizer, admin } = await server.listen();
  const port = 'port' in listen ? listen.port : 0;
  // The admin listener renders one page a second, and tests read more often, so this reads the metrics directly. Once /healthz
  // has answered, earlier requests are counted.
  const scrape = async () => {
    await fetch(`http://127.0.0.1:${admin.port}/healthz`);
    return Buffer.concat((await metrics.expose()).body).toString();
  };
  return {
    port,
    adminPort: admin.port,
    authorizerPort: authorizer && 'port' in authorizer ? authorizer.port : 0,
    origin: `http://127.0.0.1:${port}`,
    server,
    log: log.lines,
    requestLines: count => log.requestLines(count),
    scrape,
    sample: async series => readSample(await scrape(), series),
    close: () => server.drain(),
  };
}

/** @returns the value of one series in an exposition; 0 where it is absent. */
export function readSample(exposition: string, series: string): number {
  const line = exposition.split('\n').find(text => text.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

/** @returns what was counted of the failures of a route's upstream, by `reason/cause`. */
export function readFailures(exposition: string, route: string): Readonly<Record<string, number>> {
  const samples = /^audgate_upstream_failures_total\{route="([^"]*)",reason="(\w+)",cause="(\w+)"\} (\d+)$/gm;
  const found = [...exposition.matchAll(samples)].filter(([, name]) => name === route);
  return Object.fromEntries(found.map(([, , reason, cause, count]) => [`${reason}/${cause}`, Number(count)]));
}

class LogRecorder extends EventEmitter {
  readonly lines: LogLine[] = [];

  write(text: string): boolean {
    this.lines.push(JSON.parse(text));
    return this.emit('line');
  }

  async close(): Promise<void> {
    // Nothing is buffered.
  }

  async requestLines(count: number): Promise<readonly LogLine[]> {
    for (;;) {
      const lines = this.lines.filter(line => line['msg'] === 'request');
      if (lines.length >= count) return lines;
      await once(this, 'line');
    }
  }
}
