import { beforeEach, describe, expect, test } from 'vitest';
import { createAudienceIndex } from '../../../../src/authorization/audience.ts';
import { buildExceptions, listExceptions } from '../../../../src/config/exceptions/exception.ts';
import type { Reason } from '../../../../src/denial.ts';
import type { FinishedRequest } from '../../../../src/telemetry/finished-request.ts';
import { Metrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { publicRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';
import { billing, ISSUER, listIssuers, profile, ROUTES, search, status } from './example-routes.ts';
import { readPage, readSamples } from './read-samples.ts';

let metrics: Metrics;

beforeEach(() => {
  metrics = new Metrics({ keySets: () => [] });
});

const configure = () => metrics.configure(ROUTES, createAudienceIndex(ROUTES), listIssuers([ISSUER]));

const samples = (name: string) => readSamples(metrics, name);

describe('a denial', () => {
  const denied = (route: typeof profile, reason: Reason, outcome: 'denied' | 'reported') =>
    finishedRequest({ route, outcome, denial: { reason } });

  test.each([
    [profile, 'missing_token', 'denied', 'refused'],
    [billing, 'missing_token', 'reported', 'forwarded'],
    [search, 'wrong_token_type', 'reported', 'forwarded'],
  ] as const)('is counted with its action: %#', async (route, reason, outcome, action) => {
    metrics.record(denied(route, reason, outcome));
    expect(await samples('audgate_denials_total')).toEqual([
      `{route="${route.key}",reason="${reason}",action="${action}"} 1`,
    ]);
  });

  test('without a route: counted for (none)', async () => {
    metrics.record(finishedRequest({ outcome: 'denied', status: 404, denial: { reason: 'no_route' } }));
    expect(await samples('audgate_denials_total')).toEqual(['{route="(none)",reason="no_route",action="refused"} 1']);
    expect(await samples('audgate_requests_total')).toEqual(['{route="(none)",method="GET",status="404"} 1']);
  });
});

test('an exception that lapsed before the response had closed: last used before that', async () => {
  const exceptions = buildExceptions([
    { client_id: 'batch', reasons: ['wrong_audience'], until: '2026-01-31', owner: 'team-batch' },
  ]);
  const route = { ...billing, exceptions };
  metrics.configure([route], createAudienceIndex([route]), listIssuers([ISSUER]));
  const [exception] = listExceptions(exceptions);
  if (!exception) throw new Error('no exception');
  metrics.record(finishedRequest({ route, outcome: 'reported', excused: [{ reason: 'wrong_audience', exception }] }));
  expect(await samples('audgate_exception_last_used_timestamp_seconds')).toEqual([
    `{route="/billing",exception="batch"} ${Date.parse('2026-02-01') / 1000 - 0.001}`,
  ]);
});

test('an upstream failure: counted as a failure, not as a denial', async () => {
  configure();
  const before = await samples('audgate_denials_total');
  const failure = { reason: 'upstream_timeout', cause: 'connect_timeout' } as const;
  metrics.record(finishedRequest({ route: profile, outcome: 'failed', status: 504, failure }));
  expect(await samples('audgate_denials_total')).toEqual(before);
  expect(await samples('audgate_upstream_failures_total')).toContain(
    '{route="/profile",reason="upstream_timeout",cause="connect_timeout"} 1',
  );
  expect(await samples('audgate_requests_total')).toEqual(['{route="/profile",method="GET",status="504"} 1']);
});

test('method, path, Host, audience and client of a caller: never a label', async () => {
  configure();
  const hostile = { method: 'EVIL', host: 'evil.example', path: '/evil' };
  const claims = { sub: 'evil', aud: 'evil' };
  const verified = exampleToken({ audience: ['evil'], claims });
  const denial = { reason: 'wrong_audience', presented: 'foreign' } as const;
  metrics.record(finishedRequest({ ...hostile, route: profile, outcome: 'denied', denial, verified }));
  const text = await readPage(metrics);
  expect(text).not.toMatch(/evil/i);
  expect(text).toContain('method="OTHER"');
});

describe('the status of a request', () => {
  test.each([
    [200, '200'],
    [101, '101'],
    [418, '418'],
    [511, '511'],
    [299, '2xx'],
    [430, '4xx'],
    [499, '4xx'],
    [509, '5xx'],
    [599, '5xx'],
    [700, '7xx'],
    [999, '9xx'],
  ])('%d: labelled %s', async (code, label) => {
    metrics.record(finishedRequest({ status: code }));
    expect(await samples('audgate_requests_total')).toEqual([`{route="(none)",method="GET",status="${label}"} 1`]);
  });

  test('an upstream that sends every status: a label for each registered one, and a class for the others', async () => {
    for (let code = 100; code < 1000; code += 1) metrics.record(finishedRequest({ status: code }));
    const series = await samples('audgate_requests_total');
    expect(series.length).toBeLessThan(75);
    expect(series.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)).toBe(900);
  });
});

test('past 100,000 series of requests: new ones are counted as OTHER with the class of the status', async () => {
  const methods = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'QUERY', 'TRACE', 'LOCK', 'COPY', 'MOVE', 'BIND'];
  const prefixes = Array.from({ length: 10_000 }, (_, index) => publicRoute({ prefix: `/${index}` }));
  for (const method of methods) for (const route of prefixes) metrics.record(finishedRequest({ route, method }));
  const series = await samples('audgate_requests_total');
  expect(series).toHaveLength(110_000);
  expect(series.filter(line => line.includes('method="OTHER",status="2xx"'))).toHaveLength(10_000);
  for (const route of prefixes) metrics.record(finishedRequest({ route, method: 'REPORT' }));
  expect(await samples('audgate_requests_total')).toHaveLength(110_000);
  metrics.record(finishedRequest({ route: prefixes[0], method: 'GET' }));
  expect(await samples('audgate_requests_total')).toContain('{route="/0",method="GET",status="200"} 2');
});

describe('tokens for several audiences', () => {
  const MULTIPLE = 'audgate_multiple_audience_tokens_total';
  const sent = (audience: readonly string[], facts: Partial<FinishedRequest> = {}) =>
    metrics.record(finishedRequest({ route: profile, verified: exampleToken({ audience }), ...facts }));
  const atZero = ['profile', 'billing', 'search'].flatMap(route =>
    ['known', 'foreign'].map(outcome => `{route="/${route}",outcome="${outcome}"} 0`),
  );
  const [own, sibling] = ['https://profile.example/', 'https://billing.example/'] as const;

  test('from the start: at 0, and no series on a public route', async () => {
    configure();
    expect(await samples(MULTIPLE)).toEqual(atZero.sort());
  });

  test.each([
    ['of this gateway', [own, sibling], {}, 'known'],
    ['one of another gateway', [own, 'https://elsewhere.example/'], {}, 'foreign'],
    // `only` asks for exactly one entry.
    ['the same twice', [own, own], {}, 'known'],
    [
      'a missing scope, which is judged later and reported',
      [own, 'x'],
      { outcome: 'reported', denial: { reason: 'insufficient_scope' } },
      'foreign',
    ],
    ['an upstream that failed', [own, sibling], { outcome: 'failed', status: 502 }, 'known'],
  ] as const)('accepted, %s: counted', async (_, audience, facts, outcome) => {
    configure();
    sent(audience, facts as Partial<FinishedRequest>);
    const counted = (await samples(MULTIPLE)).filter(line => !line.endsWith(' 0'));
    expect(counted).toEqual([`{route="/profile",outcome="${outcome}"} 1`]);
  });

  test.each([
    ['one audience', [own], {}],
    [
      'for somebody else, reported',
      ['x', 'y'],
      { outcome: 'reported', denial: { reason: 'wrong_audience', presented: 'foreign' } },
    ],
    ['of another type, reported', [own, 'x'], { outcome: 'reported', denial: { reason: 'wrong_token_type' } }],
    ['refused', [own, 'x'], { outcome: 'denied', denial: { reason: 'insufficient_scope' } }],
    ['on a public route', [own, 'x'], { route: status }],
  ] as const)('%s: not counted', async (_, audience, facts) => {
    configure();
    sent(audience, facts as Partial<FinishedRequest>);
    expect(await samples(MULTIPLE)).toEqual(atZero.sort());
  });
});

test('audgate_build_info: version and Node.js version', async () => {
  const metricsWithBuild = new Metrics({ keySets: () => [], build: { version: '1.2.3', node: 'v20.0.0' } });
  const text = await readPage(metricsWithBuild);
  expect(text).toContain('\naudgate_build_info{version="1.2.3",node="v20.0.0"} 1\n');
});

test('special characters in label values: escaped', async () => {
  const key = '/a"\\\nb';
  metrics.record(finishedRequest({ route: publicRoute({ prefix: '/a', key }) }));
  expect(await samples('audgate_requests_total')).toEqual(['{route="/a\\"\\\\\\nb",method="GET",status="200"} 1']);
});
