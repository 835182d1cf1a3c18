import { expect, test } from 'vitest';
import { countDenials, sumOf } from '../../../../src/admin/figures/counter-sums.ts';
import { buildMatrix } from '../../../../src/admin/figures/denial-matrix.ts';
import type { PresentedAudience } from '../../../../src/authorization/audience.ts';
import type { FinishedRequest } from '../../../../src/telemetry/finished-request.ts';
import { Metrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { createReport } from '../../../../src/telemetry/report.ts';
import { createTelemetry } from '../../../../src/telemetry/telemetry.ts';
import { protectedRoute, publicRoute } from '../../route/example-route.ts';
import { finishedRequest } from '../../telemetry/finished-example.ts';
import { exampleToken } from '../../token/example-token.ts';

const protect = (prefix: string) => protectedRoute({ prefix, resource: `https://api.example${prefix}` });
const wrong = (
  route: FinishedRequest['route'],
  presented: PresentedAudience,
  outcome: 'denied' | 'reported' = 'denied',
) => finishedRequest({ route, outcome, denial: { reason: 'wrong_audience', presented }, verified: exampleToken() });

async function report(requests: readonly FinishedRequest[]) {
  const metrics = new Metrics({ keySets: () => [] });
  for (const request of requests) metrics.record(request);
  const nothing = () => undefined;
  const log = { event: nothing, request: nothing, flush: nothing, close: async () => undefined };
  return createReport(createTelemetry(metrics, log), { keySets: [], upstreams: [] });
}

test('the matrix: a row for each resource, foreign, missing and multiple, and a column for each protected route', async () => {
  const [a, b] = [protect('/a'), protect('/b')];
  const requests = [wrong(a, b.resource), wrong(a, b.resource, 'reported'), wrong(a, b.resource), wrong(b, 'foreign')];
  const matrix = buildMatrix({ routes: [a, b, publicRoute({ prefix: '/c' })] }, await report(requests));
  const none = { refused: 0, reported: 0 };
  expect(matrix).toEqual({
    columns: [a, b],
    rows: [
      { presented: a.resource, cells: [undefined, none] },
      { presented: b.resource, cells: [{ refused: 2, reported: 1 }, undefined] },
      { presented: 'foreign', cells: [none, { refused: 1, reported: 0 }] },
      { presented: 'missing', cells: [none, none] },
      { presented: 'multiple', cells: [none, none] },
    ],
    leftOut: { rows: 0, columns: 0 },
  });
});

test('after a reload: a removed route is not shown, a removed resource still is', async () => {
  const [a, gone] = [protect('/a'), protect('/gone')];
  const { rows, columns } = buildMatrix(
    { routes: [a] },
    await report([wrong(a, gone.resource), wrong(gone, a.resource)]),
  );
  expect(columns).toEqual([a]);
  expect(rows.map(({ presented }) => presented)).toEqual([a.resource, 'foreign', 'missing', 'multiple', gone.resource]);
});

test('100 routes: those with most tokens are shown, in their order, and the others counted', async () => {
  const routes = Array.from({ length: 100 }, (_, index) => protect(`/r${index}`));
  const busy = [routes[99], routes[50]];
  const matrix = buildMatrix({ routes }, await report(busy.map(route => wrong(route, 'missing'))));
  expect(matrix.columns).toHaveLength(20);
  expect(matrix.rows).toHaveLength(24);
  expect(matrix.columns.slice(-2)).toEqual([routes[50], routes[99]]);
  expect(matrix.rows.map(({ presented }) => presented)).toContain('missing');
  expect(matrix.leftOut).toEqual({ rows: 103 - 24, columns: 80 });
});

test('4,000 routes: the matrix is made in less than a second', async () => {
  const routes = Array.from({ length: 4_000 }, (_, index) => protect(`/r${index}`));
  const counted = await report([wrong(routes[3_999], 'missing'), wrong(routes[7], 'https://elsewhere.example/')]);
  const startedAt = performance.now();
  const matrix = buildMatrix({ routes }, counted);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(matrix.columns).toContain(routes[3_999]);
  expect(matrix.columns).toContain(routes[7]);
  expect(matrix.rows.map(({ presented }) => presented)).toContain('missing');
});

test('denials: by route, action and reason, the most frequent first', async () => {
  const a = protect('/a');
  const denied = (reason: 'missing_token' | 'token_expired', outcome: 'denied' | 'reported') =>
    finishedRequest({ route: a, outcome, denial: { reason } });
  const requests = [
    denied('missing_token', 'denied'),
    denied('token_expired', 'denied'),
    denied('token_expired', 'denied'),
    denied('missing_token', 'reported'),
    finishedRequest({ route: a }),
  ];
  const counted = await report(requests);
  expect(countDenials(counted)).toEqual(
    new Map([
      [
        '/a',
        {
          refused: [
            { reason: 'token_expired', count: 2 },
            { reason: 'missing_token', count: 1 },
          ],
          reported: [{ reason: 'missing_token', count: 1 }],
        },
      ],
    ]),
  );
  expect(sumOf(counted, 'audgate_requests_total')).toBe(5);
  expect(sumOf(counted, 'audgate_denials_total', { action: 'refused' })).toBe(3);
  expect(sumOf(counted, 'no_such_metric')).toBe(0);
});
