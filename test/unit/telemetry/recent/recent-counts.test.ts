import { describe, expect, test } from 'vitest';
import { RecentCounts } from '../../../../src/telemetry/recent/recent-counts.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('counts of the last hour and day', () => {
  const passTo = (counts: RecentCounts, from: number, minutes: number) => counts.list(from + minutes * MINUTE);

  test.each([0, 7, 59, 61, 1439])(
    'an event at minute %s: in the hour for 55 to 60 minutes, in the day for 23 to 24 hours',
    minute => {
      const at = minute * MINUTE;
      const counts = new RecentCounts(2, at);
      counts.add(1, at);
      expect(passTo(counts, at, 0)).toEqual({ hour: [0, 1], day: [0, 1] });
      expect(passTo(counts, at, 55)).toEqual({ hour: [0, 1], day: [0, 1] });
      expect(passTo(counts, at, 60)).toEqual({ hour: [0, 0], day: [0, 1] });
      expect(passTo(counts, at, 23 * 60)).toEqual({ hour: [0, 0], day: [0, 1] });
      expect(passTo(counts, at, 24 * 60)).toEqual({ hour: [0, 0], day: [0, 0] });
    },
  );

  test('events drop out one after the other, and after a pause of any length none is left', () => {
    const counts = new RecentCounts(1, 0);
    for (let minute = 0; minute < 48 * 60; minute++) counts.add(0, minute * MINUTE);
    const last = (48 * 60 - 1) * MINUTE;
    expect(counts.list(last)).toEqual({ hour: [60], day: [24 * 60] });
    expect(counts.list(last + 30 * MINUTE).hour).toEqual([30]);
    expect(counts.list(last + 1000 * 24 * HOUR)).toEqual({ hour: [0], day: [0] });
  });

  test('a clock that goes back: counted as now', () => {
    const counts = new RecentCounts(1, 10 * HOUR);
    counts.add(0, HOUR);
    expect(counts.list(10 * HOUR)).toEqual({ hour: [1], day: [1] });
  });
});
