/** The number and the size of what is remembered of tokens, and for how long. */

import { expect, test } from 'vitest';
import { BoundedCache } from '../../../src/token/bounded-cache.ts';

const ALL_OF_THE_HEAP = 1;
const keysIn = (cache: { get(key: string): unknown }, keys: readonly string[]) =>
  keys.filter(key => cache.get(key)).join('');

test('more entries than may be kept: the one that was not used for longest goes', () => {
  const cache = new BoundedCache<object>(ALL_OF_THE_HEAP, 3);
  for (const key of ['a', 'b', 'c']) cache.set(key, {}, { size: 1 });
  cache.get('a');
  cache.set('d', {}, { size: 1 });
  expect(keysIn(cache, ['a', 'b', 'c', 'd'])).toBe('acd');
});

test('as many as may be kept, and one is replaced: none goes', () => {
  const cache = new BoundedCache<{ value: number }>(ALL_OF_THE_HEAP, 3);
  for (const key of ['a', 'b', 'c']) cache.set(key, { value: 1 }, { size: 1 });
  cache.set('a', { value: 2 }, { size: 1 });
  expect(keysIn(cache, ['a', 'b', 'c'])).toBe('abc');
  expect(cache.get('a')).toEqual({ value: 2 });
});

test('100,001 entries: 100,000 are kept', () => {
  const cache = new BoundedCache<object>(ALL_OF_THE_HEAP);
  for (let count = 0; count <= 100_000; count += 1) cache.set(String(count), {}, { size: 1 });
  expect([cache.get('0'), cache.get('1'), cache.get('100000')]).toEqual([undefined, {}, {}]);
});

test('a size beyond the share of the heap: makes room, or is not kept itself', () => {
  const cache = new BoundedCache<object>(1e-6);
  cache.set('a', {}, { size: 1_000 });
  cache.set('b', {}, { size: 1_000 });
  expect(keysIn(cache, ['a', 'b'])).toBe('ab');
  for (let count = 0; count < 10; count += 1) cache.set(`further ${count}`, {}, { size: 1_000 });
  expect(keysIn(cache, ['a', 'b'])).toBe('');
  cache.set('huge', {}, { size: 1e9 });
  expect(cache.get('huge')).toBeUndefined();
});

test('a time that has passed: not there', () => {
  const cache = new BoundedCache<object>(ALL_OF_THE_HEAP);
  cache.set('over', {}, { size: 1, ttl: 1_000, start: performance.now() - 2_000 });
  cache.set('in time', {}, { size: 1, ttl: 1_000_000 });
  expect([cache.get('over'), cache.get('in time')]).toEqual([undefined, {}]);
});

test('deleted: not there, and its place is used again', () => {
  const cache = new BoundedCache<object>(ALL_OF_THE_HEAP, 2);
  for (const key of ['a', 'b']) cache.set(key, {}, { size: 1 });
  cache.delete('a');
  cache.set('c', {}, { size: 1 });
  expect(keysIn(cache, ['a', 'b', 'c'])).toBe('bc');
});
