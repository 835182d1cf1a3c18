import { expect, test } from 'vitest';
import { readLifetime } from '../../../../src/token/keys/cache-lifetime.ts';
import { RefreshSchedule } from '../../../../src/token/keys/refresh-schedule.ts';

const SETTINGS = { refresh: 600_000, cooldown: 30_000 };
const FOREVER = Number.POSITIVE_INFINITY;

test.each([
  [undefined, 600_000],
  [300_000, 300_000],
  [1_000, 30_000],
  [86_400_000, 600_000],
])('lifetime %s ms: fetched again after %d ms', (lifetime, interval) => {
  const schedule = new RefreshSchedule(SETTINGS, () => 0);
  schedule.recordSuccess(1_000, 1_000, lifetime);
  expect(schedule.dueAt).toBe(1_000 + interval);
});

test('jitter: earlier by up to a tenth, never later', () => {
  for (const random of [0, 0.5, 0.999]) {
    const schedule = new RefreshSchedule(SETTINGS, () => random);
    schedule.recordSuccess(0, 0, undefined);
    expect(schedule.dueAt).toBeCloseTo(600_000 - 60_000 * random, 3);
  }
});

test('keys that another worker fetched: due when they are due there, but not before half the interval', () => {
  const schedule = new RefreshSchedule(SETTINGS, () => 0);
  schedule.recordSuccess(-200_000, 0, undefined);
  expect(schedule.dueAt).toBe(400_000);
  schedule.recordSuccess(-599_000, 0, undefined);
  expect(schedule.dueAt).toBe(300_000);
});

test('failures: after 1, 2, 4 … 30 s while there are keys; each second without', () => {
  const schedule = new RefreshSchedule(SETTINGS, () => 0);
  const waits = Array.from({ length: 7 }, () => {
    schedule.recordFailure(0, FOREVER);
    return schedule.dueAt;
  });
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  schedule.recordFailure(0, 0);
  expect(schedule.dueAt).toBe(1_000);
});

test('failure shortly before the keys end: the next attempt when they end', () => {
  const schedule = new RefreshSchedule(SETTINGS, () => 0.9);
  for (let failure = 0; failure < 6; failure += 1) schedule.recordFailure(0, FOREVER);
  schedule.recordFailure(0, 5_000);
  expect(schedule.dueAt).toBe(5_000);
});

test.each([
  ['max-age=300', undefined, 300_000],
  ['public, max-age=300, must-revalidate', undefined, 300_000],
  ['Max-Age="60"', undefined, 60_000],
  ['max-age=300', '100', 200_000],
  ['max-age=300, max-age=60', undefined, 60_000],
  ['private="x, max-age=5", max-age=60', undefined, 60_000],
  ['max-age=0', undefined, undefined],
  ['max-age=300', '300', undefined],
  ['no-cache, max-age=300', undefined, undefined],
  ['no-store', undefined, undefined],
  ['no-cache, no-store, max-age=0, must-revalidate', undefined, undefined],
  ['s-maxage=300', undefined, undefined],
  ['max-age=-1', undefined, undefined],
  ['max-age=1e9', undefined, undefined],
  ['max-age', undefined, undefined],
  ['', undefined, undefined],
])('Cache-Control "%s" with Age %s: %s ms', (control, age, lifetime) => {
  const headers = new Headers({ 'cache-control': control, ...(age !== undefined && { age }) });
  expect(readLifetime(headers)).toBe(lifetime);
});
