import { expect, test } from 'vitest';
import { mergeEndpointStatus } from '../../../../src/telemetry/merged/endpoint-status.ts';
import { mergeDenials, mergeKeySets } from '../../../../src/telemetry/merged/merged-report.ts';
import { RecentDenials } from '../../../../src/telemetry/recent/recent-denials.ts';
import { finishedRequest } from '../finished-example.ts';

function denialsAt(...times: readonly number[]) {
  const denials = new RecentDenials();
  denials.record(finishedRequest({ denial: { reason: 'missing_token' } }));
  return times.flatMap(at => denials.list().map(denial => ({ ...denial, at })));
}

test('denials of several processes: the latest 200, newest first', () => {
  expect(mergeDenials([denialsAt(9, 5, 1), [], denialsAt(7, 3)]).map(({ at }) => at)).toEqual([9, 7, 5, 3, 1]);
  const evens = Array.from({ length: 150 }, (_, n) => 600 - 2 * n);
  const merged = mergeDenials([denialsAt(...evens), denialsAt(...evens.map(at => at - 1))]);
  expect(merged.map(({ at }) => at)).toEqual(Array.from({ length: 200 }, (_, n) => 600 - n));
});

test('keys of an issuer: those of a process that has none yet, else the oldest', () => {
  const status = (issuer: string, ageSeconds: number | undefined, lastError?: string) => ({
    ...{ issuer, ageSeconds, lastError, refused: [] },
    keys: ageSeconds === undefined ? 0 : 2,
  });
  const merged = mergeKeySets([
    [status('a', 10), status('b', 1), status('c', 5)],
    [status('a', 90, 'it answered 500'), status('b', undefined), status('c', 4)],
  ]);
  expect(merged).toEqual([status('a', 90, 'it answered 500'), status('b', undefined), status('c', 5)]);
});

test('endpoints of several workers: left out where one of them leaves it out, for the longest pause', () => {
  const merged = mergeEndpointStatus([
    { upstream: 'a:80', leftOutSeconds: 0 },
    { upstream: 'b:80', cause: 'refused', leftOutSeconds: 0.5 },
    { upstream: 'a:80', cause: 'dns', leftOutSeconds: 0 },
    { upstream: 'b:80', cause: 'connect_timeout', leftOutSeconds: 4 },
    { upstream: 'a:80', leftOutSeconds: 0 },
  ]);
  expect(merged).toEqual([
    { upstream: 'a:80', cause: 'dns', leftOutSeconds: 0 },
    { upstream: 'b:80', cause: 'connect_timeout', leftOutSeconds: 4 },
  ]);
});
