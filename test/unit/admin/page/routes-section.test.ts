import { expect, test } from 'vitest';
import { textOf } from '../../../../src/admin/page/html.ts';
import { renderRoutes } from '../../../../src/admin/page/routes-section.ts';
import { Metrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { RecentTraffic } from '../../../../src/telemetry/recent/recent-traffic.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { finishedRequest } from '../../telemetry/finished-example.ts';

test('10,000 routes: 500 are shown, those with denials or failures, then those with most requests, in the order of the YAML', async () => {
  const routes = Array.from({ length: 10_000 }, (_, index) => protectedRoute({ prefix: `/r${index}` }));
  const [metrics, traffic] = [new Metrics({ keySets: () => [] }), new RecentTraffic()];
  const at = (index: number) => routes[index];
  for (const request of [
    finishedRequest({ route: at(9_999), outcome: 'reported', denial: { reason: 'missing_token' } }),
    finishedRequest({
      route: at(9_000),
      outcome: 'failed',
      failure: { reason: 'upstream_timeout', cause: 'response_timeout' },
    }),
    ...Array.from({ length: 600 }, (_, index) => finishedRequest({ route: at(1_000 + index) })),
    ...Array.from({ length: 600 }, (_, index) => finishedRequest({ route: at(8_000 - (index % 300)) })),
  ]) {
    metrics.record(request);
    traffic.record(request);
  }
  const report = {
    metrics: await metrics.list(),
    denials: [],
    keySets: [],
    upstreams: [],
    traffic: traffic.list(),
    exceptions: [],
  };
  const text = textOf(renderRoutes({ routes }, report, new Date()));
  const shown = [...text.matchAll(/scope="row"><code>(\/r\d+)<\/code>/g)].map(([, key = '']) => Number(key.slice(2)));
  expect(shown).toHaveLength(500);
  expect(shown).toEqual([...shown].sort((a, b) => a - b));
  expect(shown.slice(-2)).toEqual([9_000, 9_999]);
  expect(shown.filter(index => index > 7_700 && index <= 8_000)).toHaveLength(300);
  expect(text).toContain('9,500 routes more are in /status.json');
  expect(text.length).toBeLessThan(700_000);
});
