/** How much a file may hold: each limit is met exactly, and passed by one. */

import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../../src/config/source/limits.ts';
import { listDiagnostics, load } from '../configuration.ts';

const PUBLIC = '{ public: true, upstream: "http://a" }';
const ROUTE = `routes: { /a: ${PUBLIC} }\n`;
const repeat = (length: number, write: (index: number) => string, separator = ', ') =>
  Array.from({ length }, (_, index) => write(index)).join(separator);
/** A file whose only route has `more`. */
const withKey = (more: string) =>
  `issuers: { https://i: }\nroutes: { /a: { resource: https://a/, upstream: https://a, ${more} } }\n`;

interface Case {
  readonly what: string;
  readonly most: number;
  readonly write: (length: number) => string;
  readonly diagnostic: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: 'routes',
    most: LIMITS.routes,
    write: length => `routes:\n${repeat(length, index => `  /r${index}: ${PUBLIC}`, '\n')}\n`,
    diagnostic: /^2:3: more than 20,000 routes, expected fewer$/,
  },
  {
    what: 'issuers',
    most: LIMITS.issuers,
    write: length =>
      `issuers: { ${repeat(length, index => `https://i${index}: `)} }\nroutes: { /a: { resource: https://a/, upstream: https://a } }\n`,
    diagnostic: /^1:10: more than 2,000 issuers, expected fewer$/,
  },
  {
    what: 'entries of a list',
    most: LIMITS.entries,
    write: length => withKey(`scopes: [${repeat(length, index => `s${index}`)}]`),
    diagnostic: /^2:68: more than 2,000 entries in one list, expected fewer$/,
  },
  {
    what: 'entries of a map',
    most: LIMITS.entries,
    write: length => withKey(`claims_to_headers: { ${repeat(length, index => `X-${index}: c`)} }`),
    diagnostic: /^2:79: more than 2,000 entries in one map, expected fewer$/,
  },
  {
    what: 'characters of a key',
    most: LIMITS.key,
    write: length => `routes:\n  ? ${'/'.padEnd(length, 'k')}\n  : ${PUBLIC}\n`,
    diagnostic: /^2:5: more than 2,048 characters in a key, expected fewer$/,
  },
  {
    what: 'characters of a comment',
    most: LIMITS.text,
    write: length => `${ROUTE}${'#'.repeat(length)}\n`,
    diagnostic: /^2:1: a value or comment longer than 65,536 characters, expected a shorter one$/,
  },
  {
    what: 'aliases',
    most: LIMITS.aliases,
    write: length => `routes:\n  /a: &a ${PUBLIC}\n${repeat(length, index => `  /r${index}: *a`, '\n')}\n`,
    diagnostic: /^1003:11: more than 1,000 aliases, expected fewer$/,
  },
  {
    what: 'references',
    most: LIMITS.references,
    write: length =>
      `routes:\n${repeat(length, index => `  /r${index}: { public: true, upstream: "\${U:-http://a}" }`, '\n')}\n`,
    diagnostic: /^10002:\d+: more than 10,000 references in all values, expected fewer$/,
  },
];

describe('at the limit: loaded; one more: over-limit', () => {
  test.each(CASES)('$what', { timeout: 180_000 }, ({ most, write, diagnostic }) => {
    expect(load(write(most)).ok).toBe(true);
    const over = write(most + 1);
    const result = load(over);
    const diagnostics = result.ok ? [] : result.diagnostics;
    expect(diagnostics.map(({ code, line, column, message }) => [code, `${line}:${column}: ${message}`])).toEqual([
      ['over-limit', expect.stringMatching(diagnostic)],
    ]);
  });
});

describe('text that would take long or fill the memory: refused early', () => {
  test.each([
    ['comments', '#\n'.repeat(1_000_000), '500001:1: more than 1,000,000 words'],
    ['commas', `a: [${','.repeat(1_500_000)}`, '1:999999: more than 1,000,000 words'],
    ['brackets', `a: ${'['.repeat(1_000_000)}`, '1:66: nested deeper than 64 levels'],
    ['dashes', '- '.repeat(1_000_000), '1:127: nested deeper than 64 levels'],
    ['question marks', '? '.repeat(1_000_000), '1:127: nested deeper than 64 levels'],
    ['a value of many lines', `a: "${'b\n '.repeat(100_000)}"`, '1:4: a value or comment longer than 65,536'],
    ['references', `listen: "${'${A:-'.repeat(10_000)}"\n${ROUTE}`, '1:9: listen: "${A:-'],
    ['documents', '---\n'.repeat(400_000), '2:1: a second document begins here, expected one document'],
    [
      'values, by aliases',
      `a: &a [${repeat(2_000, () => 'x')}]\nb: [${repeat(200, () => '*a')}]\n`,
      '1:5627: more than 250,000 values, with those that aliases repeat, expected fewer',
    ],
  ])('%s', (_what, text, diagnostic) => {
    const [printed = '', ...more] = listDiagnostics(text);
    expect(printed.slice(0, diagnostic.length)).toBe(diagnostic);
    expect(more.filter(line => !/routes|listen/.test(line))).toEqual([]);
  });
});

test('files named by values, over 4 MiB together: refused', () => {
  const files = { big: 'b'.repeat(LIMITS.text - 1) };
  const text = `x: [${repeat(65, () => '"${file:big}"')}]\n${ROUTE}`;
  expect(listDiagnostics(text, { files })).toEqual([
    '1:965: more than 4,194,304 characters in all values that have references, expected fewer',
  ]);
});

test('value over 64 Ki characters after references: refused, not shown', () => {
  const files = { big: 'b'.repeat(LIMITS.text) };
  expect(listDiagnostics(`listen: "\${file:big}\${file:big}"\n${ROUTE}`, { files })).toEqual([
    '1:9: listen: "${file:big}${file:big}" becomes too long, expected at most 65,536 characters once its references are replaced',
  ]);
});

test('1,500 errors: 1,000 listed, one line counts the rest', () => {
  const text = `routes:\n${repeat(1_500, index => `  /r${index}: { upsteam: http://a, public: true }`, '\n')}\n`;
  const printed = listDiagnostics(text);
  expect(printed).toHaveLength(1_001);
  expect(printed.at(-1)).toMatch(/^1002:\d+: routes\.\/r1000.*: 500 more errors, from here on, are not listed$/);
});

test('1,500 warnings: 1,000 listed, one line counts the rest, loaded', () => {
  const text = `routes:\n${repeat(1_500, index => `  /r${index}: { public: true, upstream: http://a, allow_encoded: [";"] }`, '\n')}\n`;
  expect(load(text).ok).toBe(true);
  expect(listDiagnostics(text)).toHaveLength(1_001);
  expect(listDiagnostics(text).at(-1)).toMatch(
    /^1002:\d+: warning: .*: 500 more warnings, from here on, are not listed$/,
  );
});

/** CPU time, so that other processes do not count. */
function timeToLoad(text: string): number {
  const times = [1, 2].map(() => {
    const before = process.cpuUsage();
    load(text);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  });
  return Math.min(...times);
}

describe('eight times the entries: about eight times the time, not sixty-four', () => {
  const protectedRoutes = (length: number, more: (index: number) => string) =>
    `issuers:\n${repeat(length / 4, index => `  https://i${index}:`, '\n')}\nroutes:\n${repeat(length, index => `  /r${index}: { resource: https://a/${index}, upstream: https://a${more(index)} }`, '\n')}\n`;
  test.each<[string, (length: number) => string]>([
    ['routes and issuers', length => protectedRoutes(length, () => '')],
    ['empty routes', length => `routes:\n${repeat(length, index => `  /r${index}: {}`, '\n')}\n`],
    ['unknown issuers', length => protectedRoutes(length, index => `, issuers: [https://j${index}]`)],
    [
      'aliases of one resource, beside public routes',
      length =>
        `${protectedRoutes(length, index => `, audiences: [a${index}]`).replace(/a\/\d+/g, 'a/')}${repeat(length, index => `  /p${index}: ${PUBLIC}`, '\n')}\n`,
    ],
  ])('%s', { timeout: 180_000 }, (_what, write) => {
    timeToLoad(write(100));
    expect(timeToLoad(write(2_000)) / timeToLoad(write(250))).toBeLessThan(24);
  });
});
