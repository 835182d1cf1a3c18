import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startTimer } from '../../../src/upstream/timer.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('a moment further away than setTimeout counts: then, and not before', () => {
  const fire = vi.fn();
  startTimer(Date.now() + 30 * DAY, fire);
  vi.advanceTimersByTime(30 * DAY - 1);
  expect(fire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledOnce();
});

test('a clock that was set past the moment: within a minute', () => {
  const fire = vi.fn();
  startTimer(Date.now() + 30 * DAY, fire);
  vi.setSystemTime(Date.now() + 31 * DAY);
  vi.advanceTimersByTime(MINUTE + 1);
  expect(fire).toHaveBeenCalledOnce();
});

test('a moment that is over: at once; a timer that was stopped: never', () => {
  const fire = vi.fn();
  startTimer(Date.now() - 1, fire);
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledOnce();
  startTimer(Date.now() + 2 * MINUTE, fire).stop();
  vi.advanceTimersByTime(DAY);
  expect(fire).toHaveBeenCalledOnce();
});
