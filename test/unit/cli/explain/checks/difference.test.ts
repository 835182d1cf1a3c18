import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findDifference, findNearestDifference } from '../../../../../src/cli/explain/checks/difference.ts';

const OURS = 'https://billing.example.com/';

describe('the first difference: its position and name', () => {
  test.for([
    ['https://billing.example.com', 27, ['trailing slash'], true],
    ['https://Billing.example.com/', 8, ['letter case of the host'], true],
    ['HTTPS://billing.example.com/', 0, ['letter case of the scheme'], true],
    ['https://billing.example.com:443/', 27, ['default port'], true],
    ['https://BILLING.example.com:443', 8, ['default port', 'trailing slash'], true],
    ['http://billing.example.com/', 4, ['http, not https'], false],
    ['https://billing.example.com:8443/', 27, ['another port'], false],
    ['https://billing.example.org/', 24, ['another host'], false],
    ['https://billing.example.com/v2', 28, ['another path'], false],
    ['https://billing.example.com/?a', 28, ['query or fragment'], false],
    ['http://billing.example.com', 4, ['http, not https', 'trailing slash'], false],
    ['https://billing.example.com./', 27, ['a dot behind the host'], false],
    ['https://billing.example.com/%2F', 28, ['another path'], false],
    ['billing', 0, ['another name'], false],
    [' https://billing.example.com/', 0, ['white space'], false],
  ] as const)('%s', ([actual, at, words, isSameResource]) => {
    expect(findDifference(actual, OURS)).toMatchObject({ at, words, isSameResource });
  });

  test('encoded letters: the same resource (RFC 3986 section 6.2.2); an encoded slash: another', () => {
    const [plain, coded] = ['https://a.example/v~1', 'https://a.example/%76%7e1'];
    expect(findDifference(coded, plain)).toMatchObject({ words: ['percent-encoded letters'], isSameResource: true });
    expect(findDifference('https://a.example/a%2fb', 'https://a.example/a/b')).toMatchObject({
      words: ['percent-encoding'],
      isSameResource: false,
      isNear: true,
    });
  });

  test('names that are not URIs: the prefix api://, letter case', () => {
    expect(findDifference('api://a-b', 'a-b')?.words).toEqual(['api:// before the name']);
    expect(findDifference('Billing', 'billing')?.words).toEqual(['letter case']);
  });

  test('letter case of the path: another resource', () => {
    expect(findDifference(`${OURS}V2`, `${OURS}v2`)).toMatchObject({
      words: ['letter case of the path'],
      isSameResource: false,
    });
  });
});

test('a letter that looks the same: escaped', () => {
  const difference = findDifference('https://b\u0456lling.example.com/', OURS);
  expect(difference?.actual).toBe('https://b\\u{456}lling.example.com/');
  expect(difference?.at).toBe(9);
});

test('several candidates: compared with the most similar', () => {
  const accepted = ['6731de76-14a6-49ae-97bc-6eba6914391e', 'https://billing.example.org/', OURS];
  expect(findNearestDifference('https://billing.example.com', accepted)?.expected).toBe(OURS);
  expect(findNearestDifference(OURS, [])).toBeUndefined();
});

test('any two values: equal up to the position, different at it', () => {
  const texts = fc.oneof(fc.webUrl(), fc.string({ unit: 'binary' }), fc.constantFrom(OURS, OURS.slice(0, -1)));
  const holds = fc.property(texts, texts, (a, b) => {
    fc.pre(a !== b);
    const { actual = '', expected = '', at = -1, words = [] } = findDifference(a, b) ?? {};
    expect(actual.slice(0, at)).toBe(expected.slice(0, at));
    expect(words.length).toBeGreaterThan(0);
    if (a.length < 20 && b.length < 20) expect(actual[at]).not.toBe(expected[at]);
  });
  fc.assert(holds, { numRuns: 2_000, seed: 1 });
});
