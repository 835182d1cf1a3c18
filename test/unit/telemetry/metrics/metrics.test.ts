import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAudienceIndex, type PresentedAudience } from '../../../../src/authorization/audience.ts';
import type { ProtectedRoute } from '../../../../src/config/config.ts';
import type { ResourceUri } from '../../../../src/config/values/uri.ts';
import { type Enforcement, REFUSALS, type Reason } from '../../../../src/denial.ts';
import type { FinishedRequest } from '../../../../src/telemetry/finished-request.ts';
import { Metrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { protectedRoute, publicRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';

const ISSUER = 'https://login.example';
const guard = (prefix: string, resource: ResourceUri, enforcement: Enforcement) =>
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

const announce = () => metrics.configure(ROUTES, createAudienceIndex(ROUTES), [ISSUER]);

/** The samples of one metric: labels in their order, then the value. */
async function samples(name: string): Promise<string[]> {
  const { body } = await metrics.expose();
  const lines = Buffer.concat(body)
    .toString()
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
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
  const text = Buffer.concat(body).toString();
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

  test('an upstream that answers every status there is: the registered ones, and a class for each of the others', async () => {
    for (let code = 100; code < 1000; code += 1) metrics.record(finishedRequest({ status: code }));
    const series = await samples('audgate_requests_total');
    expect(series.length).toBeLessThan(75);
    expect(series.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)).toBe(900);
  });
});

test('methods on ever more routes: past 100,000 series of requests, new ones are counted as OTHER with the class', async () => {
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

test('a path of several readings is counted from 0 where it can be reported: on report, and on public routes', async () => {
  announce();
  const series = (await samples('audgate_denials_total')).filter(line => line.includes('ambiguous_path'));
  expect(series).toEqual(
    ['/billing', '/status'].map(route => `{route="${route}",reason="ambiguous_path",action="forwarded"} 0`),
  );
});

describe('tokens for several audiences', () => {
  const MULTIPLE = 'audgate_multiple_audience_tokens_total';
  const sent = (audience: readonly string[], facts: Partial<FinishedRequest> = {}) =>
    metrics.record(finishedRequest({ route: profile, verified: exampleToken({ audience }), ...facts }));
  const atZero = ['profile', 'billing', 'search'].flatMap(route =>
    ['known', 'foreign'].map(outcome => `{route="/${route}",outcome="${outcome}"} 0`),
  );
  const [own, sibling] = ['https://profile.example/', 'https://billing.example/'] as const;

  test('each series exists at 0 from the start, and none on a public route', async () => {
    announce();
    expect(await samples(MULTIPLE)).toEqual(atZero.sort());
  });

  test.each([
    ['of this gateway', [own, sibling], {}, 'known'],
    ['one of somebody else', [own, 'https://elsewhere.example/'], {}, 'foreign'],
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
    announce();
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
    announce();
    sent(audience, facts as Partial<FinishedRequest>);
    expect(await samples(MULTIPLE)).toEqual(atZero.sort());
  });
});

test('which program this is', async () => {
  const said = new Metrics({ keySets: () => [], build: { version: '1.2.3', node: 'v20.0.0' } });
  const text = Buffer.concat((await said.expose()).body).toString();
  expect(text).toContain('\naudgate_build_info{version="1.2.3",node="v20.0.0"} 1\n');
});

test('label values are escaped', async () => {
  const key = '/a"\\\nb';
  metrics.record(finishedRequest({ route: publicRoute({ prefix: '/a', key }) }));
  expect(await samples('audgate_requests_total')).toEqual(['{route="/a\\"\\\\\\nb",method="GET",status="200"} 1']);
});

describe('many routes', () => {
  const many = (count: number, issuers: readonly string[]) => {
    const routes = Array.from({ length: count }, (_, index) =>
      protectedRoute({ prefix: `/${index}`, resource: `https://r${index}.example/`, issuers: new Set(issuers) }),
    );
    metrics.configure(routes, createAudienceIndex(routes), issuers);
    return routes;
  };
  const names = (count: number) => Array.from({ length: count }, (_, index) => `https://login${index}.example`);
  const presented = async () => {
    const lines = await samples(CONFUSED);
    return { series: lines.length, presented: new Set(lines.map(line => /presented="([^"]*)"/.exec(line)?.[1])).size };
  };

  test('up to 20,000 combinations: every sibling at 0', async () => {
    many(100, [ISSUER]);
    expect(await presented()).toEqual({ series: 100 * 101, presented: 102 });
  });

  test('past 20,000: only foreign and missing', async () => {
    many(150, [ISSUER]);
    expect(await presented()).toEqual({ series: 300, presented: 2 });
  });

  test('1,000 routes of 20 issuers: foreign and missing, and the page stays below 12 MB', async () => {
    many(1_000, names(20));
    expect(await presented()).toEqual({ series: 40_000, presented: 2 });
    expect(await samples('audgate_denials_total')).toHaveLength((Object.keys(REFUSALS).length - 5) * 1_000);
    const { body } = await metrics.expose();
    expect(body.reduce((bytes, piece) => bytes + piece.length, 0)).toBeLessThan(12_000_000);
  });

  test('past what a page can hold nothing begins at 0, and a first event is counted all the same', async () => {
    const [first] = many(10_000, names(20));
    expect(await presented()).toEqual({ series: 0, presented: 0 });
    expect(await samples('audgate_denials_total')).toHaveLength(0);
    const denial = { reason: 'wrong_audience', presented: 'foreign' } as const;
    metrics.record(finishedRequest({ route: first, outcome: 'denied', denial, verified: exampleToken() }));
    expect((await presented()).series).toBe(1);
  });

  test('the page is made in steps: the process goes on between them', async () => {
    for (const route of many(1_000, names(20))) metrics.record(finishedRequest({ route }));
    let turns = 0;
    let isMade = false;
    const page = metrics.expose().then(() => {
      isMade = true;
    });
    for (; !isMade; turns += 1) await setImmediate();
    await page;
    expect(turns).toBeGreaterThan(50);
  });
});

describe('reloads', () => {
  const serve = (...routes: readonly ProtectedRoute[]) => {
    const issuers = [...new Set(routes.flatMap(route => [...route.issuers]))];
    metrics.configure(routes, createAudienceIndex(routes), issuers);
  };
  const refuse = (route: ProtectedRoute, issuer = ISSUER, whose: PresentedAudience = 'foreign') => {
    const denial = { reason: 'wrong_audience', presented: whose } as const;
    metrics.record(finishedRequest({ route, outcome: 'denied', denial, verified: exampleToken({ issuer }) }));
  };
  const countLines = async () =>
    Buffer.concat((await metrics.expose()).body)
      .toString()
      .split('\n').length;

  test('what is counted of a route that a reload removed stays until the next one', async () => {
    serve(profile, search);
    refuse(search);
    serve(profile);
    expect(await samples('audgate_requests_total')).toHaveLength(1);
    serve(profile, search);
    expect(await samples('audgate_requests_total')).toHaveLength(1);
    serve(profile);
    serve(profile);
    expect(await samples('audgate_requests_total')).toHaveLength(0);
  });

  test('1,000 reloads with other routes, resources and issuers each: the page does not grow', async () => {
    let after10 = 0;
    for (let round = 0; round < 1_000; round += 1) {
      const issuer = `https://login${round}.example`;
      const resource: ResourceUri = `https://r${round}.example/`;
      const rest = { resource, issuers: new Set([issuer]) };
      const [stays, comes] = [
        protectedRoute({ prefix: '/stays', ...rest }),
        guard(`/${round}`, 'https://b.example/', 'enforce'),
      ];
      serve(stays, comes);
      refuse(stays, issuer, 'https://b.example/');
      refuse(comes, ISSUER, rest.resource);
      metrics.recordJwksFetch(issuer, 'success');
      if (round === 10) after10 = await countLines();
    }
    expect(after10).toBeGreaterThan(100);
    expect(await countLines()).toBeLessThanOrEqual(after10);
  });
});
