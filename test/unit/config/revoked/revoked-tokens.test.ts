import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  fitsEntry,
  type RevokedEntry,
  RevokedTokens,
  type TokenNames,
} from '../../../../src/config/revoked/revoked-tokens.ts';

const some = fc.constantFrom('a', 'b', 'c');
const time = fc.constantFrom(1, 2, 3);

const entries: fc.Arbitrary<RevokedEntry> = fc
  .record({ jti: some, sub: some, iss: some, clientId: some, issuedBefore: time }, { requiredKeys: [] })
  .filter(entry => Object.keys(entry).length > 0 && (entry.sub === undefined || entry.iss !== undefined));

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const tokens: fc.Arbitrary<TokenNames> = fc.record({
  jti: maybe(some),
  sub: maybe(some),
  iss: maybe(some),
  clientId: maybe(some),
  iat: maybe(time),
});

test('the index: fits where one of the entries does, also when it is made again from its own list', () => {
  const seen = { fits: 0, not: 0 };
  fc.assert(
    fc.property(
      fc.array(entries, { maxLength: 6 }),
      fc.array(tokens, { minLength: 1, maxLength: 6 }),
      (list, asked) => {
        const index = new RevokedTokens();
        for (const entry of list) index.add(entry);
        const again = new RevokedTokens();
        for (const entry of index.list()) again.add(entry);
        for (const token of asked) {
          const expected = list.some(entry => fitsEntry(entry, token));
          expect(index.fits(token)).toBe(expected);
          expect(again.fits(token)).toBe(expected);
          seen[expected ? 'fits' : 'not'] += 1;
        }
      },
    ),
    { numRuns: 2000 },
  );
  expect(Math.min(seen.fits, seen.not)).toBeGreaterThan(100);
});

test('issued_before: before it and without iat, not at it', () => {
  const index = new RevokedTokens();
  index.add({ clientId: 'a', issuedBefore: 100 });
  const fits = (iat: number | undefined) =>
    index.fits({ jti: undefined, sub: undefined, iss: undefined, clientId: 'a', iat });
  expect([99.9, 100, undefined].map(fits)).toEqual([true, false, true]);
});

test('entries that name the same: one of them is kept, so a list that repeats itself costs neither its reload nor a request', () => {
  const index = new RevokedTokens();
  for (let each = 0; each < 50_000; each += 1) {
    index.add({ clientId: 'a', iss: 'i', issuedBefore: each % 100 });
    index.add({ jti: 'j', clientId: 'a' });
  }
  expect([...index.list()]).toEqual([
    { jti: 'j', clientId: 'a' },
    { clientId: 'a', iss: 'i', issuedBefore: 99 },
  ]);
  index.add({ clientId: 'a', iss: 'i' });
  expect([...index.list()].at(-1)).toEqual({ clientId: 'a', iss: 'i' });
});
