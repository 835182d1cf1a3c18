import { beforeEach, expect, test } from 'vitest';
import { MergedMetrics, withoutZeros } from '../../../src/telemetry/merged-metrics.ts';
import { Metrics, type Snapshot } from '../../../src/telemetry/metrics.ts';
import { readSample } from '../../support/gateway.ts';
import { publicRoute } from '../route/example-route.ts';
import { finishedRequest } from './finished-example.ts';

const HITS = 'audgate_token_cache_lookups_total{outcome="hit"}';
const AGE = 'audgate_jwks_age_seconds{issuer="i"}';
const KEYS = 'audgate_jwks_keys{issuer="i"}';

let merged: MergedMetrics;

beforeEach(() => {
  merged = new MergedMetrics(new Metrics({ keySets: () => [] }));
});

/** As a worker sends it. */
async function send({ hits = 0, requests = 0, keys = 1, age = 1 }): Promise<Snapshot> {
  const metrics = new Metrics({
    keySets: () => [{ issuer: 'i', keys, ageSeconds: age, lastError: undefined }],
  });
  for (let count = 0; count < hits; count += 1) metrics.recordCacheLookup('hit');
  for (let count = 0; count < requests; count += 1)
    metrics.record(finishedRequest({ route: publicRoute({ prefix: '/a' }), durationMs: 2 }));
  return JSON.parse(JSON.stringify(withoutZeros(await metrics.list())));
}

async function read(...series: string[]): Promise<number[]> {
  const { body } = await merged.expose();
  return series.map(each => readSample(body, each));
}

test('counters and histograms are summed up; of keys the fewest, of ages the oldest', async () => {
  merged.keep(1, await send({ hits: 2, requests: 3, keys: 2, age: 10 }));
  merged.keep(2, await send({ hits: 5, requests: 1, keys: 1, age: 20 }));
  const sums = [
    HITS,
    'audgate_request_duration_seconds_count{route="/a"}',
    'audgate_request_duration_seconds_bucket{le="0.0025",route="/a"}',
  ];
  expect(await read(...sums)).toEqual([7, 4, 4]);
  expect(await read(KEYS, AGE)).toEqual([1, 20]);
});

test('a worker that ended: what it counted stays, what it measured goes, and what comes late is not counted twice', async () => {
  merged.keep(1, await send({ hits: 2, requests: 3, age: 99 }));
  merged.keep(2, await send({ hits: 5, age: 1 }));
  const last = await send({ hits: 2, requests: 3 });
  merged.retire(1);
  merged.keep(1, last);
  merged.keep(3, await send({ hits: 1, age: 2 }));
  expect(await read(HITS, 'audgate_requests_total{route="/a",method="GET",status="200"}', AGE)).toEqual([8, 3, 2]);
  merged.retire(2);
  merged.retire(3);
  merged.retire(4);
  expect(await read(HITS, 'audgate_requests_total{route="/a",method="GET",status="200"}', AGE)).toEqual([8, 3, 0]);
});

test('the start of the process is in it, and every series of this process', async () => {
  merged.keep(1, await send({}));
  const { body, contentType } = await merged.expose();
  expect(contentType).toContain('text/plain');
  expect(readSample(body, 'process_start_time_seconds')).toBeGreaterThan(1_000_000_000);
  expect(body).toContain('audgate_config_reloads_total{outcome="failure"} 0');
});
