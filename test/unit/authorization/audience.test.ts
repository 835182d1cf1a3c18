import { describe, expect, test } from 'vitest';
import { createAudienceIndex, findWrongAudience, listPresentable } from '../../../src/authorization/audience.ts';
import type { MultipleAudiences, ProtectedRoute } from '../../../src/config/config.ts';
import type { ResourceUri } from '../../../src/config/values/address/uri.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';

const PROFILE = 'https://profile.example/';
const BILLING = 'https://billing.example/v2';
const SEARCH = 'https://search.example';
const GUID = '6731de76-14a6-49ae-97bc-6eba6914391e';

const guard = (resource: ResourceUri, aliases: readonly string[] = [], multipleAudiences: MultipleAudiences = 'any') =>
  protectedRoute({
    prefix: `/${new URL(resource).hostname}`,
    resource,
    audiences: new Set([resource, ...aliases]),
    multipleAudiences,
  });

const profile = guard(PROFILE, ['urn:profile']);
const billing = guard(BILLING, [GUID]);
const search = guard(SEARCH);
const INDEX = createAudienceIndex([publicRoute({ prefix: '/' }), profile, billing, search]);

describe('one audience: compared exactly, code point by code point (RFC 7519 section 2)', () => {
  test.each([
    ['the resource', [PROFILE], undefined],
    ['an alias', ['urn:profile'], undefined],
    ['without its slash', ['https://profile.example'], 'foreign'],
    ['with two slashes', ['https://profile.example//'], 'foreign'],
    ['another case of the host', ['https://Profile.example/'], 'foreign'],
    ['another case of the scheme', ['HTTPS://profile.example/'], 'foreign'],
    ['another case of an alias', ['URN:profile'], 'foreign'],
    ['another scheme', ['http://profile.example/'], 'foreign'],
    ['the default port', ['https://profile.example:443/'], 'foreign'],
    ['a path below', ['https://profile.example/x'], 'foreign'],
    ['a query', ['https://profile.example/?'], 'foreign'],
    ['a space before', [' https://profile.example/'], 'foreign'],
    ['a space after', ['https://profile.example/ '], 'foreign'],
    ['a prefix', ['https://profile.example'.slice(0, -1)], 'foreign'],
    ['an encoded letter', ['https://%70rofile.example/'], 'foreign'],
    ['two values in one string', [`${PROFILE} ${BILLING}`], 'foreign'],
    ['a wildcard', ['*'], 'foreign'],
    ['an empty string', [''], 'foreign'],
    ['the name of a property', ['constructor'], 'foreign'],
    ['none', [], 'missing'],
  ])('%s', (_, audience, presented) => {
    expect(findWrongAudience(profile, audience, INDEX)).toBe(presented);
  });

  test('two Unicode normal forms of one letter: two audiences', () => {
    const composed = guard('https://a.example/', ['urn:caf\u00e9']);
    expect(findWrongAudience(composed, ['urn:cafe\u0301'], createAudienceIndex([composed]))).toBe('foreign');
  });
});

describe('a token for a sibling: presented is the resource of the sibling, never a value of the token', () => {
  test.each([
    ['a sibling', [BILLING], BILLING],
    ['an alias counts as its resource', [GUID], BILLING],
    ['the first sibling of two', [SEARCH, BILLING], SEARCH],
    ['the first sibling of two, the other way round', [GUID, SEARCH], BILLING],
    ['a sibling after two unknown audiences', ['https://a.example', 'https://b.example', SEARCH], SEARCH],
    ['two unknown audiences', ['https://a.example', 'https://b.example'], 'foreign'],
    ['a sibling twice', [BILLING, BILLING], BILLING],
    ['audiences named like the three words', ['missing', 'multiple', 'foreign'], 'foreign'],
  ])('%s', (_, audience, presented) => {
    expect(findWrongAudience(profile, audience, INDEX)).toBe(presented);
  });
});

describe('a token for this route and others: multiple_audiences (GHSA-p2fr-6hmx-4528)', () => {
  const STRANGER = 'https://login.example/userinfo';
  test.each<[MultipleAudiences, readonly string[], string | undefined]>([
    ['any', [PROFILE], undefined],
    ['any', [PROFILE, BILLING], undefined],
    ['any', [STRANGER, PROFILE], undefined],
    ['any', [STRANGER, STRANGER, 'urn:profile'], undefined],
    ['any', [PROFILE, PROFILE], undefined],
    ['known', [PROFILE], undefined],
    ['known', ['urn:profile', PROFILE], undefined],
    ['known', [PROFILE, BILLING, GUID, SEARCH], undefined],
    ['known', [PROFILE, PROFILE], undefined],
    ['known', [PROFILE, STRANGER], 'multiple'],
    ['known', [STRANGER, PROFILE], 'multiple'],
    ['known', [PROFILE, ''], 'multiple'],
    ['known', [PROFILE, BILLING.toUpperCase()], 'multiple'],
    ['only', [PROFILE], undefined],
    ['only', ['urn:profile'], undefined],
    ['only', [PROFILE, BILLING], 'multiple'],
    ['only', [PROFILE, STRANGER], 'multiple'],
    ['only', [PROFILE, 'urn:profile'], 'multiple'],
    ['only', [PROFILE, PROFILE], 'multiple'],
    ['only', [BILLING, STRANGER], BILLING],
    ['known', [STRANGER, BILLING], BILLING],
    ['known', [STRANGER], 'foreign'],
    ['only', [], 'missing'],
  ])('%s, %j: %s', (rule, audience, presented) => {
    const route: ProtectedRoute = { ...profile, multipleAudiences: rule };
    expect(findWrongAudience(route, audience, INDEX)).toBe(presented);
  });
});

describe('the values that presented can have: known in advance', () => {
  test.each<[MultipleAudiences, readonly string[]]>([
    ['any', [BILLING, SEARCH, 'foreign', 'missing']],
    ['known', [BILLING, SEARCH, 'foreign', 'missing', 'multiple']],
    ['only', [BILLING, SEARCH, 'foreign', 'missing', 'multiple']],
  ])('%s: %j', (rule, presentable) => {
    expect(listPresentable({ ...profile, multipleAudiences: rule }, INDEX)).toEqual(presentable);
  });

  test('two routes of one resource, one with an additional alias: the resource is among them', () => {
    const first = { ...guard(PROFILE, ['urn:profile']), key: '/v1', prefix: '/v1' };
    const second = { ...guard(PROFILE), key: '/v2', prefix: '/v2' };
    const index = createAudienceIndex([first, second]);
    const presented = findWrongAudience(second, ['urn:profile'], index);
    expect(presented).toBeDefined();
    expect(listPresentable(second, index)).toContain(presented);
  });
});
