import { beforeEach, describe, expect, test } from 'vitest';
import { createAudienceIndex } from '../../../src/authorization/audience.ts';
import { type Enforcement, REFUSALS, type Reason } from '../../../src/denial.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';
import { exampleToken } from '../token/example-token.ts';
import { finishedRequest } from './finished-example.ts';

const ISSUER = 'https://login.example';
const guard = (prefix: string, resource: string, enforcement: Enforcement) =>
  protectedRoute({ prefix, resource, enforcement });
const profile = guard('/profile', 'https://profile.example/', 'enforce');
const billing = guard('/billing', 'https://billing.example/', 'report');
const search = guard('/search', 'https://search.example/', 'verify');
const status = publicRoute({ prefix: '/status' });
const ROUTES = [profile, billing, search, status];

let metrics: Metrics;

beforeEach(() => {
  metrics = new Metrics({ keySets: () => [] });
});

const announce = () => metrics.announce(ROUTES, createAudienceIndex(ROUTES), [ISSUER]);

/** The samples of one metric: labels in their order, then the value. */
async function samples(name: string): Promise<string[]> {
  const { body } = await metrics.expose();
  const lines = body.split('\n').filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.map(line => line.slice(name.length)).sort();
}

const CONFUSED = 'audgate_confused_deputy_rejections_total';
const confused = (route: string, resource: string, presented: string, action: string, value: number) =>
  `{route="${route}",resource="${resource}",presented="${presented}",issuer="${ISSUER}",action="${action}"} ${value}`;

describe('each confused-deputy series that can occur exists at 0 from the start', () => {
  test('siblings, foreign and missing, with the action of the rung', async () => {
    announce();
    const [a, b, c] = ['https://profile.example/', 'https://billing.example/', 'https://search.example/'] as const;
    const expected = [
      ...[b, c, 'foreign', 'missing'].map(presented => confused('/profile', a, presented, 'refused', 0)),
      ...[a, c, 'foreign', 'missing'].map(presented => confused('/billing', b, presented, 'forwarded', 0)),
      ...[a, b, 'foreign', 'missing'].map(presented => confused('/search', c, presented, 'forwarded', 0)),
    ];
    expect(await samples(CONFUSED)).toEqual(expected.sort());
  });

  test('a rejection counts one of them up and makes no other', async () => {
    announce();
    const before = await samples(CONFUSED);
    const denial = { reason: 'wrong_audience', presented: 'https://billing.example/' } as const;
    const rejected = finishedRequest({
      route: profile,
      outcome: 'denied',
      status: 401,
      denial,
      verified: exampleToken(),
    });
    metrics.record(rejected);
    metrics.record(rejected);
    const after = await samples(CONFUSED);
    const counted = confused('/profile', 'https://profile.example/', 'https://billing.example/', 'refused', 2);
    expect(after.filter(line => !before.includes(line))).toEqual([counted]);
    expect(after).toHaveLength(before.length);
  });

  test('a denial for another reason counts none of them', async () => {
    announce();
    const before = await samples(CONFUSED);
    for (const reason of Object.keys(REFUSALS) as Reason[]) {
      metrics.record(
        finishedRequest({ route: profile, outcome: 'denied', denial: { reason }, verified: exampleToken() }),
      );
    }
    expect(await samples(CONFUSED)).toEqual(before);
  });
});

describe('a denial', () => {
  const denied = (route: typeof profile, reason: Reason, outcome: 'denied' | 'reported') =>
    finishedRequest({ route, outcome, denial: { reason } });

  test.each([
    [profile, 'missing_token', 'denied', 'refused'],
    [billing, 'missing_token', 'reported', 'forwarded'],
    [search, 'wrong_token_type', 'reported', 'forwarded'],
  ] as const)('is counted by what became of it: %#', async (route, reason, outcome, action) => {
    metrics.record(denied(route, reason, outcome));
    expect(await samples('audgate_denials_total')).toEqual([
      `{route="${route.key}",reason="${reason}",action="${action}"} 1`,
    ]);
  });

  test('before there is a route is counted for (none)', async () => {
    metrics.record(finishedRequest({ outcome: 'denied', status: 404, denial: { reason: 'no_route' } }));
    expect(await samples('audgate_denials_total')).toEqual(['{route="(none)",reason="no_route",action="refused"} 1']);
    expect(await samples('audgate_requests_total')).toEqual(['{route="(none)",method="GET",status="404"} 1']);
  });
});

test('a failure is no denial (contract section 3)', async () => {
  announce();
  const before = await samples('audgate_denials_total');
  const failure = { reason: 'upstream_timeout', cause: 'connect_timeout' } as const;
  metrics.record(finishedRequest({ route: profile, outcome: 'failed', status: 504, failure }));
  expect(await samples('audgate_denials_total')).toEqual(before);
  expect(await samples('audgate_upstream_failures_total')).toContain(
    '{route="/profile",reason="upstream_timeout",cause="connect_timeout"} 1',
  );
  expect(await samples('audgate_requests_total')).toEqual(['{route="/profile",method="GET",status="504"} 1']);
});

test('nothing that a caller can choose becomes a label', async () => {
  announce();
  const hostile = { method: 'EVIL', host: 'evil.example', path: '/evil' };
  const claims = { sub: 'evil', aud: 'evil' };
  const verified = exampleToken({ audience: ['evil'], claims });
  const denial = { reason: 'wrong_audience', presented: 'foreign' } as const;
  metrics.record(finishedRequest({ ...hostile, route: profile, outcome: 'denied', denial, verified }));
  const { body } = await metrics.expose();
  expect(body).not.toMatch(/evil/i);
  expect(body).toContain('method="OTHER"');
});
