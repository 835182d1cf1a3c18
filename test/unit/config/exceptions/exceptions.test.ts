/** `exceptions` of a route: what an entry may say, by the clock and by the other keys. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { daysLeft, endOfDay, yearAfter } from '../../../../src/config/values/day.ts';
import { listDiagnostics } from '../configuration.ts';

const NOW = Date.parse('2026-11-27T14:00:00Z');
const UNTIL = '2027-01-31';
const SIBLING = 'https://sibling.example/';

beforeEach(() => {
  vi.spyOn(Date, 'now').mockReturnValue(NOW);
});

afterEach(() => {
  vi.restoreAllMocks();
});

interface Entry {
  readonly [key: string]: unknown;
}

/** @param keys of the route with the exception. */
function problemsOf(entry: Entry, keys: Entry = {}, issuers: readonly string[] = ['https://i.example']): string {
  const exception = { client_id: 'batch', reasons: ['wrong_audience'], until: UNTIL, owner: 'team', ...entry };
  const route = { resource: 'https://api.example/', upstream: 'https://u.example', exceptions: [exception] };
  const content = {
    issuers: Object.fromEntries(issuers.map(name => [name, {}])),
    routes: { '/': { ...route, ...keys }, '/sibling': { resource: SIBLING, upstream: 'https://u.example' } },
  };
  return listDiagnostics(JSON.stringify(content))
    .map(line => line.replace(/^\d+:\d+: /, ''))
    .join('\n');
}

describe('owner', () => {
  test.each(['TODO', 'todo ', 'Todo:', '# TODO', '"TODO"', '\u200bTODO', '\uff34\uff2f\uff24\uff2f', '\u200b', '-'])(
    '%j: names nobody',
    owner => expect(problemsOf({ owner })).toContain('exceptions[0].owner'),
  );

  test.each(['team-todo', 'todo-app', '\u6771\u4eac', '7'])('%s: a name', owner =>
    expect(problemsOf({ owner })).toBe(''),
  );
});

describe('until', () => {
  test.each([
    ['2027-11-27', ''],
    ['2027-11-28', 'is more than a year ahead'],
    ['2027-02-29', 'is a day that the calendar does not have'],
    ['2027-1-31', 'is not a day of the form YYYY-MM-DD'],
    ['2026-11-27', 'lapses at the end of 2026-11-27 UTC, in less than a day'],
    ['2026-11-26', 'lapsed at the end of 2026-11-26 UTC'],
    ['2026-12-10', 'in 13 days'],
    ['2026-12-11', ''],
  ])('%s: %j', (until, expected) => {
    const problems = problemsOf({ until });
    if (expected === '') expect(problems).toBe('');
    else expect(problems).toContain(expected);
  });

  test('a year ahead of a leap day: the first of March; the last day ends with its last millisecond', () => {
    expect(yearAfter(Date.parse('2028-02-29T12:00:00Z'))).toBe('2029-03-01');
    expect(yearAfter(Date.parse('2027-02-28T23:59:59.999Z'))).toBe('2028-02-28');
    expect(new Date(endOfDay('2028-02-29')).toISOString()).toBe('2028-03-01T00:00:00.000Z');
    expect([1, 0].map(before => daysLeft('2028-02-29', endOfDay('2028-02-29') - before))).toEqual([0, -1]);
  });
});

describe('iss', () => {
  const two = ['https://i.example', 'https://j.example'];
  test.each<readonly [string, Entry, Entry, readonly string[], string]>([
    ['one issuer, and none named', {}, {}, ['https://i.example'], ''],
    ['several, and none named', {}, {}, two, 'missing key "iss"'],
    ['several, of which the route accepts one', {}, { issuers: ['https://j.example'] }, two, ''],
    [
      'another than the route accepts',
      { iss: 'https://i.example' },
      { issuers: ['https://j.example'] },
      two,
      'is no issuer of this route',
    ],
    ['that of the route', { iss: 'https://j.example' }, {}, two, ''],
  ])('%s', (_name, entry, keys, issuers, expected) => {
    const problems = problemsOf(entry, keys, issuers);
    if (expected === '') expect(problems).toBe('');
    else expect(problems).toContain(expected);
  });
});

describe('presented', () => {
  const nothing = 'is nothing that a token can present here';
  test.each<readonly [string, Entry, Entry, string]>([
    ['the resource of another route', { presented: SIBLING }, {}, ''],
    ['its own resource', { presented: 'https://api.example/' }, {}, nothing],
    ['an alias of another route', { presented: 'alias' }, {}, nothing],
    ['multiple, where any may be there', { presented: 'multiple' }, {}, nothing],
    ['multiple, where only one may', { presented: 'multiple' }, { multiple_audiences: 'only' }, ''],
    ['missing', { presented: 'missing' }, {}, ''],
    ['without wrong_audience', { presented: 'foreign', reasons: ['wrong_claim'] }, {}, 'has no effect'],
  ])('%s', (_name, entry, keys, expected) => {
    const problems = problemsOf(entry, keys);
    if (expected === '') expect(problems).toBe('');
    else expect(problems).toContain(expected);
  });
});
