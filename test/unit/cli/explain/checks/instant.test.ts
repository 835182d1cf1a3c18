import { expect, test } from 'vitest';
import { describeInstant } from '../../../../../src/cli/explain/checks/instant.ts';

test('a distance in time: the two largest units', () => {
  const now = 1_700_000_000_000;
  expect(describeInstant(1_700_000_000 + 90_061, now)).toBe('2023-11-15T23:14:21Z (in 1 d 1 h)');
  expect(describeInstant(1_700_000_000 - 61, now)).toBe('2023-11-14T22:12:19Z (1 min 1 s ago)');
  expect(describeInstant(1e20, now)).toMatch(/^100000000000000000000 \(in /);
});
