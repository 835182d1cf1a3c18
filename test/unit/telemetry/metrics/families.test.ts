/** The table of metrics, from which the reference is generated, against the page that Prometheus scrapes. */

import { beforeAll, expect, test } from 'vitest';
import { createAudienceIndex } from '../../../../src/authorization/audience.ts';
import { METRIC_FAMILIES } from '../../../../src/telemetry/metrics/families.ts';
import { Metrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';

const ISSUER = 'https://login.example';
const route = protectedRoute({ prefix: '/profile', resource: 'https://profile.example/' });

let page: readonly string[];

beforeAll(async () => {
  const metrics = new Metrics({
    keySets: () => [{ issuer: ISSUER, keys: 1, ageSeconds: 1, lastError: undefined }],
    build: { version: '1', node: '2' },
  });
  metrics.configure([route], createAudienceIndex([route]), [ISSUER]);
  const verified = exampleToken();
  metrics.record(finishedRequest({ route, verified, upstreamMs: 1 }));
  const failure = { reason: 'upstream_timeout', cause: 'response_timeout' } as const;
  metrics.record(finishedRequest({ route, verified, outcome: 'failed', failure }));
  const { body } = await metrics.expose();
  page = Buffer.concat(body)
    .toString()
    .split('\n')
    .filter(line => line.includes('audgate_'));
});

test('HELP and TYPE lines of the page: those of the table, in its order', () => {
  expect(page.filter(line => line.startsWith('#'))).toEqual(
    METRIC_FAMILIES.flatMap(({ name, type, help }) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]),
  );
});

test.each(METRIC_FAMILIES)('$name: samples with exactly these labels, and values out of its closed lists', family => {
  const { name, type, labels } = family;
  const suffix = type === 'histogram' ? '_count' : '';
  const samples = page.filter(line => new RegExp(`^${name}${suffix}[{ ]`).test(line));
  expect(samples.length).toBeGreaterThan(0);
  for (const sample of samples) {
    const found = [...sample.matchAll(/[{,](\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => ({ label, value }));
    expect(found.map(({ label }) => label)).toEqual(labels.map(label => label.name));
    for (const [index, { value }] of found.entries()) expect(labels[index]?.values ?? [value]).toContain(value);
  }
});
