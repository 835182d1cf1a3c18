/** The table of metrics, from which the reference is generated, against the page that Prometheus scrapes. */

import { beforeAll, expect, test } from 'vitest';
import { createAudienceIndex } from '../../../../src/authorization/audience.ts';
import { buildExceptions } from '../../../../src/config/exceptions/exception.ts';
import { COUNTERS, type CounterFamily, METRIC_FAMILIES } from '../../../../src/telemetry/metrics/families.ts';
import { Metrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';
import { listIssuers } from './example-routes.ts';

const ISSUER = 'https://login.example';
const route = protectedRoute({
  prefix: '/profile',
  resource: 'https://profile.example/',
  exceptions: buildExceptions([
    { client_id: 'batch', reasons: ['wrong_claim'], until: '2027-01-31', owner: 'team-batch' },
  ]),
});

let page: readonly string[];

beforeAll(async () => {
  const metrics = new Metrics({
    keySets: () => [{ issuer: ISSUER, keys: 1, ageSeconds: 1, lastError: undefined }],
    upstreams: () => [{ upstream: 'billing:8080', leftOutSeconds: 0 }],
    build: { version: '1', node: '2' },
  });
  metrics.configure([route], createAudienceIndex([route]), listIssuers([ISSUER]), [
    { label: 'api.example', expiresAt: 1 },
  ]);
  const verified = exampleToken();
  metrics.record(finishedRequest({ route, verified, upstreamMs: 1 }));
  const call = { method: 'tools/call', target: 'add' };
  metrics.record(finishedRequest({ route, verified, mcp: { messages: [call], isBatch: false, refused: undefined } }));
  const failure = { reason: 'upstream_timeout', cause: 'response_timeout' } as const;
  metrics.record(finishedRequest({ route, verified, outcome: 'failed', failure }));
  metrics.recordExchange(route.key, 'success');
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
  expect(samples.length, `no sample of ${name} on the page: beforeAll has to record what it counts`).toBeGreaterThan(0);
  for (const sample of samples) {
    const found = [...sample.matchAll(/[{,](\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => ({ label, value }));
    expect(found.map(({ label }) => label)).toEqual(labels.map(label => label.name));
    for (const [index, { value }] of found.entries()) expect(labels[index]?.values ?? [value]).toContain(value);
  }
});

/** What bounds each label without a closed list of values, so that no client can make the page grow. */
const BOUNDED_BY: Readonly<Record<string, string>> = {
  'requests.method': 'method-label.ts',
  'requests.status': 'MOST_REQUEST_SERIES',
  'denials.reason': 'denial.ts',
  'confusedDeputies.resource': 'the configuration; Counts.retain drops it',
  'confusedDeputies.presented': 'the configuration; Counts.retain drops it',
  'confusedDeputies.issuer': 'the configuration; Counts.retain drops it',
  'exceptionsUsed.exception': 'the configuration; Counts.dropUnused drops it',
  'mcpCalls.tool': 'the configuration; Counts.dropUnused drops it',
};

test('a label of a counter: bounded by a closed list, or by something that is named here', () => {
  const open = Object.entries<CounterFamily>(COUNTERS).flatMap(([counter, { labels }]) =>
    labels.flatMap(({ name, values }) => (values ? [] : [`${counter}.${name}`])),
  );
  const why =
    'Give the label its `values` in families.ts. One whose values are names of the configuration has to be dropped at a reload (Counts.retain); one that a client chooses needs a limit.';
  expect(open, why).toEqual(Object.keys(BOUNDED_BY));
});
