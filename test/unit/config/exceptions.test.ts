/** `exceptions` of a route: every mistake at its place, and what the days mean. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listExceptions } from '../../../src/config/exceptions/exception.ts';
import { loadSource } from '../../../src/config/load.ts';
import { toSourceFile } from '../../../src/config/source/source-file.ts';
import { daysLeft, endOfDay, parseDay, yearAfter } from '../../../src/config/values/day.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');

beforeEach(() => {
  vi.spyOn(Date, 'now').mockReturnValue(NOW);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const GOOD = { client_id: 'batch', reasons: '[wrong_audience]', until: '2027-01-31', owner: 'team-batch' };
type Fields = Readonly<Record<string, string | undefined>>;

const write = (fields: Fields) =>
  Object.entries({ ...GOOD, ...fields })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `          ${key}: ${value}`)
    .join('\n')
    .replace(/^ {10}/, '        - ');

/** The lines of the entry begin at 9, with `client_id`. */
const yaml = (fields: Fields, route = '', issuers = ['https://one']) => `issuers:
  https://one: { jwks_uri: https://one/jwks }
  https://two: { jwks_uri: https://two/jwks }
routes:
  /api:
      resource: https://api.example/
      upstream: https://api
      exceptions:
${write(fields)}
      issuers: [${issuers.join(', ')}]
${route}
  /sibling: { resource: https://sibling.example/, upstream: https://sibling, audiences: [alias] }
`;

function load(text: string, acceptsNoOwner = false) {
  const read = toSourceFile('audgate.yaml', text);
  if (!read.ok) throw new Error('not read');
  return loadSource(read.source, {}, { acceptsNoOwner });
}

function problems(text: string, acceptsNoOwner?: boolean): readonly string[] {
  const loaded = load(text, acceptsNoOwner);
  const all = loaded.ok ? loaded.warnings : loaded.diagnostics;
  return all.map(
    ({ line, path, code, message }) => `${line} ${path.replace(/^.*exceptions\[0\]\.?/, '')}: ${code}: ${message}`,
  );
}

test('a good one: no problem, and the end of its last day', () => {
  const loaded = load(yaml({ iss: 'https://one', presented: 'foreign', owner: 'Team "Batch"' }));
  expect(loaded).toMatchObject({ ok: true, warnings: [] });
  const [route] = loaded.ok ? loaded.config.routes : [];
  expect(route && !route.public && listExceptions(route.exceptions)).toEqual([
    {
      ...{ clientId: 'batch', issuer: 'https://one', reasons: new Set(['wrong_audience']), presented: 'foreign' },
      ...{ until: '2027-01-31', lapsesAt: Date.parse('2027-02-01'), owner: 'Team "Batch"' },
    },
  ]);
});

describe('mistakes', () => {
  test.each<[string, Fields, RegExp]>([
    ['no client', { client_id: undefined, reasons: '[wrong_audience]' }, /^\d+ client_id: missing-key: /],
    ['an empty client', { client_id: '""' }, /^9 client_id: invalid-value: .*non-empty/],
    ['no reasons', { reasons: undefined }, /reasons: missing-key: /],
    ['an empty list', { reasons: '[]' }, /^10 reasons: invalid-value: the list is empty/],
    [
      'a signature',
      { reasons: '[bad_signature]' },
      /^10 reasons\[0\]: invalid-value: "bad_signature" .*wrong_token_type.*wrong_audience/,
    ],
    ['an issuer', { reasons: '[wrong_audience, untrusted_issuer]' }, /^10 reasons\[1\]: invalid-value: /],
    ['the time', { reasons: '[token_expired]' }, /^10 reasons\[0\]: invalid-value: /],
    ['a revocation', { reasons: '[revoked_token]' }, /^10 reasons\[0\]: invalid-value: /],
    ['a reason twice', { reasons: '[wrong_claim, wrong_claim]' }, /^10 reasons\[1\]: invalid-value: .*already/],
    ['no day', { until: undefined }, /until: missing-key: /],
    ['a time', { until: '2027-01-31T00:00:00Z' }, /^11 until: invalid-value: .*YYYY-MM-DD.*2027-01-31/],
    ['a day that is none', { until: '2027-02-29' }, /^11 until: invalid-value: .*calendar/],
    [
      'more than a year ahead',
      { until: '2027-11-28' },
      /^11 until: invalid-value: .*more than a year ahead.*2027-11-27/,
    ],
    ['no owner', { owner: undefined }, /owner: missing-key: /],
    ['a blank owner', { owner: '" "' }, /^12 owner: invalid-value: /],
    ['the owner of propose', { owner: 'TODO' }, /^12 owner: exception-without-owner: "TODO" names nobody/],
    ['the same in other letters', { owner: '" todo "' }, /^12 owner: exception-without-owner: /],
    ['the same between signs', { owner: '"# TODO:"' }, /^12 owner: exception-without-owner: /],
    ['the same in wide letters', { owner: '"\uff34\uff2f\uff24\uff2f"' }, /^12 owner: exception-without-owner: /],
    ['an owner of nothing that is seen', { owner: '"\u200b"' }, /^12 owner: exception-without-owner: /],
    [
      'presented by nobody',
      { presented: 'https://sibling.exampel/' },
      /^13 presented: .*foreign.*did you mean "https:\/\/sibling\.example\/"/,
    ],
    ['presented as an alias', { presented: 'alias' }, /^13 presented: invalid-value: /],
    ['presented as its own', { presented: 'https://api.example/' }, /^13 presented: invalid-value: /],
    ['multiple, where any is accepted', { presented: 'multiple' }, /^13 presented: invalid-value: /],
    ['presented without its reason', { reasons: '[wrong_claim]', presented: 'foreign' }, /^13 presented: .*no effect/],
    ['an issuer of another route', { iss: 'https://two' }, /^13 iss: unknown-issuer: .*one of https:\/\/one/],
    [
      'an unknown key',
      { untill: '2027-01-31' },
      /^13 untill: unknown-key: .*expected one of client_id, reasons, until, owner, presented, iss; did you mean "until"\?/,
    ],
    [
      'a misspelled key, which is not missing, too',
      { owner: undefined, ownr: 'me' },
      /^12 ownr: unknown-key: .*did you mean "owner"\?/,
    ],
  ])('%s', (_name, fields, expected) => {
    const found = problems(yaml(fields));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
    expect(load(yaml(fields)).ok).toBe(false);
  });

  test('several issuers without iss: an error; with it none', () => {
    const both = ['https://one', 'https://two'];
    expect(problems(yaml({}, '', both))).toEqual([expect.stringMatching(/^9 iss: missing-key: .*several/)]);
    expect(problems(yaml({ iss: 'https://two' }, '', both))).toEqual([]);
  });

  test('multiple, where multiple_audiences refuses some: no error', () => {
    expect(problems(yaml({ presented: 'multiple' }, '      multiple_audiences: only'))).toEqual([]);
  });

  test('all mistakes of one entry at once', () => {
    const fields = { reasons: '[bad_signature]', until: '2027-13-01', owner: '""' };
    expect(problems(yaml(fields)).map(each => each.split(':')[0])).toEqual(['10 reasons[0]', '11 until', '12 owner']);
  });

  test('a public route: no exceptions', () => {
    const text = 'routes: { /: { public: true, upstream: https://a, exceptions: [] } }\n';
    expect(problems(text)).toEqual([expect.stringContaining('public-route-key')]);
  });
});

describe('owner: TODO', () => {
  test('accepted where nobody is let in by it', () => {
    expect(problems(yaml({ owner: 'TODO' }), true)).toEqual([]);
  });
});

describe('warnings', () => {
  test.each<[string, Fields, string, readonly RegExp[]]>([
    ['14 days left: none', { until: '2026-12-11' }, '', []],
    ['13 days left', { until: '2026-12-10' }, '', [/^11 until: exception-lapses-soon: .*in 13 days/]],
    ['1 day left', { until: '2026-11-28' }, '', [/^11 until: exception-lapses-soon: .*in 1 day$/]],
    ['the last day', { until: '2026-11-27' }, '', [/^11 until: exception-lapses-soon: .*in less than a day/]],
    ['lapsed', { until: '2026-11-26' }, '', [/^11 until: exception-lapsed: lapsed at the end of 2026-11-26/]],
    ['on report', {}, '      enforcement: report', [/^9 : exception-on-report: /]],
    ['on verify: none', {}, '      enforcement: verify', []],
    ['would_deny_header on enforce, which then has an effect: none', {}, '      would_deny_header: true', []],
  ])('%s', (_name, fields, route, expected) => {
    const found = problems(yaml(fields, route));
    expect(found).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(found[index]).toMatch(pattern);
    expect(load(yaml(fields, route)).ok).toBe(true);
  });
});

describe('days', () => {
  test.each(['2024-02-29', '2027-12-31'])('%s: in the calendar', day => expect(parseDay(day).ok).toBe(true));
  test.each(['2027-02-30', '2027-00-01', '2027-1-01', '27-01-01', '2027-01-01 ', '2027-01-32', '+02027-01-01'])(
    '%s: not',
    day => expect(parseDay(day).ok).toBe(false),
  );
  test('the end of a day, the days left until then, and a year', () => {
    expect(endOfDay('2026-12-31')).toBe(Date.parse('2027-01-01T00:00:00Z'));
    expect(daysLeft('2026-11-27', NOW)).toBe(0);
    expect(daysLeft('2026-11-28', NOW)).toBe(1);
    expect(daysLeft('2026-11-26', NOW)).toBe(-1);
    expect(daysLeft('2026-11-27', Date.parse('2026-11-27T00:00:00Z'))).toBe(0);
    expect([yearAfter(NOW), yearAfter(Date.parse('2028-02-29'))]).toEqual(['2027-11-27', '2029-03-01']);
  });
});
