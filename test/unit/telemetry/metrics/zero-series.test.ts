/** The series that exist at 0, and what becomes of series at a reload. */

import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAudienceIndex, type PresentedAudience } from '../../../../src/authorization/audience.ts';
import type { ProtectedRoute } from '../../../../src/config/config.ts';
import { buildExceptions } from '../../../../src/config/exceptions/exception.ts';
import type { Exchange } from '../../../../src/config/exchange-config.ts';
import type { ResourceUri } from '../../../../src/config/values/address/uri.ts';
import { EXCUSABLE_REASONS, isDecidedWithin, REASONS, REFUSALS, type Reason } from '../../../../src/denial.ts';
import {
  COUNTER_NAMES,
  COUNTERS,
  type CounterFamily,
  type CounterName,
} from '../../../../src/telemetry/metrics/families.ts';
import { Metrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';
import { ISSUER, listIssuers, profile, protect, ROUTES, search } from './example-routes.ts';
import { readPage, readSamples } from './read-samples.ts';

let metrics: Metrics;

beforeEach(() => {
  metrics = new Metrics({ keySets: () => [] });
});

const configure = () => metrics.configure(ROUTES, createAudienceIndex(ROUTES), listIssuers([ISSUER]));

const samples = (name: string) => readSamples(metrics, name);

const CONFUSED = 'audgate_confused_deputy_rejections_total';
const confused = (route: string, resource: string, presented: string, action: string, value: number) =>
  `{route="${route}",resource="${resource}",presented="${presented}",issuer="${ISSUER}",action="${action}"} ${value}`;

describe('the confused-deputy series that can occur', () => {
  test('from the start: at 0 for siblings, foreign and missing, with the action of the enforcement mode', async () => {
    configure();
    const [a, b, c] = ['https://profile.example/', 'https://billing.example/', 'https://search.example/'] as const;
    const expected = [
      ...[b, c, 'foreign', 'missing'].map(presented => confused('/profile', a, presented, 'refused', 0)),
      ...[a, c, 'foreign', 'missing'].map(presented => confused('/billing', b, presented, 'forwarded', 0)),
      ...[a, b, 'foreign', 'missing'].map(presented => confused('/search', c, presented, 'forwarded', 0)),
    ];
    expect(await samples(CONFUSED)).toEqual(expected.sort());
  });

  test('a rejection: increments one of them and adds no other', async () => {
    configure();
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

  test('a denial for another reason: increments none of them', async () => {
    configure();
    const before = await samples(CONFUSED);
    for (const reason of Object.keys(REFUSALS) as Reason[]) {
      metrics.record(
        finishedRequest({ route: profile, outcome: 'denied', denial: { reason }, verified: exampleToken() }),
      );
    }
    expect(await samples(CONFUSED)).toEqual(before);
  });
});

const EXCHANGE: Exchange = {
  ...{ tokenEndpoint: 'https://login.example/token', grant: 'token-exchange', clientId: 'gateway' },
  ...{ authentication: { method: 'basic', secret: 'secret' }, resource: 'https://inner.example/', audience: undefined },
  ...{ scopes: [], opaque: false, timeout: 5_000, caFile: undefined, proxy: undefined },
};

const EXCEPTIONS = buildExceptions([
  { client_id: 'batch', reasons: [...EXCUSABLE_REASONS], until: '2027-01-31', owner: 'team-batch' },
]);

/** Where each counter begins for a protected route, an issuer or the gateway. */
const BEGINS: Readonly<Record<CounterName, 'at 0' | 'at its first event'>> = {
  requests: 'at its first event',
  denials: 'at 0',
  confusedDeputies: 'at 0',
  exceptionsUsed: 'at 0',
  multipleAudiences: 'at 0',
  mcpCalls: 'at its first event',
  upstreamFailures: 'at its first event',
  tokenExchanges: 'at 0',
  jwksFetches: 'at 0',
  introspections: 'at 0',
  cacheLookups: 'at 0',
  reloads: 'at 0',
  ended: 'at 0',
  handshakeFailures: 'at 0',
  restarts: 'at 0',
  droppedLines: 'at 0',
};

test.each(COUNTER_NAMES)('%s: begins where BEGINS says', async counter => {
  const excusing = { prefix: '/excusing', exceptions: EXCEPTIONS };
  const routes = [...ROUTES, protectedRoute({ prefix: '/exchanging', exchange: EXCHANGE }), protectedRoute(excusing)];
  metrics.configure(routes, createAudienceIndex(routes), listIssuers([ISSUER]));
  const { name, labels }: CounterFamily = COUNTERS[counter];
  const zeros = (await samples(name)).filter(line => line.endsWith(' 0'));
  const why = `${name}: rate() misses the first event of a series that does not begin at 0. A counter by route begins at 0 by a line in #listOfRoute of zero-series.ts`;
  expect(zeros.length > 0, why).toBe(BEGINS[counter] === 'at 0');
  if (zeros.length === 0) return;
  for (const { name: label, values = [] } of labels) {
    for (const value of values) {
      expect(
        zeros.some(line => line.includes(`${label}="${value}"`)),
        `${label}="${value}"`,
      ).toBe(true);
    }
  }
});

test('what an exchange refuses, and its outcomes: at 0 only where there is one', async () => {
  configure();
  const found = async () => [
    ...(await samples('audgate_denials_total')),
    ...(await samples('audgate_token_exchanges_total')),
  ];
  expect((await found()).filter(line => line.includes('exchang'))).toEqual([]);
  const exchanging = protectedRoute({ prefix: '/exchanging', exchange: EXCHANGE });
  metrics.configure([exchanging], createAudienceIndex([exchanging]), listIssuers([ISSUER]));
  const lines = (await found()).filter(line => /reason="exchange_|outcome=/.test(line));
  expect(lines.map(line => /(?:reason|outcome)="(\w+)"/.exec(line)?.[1]).sort()).toEqual([
    ...['exchange_refused', 'exchange_unavailable', 'failure', 'hit', 'refused', 'success'],
  ]);
});

test('ambiguous_path: at 0 where it can be reported, on report and on public routes', async () => {
  configure();
  const series = (await samples('audgate_denials_total')).filter(line => line.includes('ambiguous_path'));
  expect(series).toEqual(
    ['/billing', '/status'].map(route => `{route="${route}",reason="ambiguous_path",action="forwarded"} 0`),
  );
});

describe('many routes', () => {
  const many = (count: number, issuers: readonly string[]) => {
    const routes = Array.from({ length: count }, (_, index) =>
      protectedRoute({ prefix: `/${index}`, resource: `https://r${index}.example/`, issuers: new Set(issuers) }),
    );
    metrics.configure(routes, createAudienceIndex(routes), listIssuers(issuers));
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
    const ofRoutes = REASONS.filter(reason => isDecidedWithin(reason, 'method', 'fault')).filter(
      reason => !isDecidedWithin(reason, 'exchange', 'exchange'),
    );
    expect(await samples('audgate_denials_total')).toHaveLength(ofRoutes.length * 1_000);
    const { body } = await metrics.expose();
    expect(body.reduce((bytes, piece) => bytes + piece.length, 0)).toBeLessThan(12_000_000);
  });

  test('past 100,000 series: none begins at 0, and the first event is counted', async () => {
    const [first] = many(10_000, names(20));
    expect(await presented()).toEqual({ series: 0, presented: 0 });
    expect(await samples('audgate_denials_total')).toHaveLength(0);
    const denial = { reason: 'wrong_audience', presented: 'foreign' } as const;
    metrics.record(finishedRequest({ route: first, outcome: 'denied', denial, verified: exampleToken() }));
    expect((await presented()).series).toBe(1);
  });

  test('the page is made in steps, between which the event loop turns', async () => {
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
    metrics.configure(routes, createAudienceIndex(routes), listIssuers(issuers));
  };
  const refuse = (route: ProtectedRoute, issuer = ISSUER, whose: PresentedAudience = 'foreign') => {
    const denial = { reason: 'wrong_audience', presented: whose } as const;
    metrics.record(finishedRequest({ route, outcome: 'denied', denial, verified: exampleToken({ issuer }) }));
  };
  const countLines = async () => (await readPage(metrics)).split('\n').length;

  test('a route that a reload removed: its counts stay until the next reload', async () => {
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

  test('1,000 reloads with different routes, resources and issuers: the page does not grow', async () => {
    let after10 = 0;
    for (let round = 0; round < 1_000; round += 1) {
      const issuer = `https://login${round}.example`;
      const resource: ResourceUri = `https://r${round}.example/`;
      const rest = { resource, issuers: new Set([issuer]) };
      const [stays, comes] = [
        protectedRoute({ prefix: '/stays', ...rest }),
        protect(`/${round}`, 'https://b.example/', 'enforce'),
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
