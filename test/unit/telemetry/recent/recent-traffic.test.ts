import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FinishedRequest } from '../../../../src/telemetry/finished-request.ts';
import { MOST_CLIENTS, MOST_DETAILS } from '../../../../src/telemetry/recent/client-denials.ts';
import { mergeTraffic, RecentTraffic } from '../../../../src/telemetry/recent/recent-traffic.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { exampleToken, takeClock } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const route = protectedRoute({ prefix: '/a' });
const reported = (clientId?: unknown, facts: Partial<FinishedRequest> = {}) =>
  finishedRequest({
    route,
    outcome: 'reported',
    denial: { reason: 'wrong_audience', presented: 'foreign' },
    verified: exampleToken({ claims: { client_id: clientId } }),
    ...facts,
  });

let clock: ReturnType<typeof takeClock>;
beforeEach(() => {
  clock = takeClock();
});
afterEach(() => {
  vi.restoreAllMocks();
});

test('traffic by route: requests, refused, reported, failed, and the time of the latest denial', () => {
  const traffic = new RecentTraffic();
  traffic.record(finishedRequest({ route }));
  traffic.record(reported());
  traffic.record(finishedRequest({ route, outcome: 'denied', denial: { reason: 'missing_token' } }));
  traffic.record(
    finishedRequest({ route, outcome: 'failed', failure: { reason: 'upstream_timeout', cause: 'response_timeout' } }),
  );
  traffic.record(finishedRequest({ outcome: 'denied', denial: { reason: 'no_route' } }));
  const { routes } = traffic.list();
  expect(routes).toEqual([
    {
      route: '/a',
      windows: { hour: [4, 1, 1, 1], day: [4, 1, 1, 1] },
      lastRefused: expect.any(Number),
      lastReported: expect.any(Number),
    },
    {
      route: '(none)',
      windows: { hour: [1, 1, 0, 0], day: [1, 1, 0, 0] },
      lastRefused: expect.any(Number),
      lastReported: 0,
    },
  ]);
  clock.pass(2 * HOUR);
  expect(traffic.list().routes[0]?.windows).toEqual({ hour: [0, 0, 0, 0], day: [4, 1, 1, 1] });
  clock.pass(24 * HOUR);
  expect(traffic.list().routes).toEqual([]);
});

test('10,000 busy routes: under 6 MB of counters, which do not grow', () => {
  const traffic = new RecentTraffic();
  const routes = Array.from({ length: 10_000 }, (_, index) => protectedRoute({ prefix: `/r${index}` }));
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 3; round++) for (const each of routes) traffic.record(finishedRequest({ route: each }));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(6_000_000);
  expect(traffic.list().routes).toHaveLength(10_000);
});

describe('clients', () => {
  const listOf = (traffic: RecentTraffic) => traffic.list().clients;

  test.each([
    [{ client_id: 'a', azp: 'b', appid: 'c', cid: 'd' }, 'a'],
    [{ azp: 'b', appid: 'c', cid: 'd' }, 'b'],
    [{ appid: 'c', cid: 'd' }, 'c'],
    [{ cid: 'd' }, 'd'],
    [{ client_id: 7, cid: 'd' }, undefined],
    [{ sub: 'alice' }, undefined],
  ])('%j: %s', (claims, clientId) => {
    const traffic = new RecentTraffic();
    traffic.record(reported(undefined, { verified: exampleToken({ claims }) }));
    expect(listOf(traffic)).toMatchObject([{ clientId, reported: 1, refused: 0 }]);
  });

  test('several clients: each with its counts by route and reason, most denials first', () => {
    const traffic = new RecentTraffic();
    traffic.record(reported('seldom'));
    for (let count = 0; count < 3; count++) traffic.record(reported('often'));
    traffic.record(reported('often', { outcome: 'denied', denial: { reason: 'insufficient_scope' } }));
    expect(listOf(traffic)).toMatchObject([
      {
        clientId: 'often',
        refused: 1,
        reported: 3,
        windows: { hour: [1, 3], day: [1, 3] },
        details: [
          { route: '/a', reason: 'wrong_audience', action: 'forwarded', count: 3 },
          { route: '/a', reason: 'insufficient_scope', action: 'refused', count: 1 },
        ],
      },
      { clientId: 'seldom' },
    ]);
  });

  test('one client id at two issuers: two clients; no client id, or an empty one: one client without a name', () => {
    const traffic = new RecentTraffic();
    traffic.record(reported('shop'));
    traffic.record(
      reported('shop', { verified: exampleToken({ issuer: 'https://b', claims: { client_id: 'shop' } }) }),
    );
    traffic.record(reported(''));
    traffic.record(reported(undefined));
    expect(listOf(traffic)).toHaveLength(3);
  });

  test('a token that did not verify, or was not denied: no client is listed', () => {
    const traffic = new RecentTraffic();
    traffic.record(reported('shop', { verified: undefined }));
    traffic.record(reported('shop', { outcome: 'forwarded', denial: undefined }));
    expect(listOf(traffic)).toEqual([]);
  });

  test('a stream of new client ids: at most 200 are kept, cut, and the frequent one stays', () => {
    const traffic = new RecentTraffic();
    for (let count = 0; count < 5_000; count++) {
      traffic.record(reported(`${count}-${'x'.repeat(2_000)}`));
      if (count % 10 === 0) traffic.record(reported('busy'));
    }
    const clients = listOf(traffic);
    expect(clients).toHaveLength(MOST_CLIENTS);
    expect(clients[0]).toMatchObject({ clientId: 'busy', reported: 500 });
    expect(Math.max(...clients.map(({ clientId = '' }) => clientId.length))).toBe(257);
    expect(JSON.stringify(clients).length).toBeLessThan(MOST_CLIENTS * 1_000);
  });

  test('a client that tries every route: a bounded list of details', () => {
    const traffic = new RecentTraffic();
    for (let index = 0; index < 1_000; index++)
      traffic.record(reported('scanner', { route: protectedRoute({ prefix: `/r${index}` }) }));
    expect(listOf(traffic)[0]?.details).toHaveLength(MOST_DETAILS);
    expect(listOf(traffic)[0]?.reported).toBe(1_000);
  });
});

test('traffic of several processes: sums, latest times, complete since the last one started; of none: since now', () => {
  const [one, other] = [new RecentTraffic(), new RecentTraffic()];
  for (const traffic of [one, other]) traffic.record(reported('shop'));
  other.record(reported('batch'));
  const lists = [one.list(), { ...other.list(), since: 5_000_000_000_000 }];
  const merged = mergeTraffic(lists);
  expect(merged.since).toBe(5_000_000_000_000);
  expect(merged.routes).toMatchObject([{ route: '/a', windows: { hour: [3, 0, 3, 0] } }]);
  expect(merged.clients).toMatchObject([
    { clientId: 'shop', reported: 2, windows: { day: [0, 2] }, details: [{ count: 2 }] },
    { clientId: 'batch', reported: 1 },
  ]);
  const many = Array.from({ length: 150 }, (_, index) => index);
  const tell = (name: string) => {
    const traffic = new RecentTraffic();
    for (const index of many) traffic.record(reported(`${name}${index}`));
    return traffic.list();
  };
  expect(mergeTraffic([tell('a'), tell('b')]).clients).toHaveLength(MOST_CLIENTS);
  expect(mergeTraffic([])).toEqual({ since: expect.any(Number), routes: [], clients: [], scopeClaims: [] });
});
