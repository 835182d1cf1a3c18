import { expect, test } from 'vitest';
import { shareResult } from '../../../src/admin/shared-result.ts';
import { pause } from '../../support/waiting.ts';

/** A shared result that counts up, and the time at which each was started. */
function counting(interval: number) {
  const startTimes: number[] = [];
  const give = shareResult(async () => {
    startTimes.push(performance.now());
    return startTimes.length;
  }, interval);
  return { startTimes, give };
}

test('several calls at once: one result is made', async () => {
  const { give } = counting(10_000);
  expect(await Promise.all([give(), give(), give()])).toEqual([1, 1, 1]);
});

test('calls after that: the next result, an interval later, shared by all who wait', async () => {
  const { startTimes, give } = counting(100);
  await give();
  expect(await Promise.all([give(), give(), give()])).toEqual([2, 2, 2]);
  const [first = 0, second = 0] = startTimes;
  expect(second - first).toBeGreaterThanOrEqual(90);
});

test('a call while one is being made: the result after it, since that one may not show what happened meanwhile', async () => {
  let finish: (made: string) => void = () => undefined;
  const give = shareResult(
    () =>
      new Promise<string>(resolve => {
        finish = resolve;
      }),
    1,
  );
  const first = give();
  await Promise.resolve();
  await Promise.resolve();
  const second = give();
  finish('first');
  expect(await first).toBe('first');
  await pause(20);
  finish('second');
  expect(await second).toBe('second');
});

test('a caller that cannot wait: the latest result; one that can: the next', async () => {
  const { give } = counting(200);
  await give();
  expect(await give(50)).toBe(1);
  expect(await give(10_000)).toBe(2);
  expect(await give(0)).toBe(2);
});

test('a result that fails: rejects for those who waited, and the next is made', async () => {
  let made = 0;
  const give = shareResult(async () => {
    made += 1;
    if (made === 1) throw new Error('a fault');
    return made;
  }, 1);
  await expect(Promise.all([give(), give()])).rejects.toThrow('a fault');
  expect(await give(0)).toBe(2);
});
