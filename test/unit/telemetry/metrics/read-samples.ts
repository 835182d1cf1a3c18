/** Reads the page for Prometheus, for tests of single metrics. */

import type { Metrics } from '../../../../src/telemetry/metrics/metrics.ts';

/** @returns the samples of one metric, sorted: labels in their order, then the value. */
export async function readSamples(metrics: Metrics, name: string): Promise<string[]> {
  const lines = (await readPage(metrics)).split('\n');
  const samples = lines.filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return samples.map(line => line.slice(name.length)).sort();
}

/** @returns the whole page. */
export async function readPage(metrics: Metrics): Promise<string> {
  const { body } = await metrics.expose();
  return Buffer.concat(body).toString();
}
