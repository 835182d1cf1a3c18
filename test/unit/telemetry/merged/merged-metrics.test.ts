import { beforeEach, describe, expect, test } from 'vitest';
import { MergedMetrics } from '../../../../src/telemetry/merged/merged-metrics.ts';
import { Metrics, type ProcessMetrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { readSample } from '../../../support/gateway.ts';
import { publicRoute } from '../../route/example-route.ts';
import { finishedRequest } from '../finished-example.ts';

const HITS = 'audgate_token_cache_lookups_total{outcome="hit"}';
const AGE = 'audgate_jwks_age_seconds{issuer="i"}';
const KEYS = 'audgate_jwks_keys{issuer="i"}';

let merged: MergedMetrics;

beforeEach(() => {
  merged = new MergedMetrics(new Metrics({ keySets: () => [] }));
});

/** As a worker sends it. */
async function metricsOfWorker({ hits = 0, requests = 0, keys = 1, age = 1 }): Promise<ProcessMetrics> {
  const metrics = new Metrics({
    keySets: () => [{ issuer: 'i', keys, ageSeconds: age, lastError: undefined }],
  });
  for (let count = 0; count < hits; count += 1) metrics.recordCacheLookup('hit');
  for (let count = 0; count < requests; count += 1)
    metrics.record(finishedRequest({ route: publicRoute({ prefix: '/a' }), durationMs: 2 }));
  return JSON.parse(JSON.stringify(await metrics.readChanges(0, 0)));
}

async function read(...series: string[]): Promise<number[]> {
  const { body } = await merged.expose('text');
  return series.map(each => readSample(Buffer.concat(body).toString(), each));
}

test('two workers: counters and histograms are summed, keys are the fewest, ages the oldest', async () => {
  merged.add(1, await metricsOfWorker({ hits: 2, requests: 3, keys: 2, age: 10 }));
  merged.add(2, await metricsOfWorker({ hits: 5, requests: 1, keys: 1, age: 20 }));
  const sums = [
    HITS,
    'audgate_request_duration_seconds_count{route="/a"}',
    'audgate_request_duration_seconds_bucket{le="0.0025",route="/a"}',
  ];
  expect(await read(...sums)).toEqual([7, 4, 4]);
  expect(await read(KEYS, AGE)).toEqual([1, 20]);
});

test('exemplars of two workers: the newest of each bucket is kept, also when its worker has exited', async () => {
  const [older, newer] = ['a'.repeat(32), 'b'.repeat(32)];
  const observed = async (durationMs: number, traceId: string) => {
    const metrics = new Metrics({ keySets: () => [] });
    metrics.record(finishedRequest({ route: publicRoute({ prefix: '/a' }), durationMs, traceId }));
    return JSON.parse(JSON.stringify(await metrics.readChanges(0, 0)));
  };
  const first = await observed(2, older);
  const second = await observed(2, newer);
  merged.add(2, second);
  merged.add(1, first);
  merged.add(1, await observed(7, older));
  merged.retire(1);
  const page = Buffer.concat((await merged.expose('openmetrics')).body).toString();
  const exemplars = [
    ...page.matchAll(/_duration_seconds_bucket\{le="([^"]*)",[^}]*\} \d+ # \{trace_id="(\w+)"\} ([\d.]+) /g),
  ];
  expect(exemplars.map(([, le, id, value]) => [le, id, value])).toEqual([
    ['0.0025', newer, '0.002'],
    ['0.01', older, '0.007'],
  ]);
});

test('a worker that exited: its counts stay, its gauges go, and a late message is not counted twice', async () => {
  merged.add(1, await metricsOfWorker({ hits: 2, requests: 3, age: 99 }));
  merged.add(2, await metricsOfWorker({ hits: 5, age: 1 }));
  const last = await metricsOfWorker({ hits: 2, requests: 3 });
  merged.retire(1);
  merged.add(1, last);
  merged.add(3, await metricsOfWorker({ hits: 1, age: 2 }));
  expect(await read(HITS, 'audgate_requests_total{route="/a",method="GET",status="200"}', AGE)).toEqual([8, 3, 2]);
  merged.retire(2);
  merged.retire(3);
  merged.retire(4);
  expect(await read(HITS, 'audgate_requests_total{route="/a",method="GET",status="200"}', AGE)).toEqual([8, 3, 0]);
});

test('the merged page: has the start time and every series of this process', async () => {
  merged.add(1, await metricsOfWorker({}));
  const { body, contentType } = await merged.expose('text');
  const text = Buffer.concat(body).toString();
  expect(contentType).toContain('text/plain');
  expect(readSample(text, 'process_start_time_seconds')).toBeGreaterThan(1_000_000_000);
  expect(text).toContain('audgate_config_reloads_total{outcome="failure"} 0');
});

describe('counts sent in parts', () => {
  const routes = Array.from({ length: 500 }, (_, index) => publicRoute({ prefix: `/${index}` }));
  const total = async () => {
    const lines = Buffer.concat((await merged.expose('text')).body)
      .toString()
      .split('\n');
    const counted = lines.filter(line => line.startsWith('audgate_requests_total{'));
    return counted.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
  };

  test('parts are small, only changes are sent again, and a lost part is requested again', async () => {
    const metrics = new Metrics({ keySets: () => [] });
    for (const route of routes) metrics.record(finishedRequest({ route }));
    const first = await metrics.readChanges(0, 0);
    expect(first.changes.tallies).toHaveLength(200);
    merged.add(1, first);
    // The second part does not arrive, and meanwhile a route of the first one counts.
    metrics.record(finishedRequest({ route: routes[0] }));
    expect(merged.versionOf(1)).toBe(0);
    let asked = 0;
    const ask = async () => {
      const since = merged.versionOf(1);
      for (let from: number | undefined = 0; from !== undefined; asked += 1) {
        const told: ProcessMetrics = JSON.parse(JSON.stringify(await metrics.readChanges(since, from)));
        merged.add(1, told);
        from = told.changes.next;
      }
    };
    await ask();
    expect([asked, await total()]).toEqual([3, 501]);
    metrics.record(finishedRequest({ route: routes[7] }));
    const again = await metrics.readChanges(merged.versionOf(1), 0);
    expect(again.changes.tallies.map(({ name }) => name)).toEqual(['/7']);
    await ask();
    expect([asked, await total()]).toEqual([4, 502]);
  });

  test('counts that change between two parts: not lost', async () => {
    const metrics = new Metrics({ keySets: () => [] });
    for (const route of routes) metrics.record(finishedRequest({ route }));
    for (let from: number | undefined = 0; from !== undefined; ) {
      const told: ProcessMetrics = await metrics.readChanges(merged.versionOf(1), from);
      merged.add(1, told);
      from = told.changes.next;
      // A route of the first part, and one of the last.
      metrics.record(finishedRequest({ route: routes[0] }));
      metrics.record(finishedRequest({ route: routes[499] }));
    }
    merged.add(1, await metrics.readChanges(merged.versionOf(1), 0));
    expect(await total()).toBe(500 + 6);
  });
});
