import { expect, test } from 'vitest';
import { FrequentKeys } from '../../../../src/telemetry/recent/frequent-keys.ts';

test('a known key takes no new place, and a new one replaces the key with the lowest weight', () => {
  const keys = new FrequentKeys<string>(2);
  for (const key of ['a', 'a', 'b', 'c']) keys.touch(key, () => `made for ${key}`);
  expect(keys.touch('a', () => 'made anew')).toBe('made for a');
  expect(keys.values()).toEqual(['made for a', 'made for c']);
});
