import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RespawnBackoff } from '../../../../src/process/workers/respawn-backoff.ts';

let backoff: RespawnBackoff;

beforeEach(() => {
  vi.useFakeTimers();
  backoff = new RespawnBackoff();
});

afterEach(() => {
  vi.useRealTimers();
});

/** @returns the milliseconds from the exit of a worker that ran for `lifetime` to its respawn. */
function measureDelay(lifetime: number): number {
  const exitedAt = Date.now();
  let respawnedAt = Number.NaN;
  backoff.schedule(lifetime, () => {
    respawnedAt = Date.now();
  });
  vi.advanceTimersByTime(60_000);
  return respawnedAt - exitedAt;
}

test('workers that ran for 10 s and more: respawned at once', () => {
  expect([10_000, 60_000, 10_000].map(measureDelay)).toEqual([0, 0, 0]);
  expect(backoff.startLimit).toBe(15_000);
});

test('early exits: the delay doubles from 100 ms up to 30 s, the limit of the start from 15 s up to 60 s', () => {
  const limits: number[] = [];
  const delays = Array.from({ length: 11 }, () => {
    limits.push(backoff.startLimit);
    return measureDelay(9_999);
  });
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  expect(limits.slice(0, 4)).toEqual([15_000, 30_000, 60_000, 60_000]);
});

test('a worker that ran for a while after early exits: the delay starts over', () => {
  expect([0, 0, 10_000, 0].map(measureDelay)).toEqual([100, 200, 0, 100]);
});

test('closed: no respawn, neither of an exit before nor of one after', () => {
  const respawn = vi.fn();
  backoff.schedule(0, respawn);
  backoff.close();
  backoff.schedule(0, respawn);
  vi.advanceTimersByTime(60_000);
  expect(respawn).not.toHaveBeenCalled();
});
