/** Exemplars as Prometheus keeps them, of one process and of several workers. */

import { describe, expect, test } from 'vitest';
import { closeGatewayProcesses, startGatewayProcess } from '../support/gateway-process.ts';
import { isInstalled, startPrometheus } from '../support/prometheus.ts';
import { startUpstream } from '../support/upstream.ts';
import { eventually } from '../support/waiting.ts';

const HISTOGRAMS = ['audgate_request_duration_seconds_bucket', 'audgate_upstream_duration_seconds_bucket'];

interface Found {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: string }[];
}

describe.skipIf(!isInstalled('prometheus')).each([1, 2])('Prometheus and a gateway of %i workers', workers => {
  test('trace ids: stored as exemplars of the latency histograms, and the target is up', async () => {
    const upstream = await startUpstream();
    const yaml = `workers: ${workers}\nroutes: { /: { public: true, upstream: "${upstream.origin}" } }\n`;
    const gateway = await startGatewayProcess(yaml);
    const target = `127.0.0.1:${gateway.adminPort}`;
    const config = `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: audgate, static_configs: [{ targets: ["${target}"] }] }]
`;
    const prometheus = await startPrometheus(config, ['exemplar-storage']);
    try {
      const ids = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(32).replace(/^0/, 'a'));
      for (const id of ids) {
        const headers = { traceparent: `00-${id}-00f067aa0ba902b7-01`, connection: 'close' };
        await (await fetch(`http://127.0.0.1:${gateway.port}/a`, { headers })).arrayBuffer();
      }
      for (const name of HISTOGRAMS) {
        const query = `/api/v1/query_exemplars?query=${name}&start=0&end=${Date.now() / 1000 + 60}`;
        await eventually(async () => ((await prometheus.get(query)) as Found[]).length > 0, 30_000);
        const found = (await prometheus.get(query)) as Found[];
        const kept = found.flatMap(({ exemplars }) => exemplars);
        expect(kept.length).toBeGreaterThan(0);
        for (const { labels, value } of kept) {
          expect(ids).toContain(labels['trace_id']);
          expect(Number(value)).toBeGreaterThan(0);
        }
        expect(found[0]?.seriesLabels).toMatchObject({ __name__: name, route: '/' });
      }
      expect((await prometheus.query('up == 1'))[0]?.samples).toEqual([1]);
      const served = await prometheus.query('audgate_requests_total{route="/",method="GET",status="200"}');
      expect(served[0]?.samples).toEqual([8]);
    } finally {
      await prometheus.close();
      await closeGatewayProcesses();
      await upstream.close();
    }
  });
});
