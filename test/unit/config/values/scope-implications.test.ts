import { expect, test } from 'vitest';
import { closeImplications } from '../../../../src/config/values/scope-implications.ts';

test('scopes that include others: closed over', () => {
  const { closed, cycles } = closeImplications({ admin: ['write', 'audit'], write: ['read'], other: ['x'] });
  expect(cycles).toEqual([]);
  expect(Object.fromEntries([...closed].map(([scope, list]) => [scope, [...list].sort()]))).toEqual({
    admin: ['audit', 'read', 'write'],
    write: ['read'],
    other: ['x'],
  });
});

test.each([
  ['itself', { a: ['a'] }, ['a']],
  ['two', { a: ['b'], b: ['a'] }, ['a', 'b']],
  ['three, one of which only leads there', { x: ['a'], a: ['b'], b: ['a'] }, ['a', 'b']],
])('a cycle of %s: every scope of it named', (_, direct, cycles) => {
  expect(closeImplications(direct).cycles).toEqual(cycles);
});

test('names of Object.prototype: ordinary scopes', () => {
  const { closed } = closeImplications({ constructor: ['read'] });
  expect(closed.get('constructor')).toEqual(['read']);
  expect(closed.get('toString')).toBeUndefined();
});

test('500 scopes, each including the next: closed over', () => {
  const scopes = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`s${index}`, [`s${index + 1}`]]));
  expect(closeImplications(scopes).closed.get('s0')).toHaveLength(500);
});
