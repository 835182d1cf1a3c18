import { describe, expect, test } from 'vitest';
import { createAudienceIndex } from '../../../src/authorization/audience.ts';
import { authorize } from '../../../src/authorization/authorize.ts';
import { findWrongClaim } from '../../../src/authorization/required-claims.ts';
import type { ClaimValue, ProtectedRoute, RequiredClaim } from '../../../src/config/config.ts';
import { parseClaimPath } from '../../../src/config/values/claim-path.ts';
import type { AccessToken } from '../../../src/token/access-token.ts';
import { protectedRoute } from '../route/example-route.ts';
import { exampleToken } from '../token/example-token.ts';

function required(claims: Readonly<Record<string, readonly ClaimValue[]>>): readonly RequiredClaim[] {
  return Object.entries(claims).map(([text, values]) => {
    const path = parseClaimPath(text);
    if (!path.ok) throw new Error('no path');
    return { path: path.value, values: new Set(values) };
  });
}

describe('a required claim', () => {
  test.each<[string, Record<string, readonly ClaimValue[]>, Record<string, unknown>, boolean]>([
    ['equal', { tid: ['a'] }, { tid: 'a' }, true],
    ['one of two', { tid: ['a', 'b'] }, { tid: 'b' }, true],
    ['absent', { tid: ['a'] }, {}, false],
    ['null', { tid: ['a'] }, { tid: null }, false],
    ['another', { tid: ['a'] }, { tid: 'b' }, false],
    ['in another case', { tid: ['a'] }, { tid: 'A' }, false],
    ['that begins alike', { tid: ['a'] }, { tid: 'ab' }, false],
    ['a number for text', { level: ['7'] }, { level: 7 }, false],
    ['text for a number', { level: [7] }, { level: '7' }, false],
    ['a number', { level: [7] }, { level: 7 }, true],
    ['true', { ok: [true] }, { ok: true }, true],
    ['text for true', { ok: [true] }, { ok: 'true' }, false],
    ['a list that holds it', { groups: ['a'] }, { groups: ['x', 'a'] }, true],
    ['a list that holds none', { groups: ['a'] }, { groups: ['x'] }, false],
    ['an empty list', { groups: ['a'] }, { groups: [] }, false],
    ['a list within a list', { groups: ['a'] }, { groups: [['a']] }, false],
    ['an object with that key', { groups: ['a'] }, { groups: { a: true } }, false],
    ['by a path', { 'realm_access.roles': ['a'] }, { realm_access: { roles: ['a'] } }, true],
    ['by a path, where the whole name is another claim', { 'a.b': ['x'] }, { 'a.b': 'y', a: { b: 'x' } }, false],
    ['two of them, one wrong', { tid: ['a'], sub: ['s'] }, { tid: 'a', sub: 't' }, false],
    ['client_id', { client_id: ['web'] }, { client_id: 'web' }, true],
    ['client_id: azp is the client', { client_id: ['web'] }, { azp: 'web' }, true],
    ['client_id: appid is the client', { client_id: ['web'] }, { appid: 'web' }, true],
    ['client_id: cid is the client', { client_id: ['web'] }, { cid: 'web' }, true],
    ['client_id comes before azp', { client_id: ['web'] }, { client_id: 'other', azp: 'web' }, false],
    ['client_id that is no text: no client', { client_id: ['web'] }, { client_id: 7, azp: 'web' }, false],
    ['azp by its own name', { azp: ['web'] }, { client_id: 'other', azp: 'web' }, true],
    ['inherited names', { constructor: ['x'] }, {}, false],
  ])('%s', (_, claims, token, isAccepted) => {
    expect(findWrongClaim(required(claims), token) === undefined).toBe(isAccepted);
  });
});

describe('in the decision', () => {
  const resource = 'https://api.example/';
  const requiredClaims = required({ tid: ['a'] });
  const rules = [{ method: '*', path: '/', scopes: ['read'] }];
  const decide = (fields: Partial<ProtectedRoute>, token: Partial<AccessToken>) => {
    const route = protectedRoute({ prefix: '/a', resource, scopeRules: rules, requiredClaims, ...fields });
    const match = { ok: true, route, path: '/a', rest: '', otherRests: [] } as const;
    return authorize(createAudienceIndex([route]), match, 'GET', exampleToken(token), 0);
  };

  test('wrong claim: wrong_claim, with the scopes of the operation for the challenge', () => {
    expect(decide({}, {}).denial).toMatchObject({ reason: 'wrong_claim', scopes: ['read'] });
  });

  test('wrong audience and claim: wrong_audience', () => {
    expect(decide({}, { audience: ['x'] }).denial?.reason).toBe('wrong_audience');
  });

  test('right claim, no scope: insufficient_scope', () => {
    expect(decide({}, { claims: { tid: 'a' } }).denial?.reason).toBe('insufficient_scope');
  });

  test.each(['report', 'verify'] as const)('on %s: only reported', enforcement => {
    const { grant, denial } = decide({ enforcement }, {});
    expect(grant?.reported).toBe('wrong_claim');
    expect(denial?.reason).toBe('wrong_claim');
  });
});

describe('the scopes of a route', () => {
  const route = (scopePaths: ProtectedRoute['scopePaths']) =>
    protectedRoute({ prefix: '/a', scopeRules: [{ method: '*', path: '/', scopes: ['read'] }], scopePaths });
  const decide = (scopePaths: ProtectedRoute['scopePaths'], token: Partial<AccessToken>) => {
    const match = { ok: true, route: route(scopePaths), path: '/a', rest: '', otherRests: [] } as const;
    return authorize(createAudienceIndex([match.route]), match, 'GET', exampleToken(token), 0);
  };
  const paths = [{ text: 'roles', steps: ['roles'] }];

  test('scope_claim of the route: replaces the scopes of the issuer', () => {
    const token = { scopes: new Set(['read']), claims: { scope: 'read', roles: ['write'] } };
    expect(decide(undefined, token).denial).toBeUndefined();
    expect(decide(paths, token).denial?.reason).toBe('insufficient_scope');
    expect(decide(paths, { claims: { roles: ['read'] } })).toMatchObject({
      denial: undefined,
      scopes: new Set(['read']),
    });
  });

  test('scope_implies: counts for the scopes of the issuer, and is not logged', () => {
    const token = { scopes: new Set(['admin']), allScopes: new Set(['admin', 'read']) };
    expect(decide(undefined, token)).toMatchObject({ denial: undefined, scopes: new Set(['admin']) });
    expect(decide(paths, { ...token, claims: { roles: ['admin'] } }).denial?.reason).toBe('insufficient_scope');
  });

  test('scope_separator of the issuer: applies to the claim of the route', () => {
    const scopeSource = { paths: undefined, separator: ',' };
    expect(decide(paths, { scopeSource, claims: { roles: 'write,read' } }).denial).toBeUndefined();
  });
});

describe('the kind of a token', () => {
  const route = (enforcement: ProtectedRoute['enforcement']) => protectedRoute({ prefix: '/a', enforcement });
  const decide = (enforcement: ProtectedRoute['enforcement'], token: Parameters<typeof authorize>[3]) => {
    const match = { ok: true, route: route(enforcement), path: '/a', rest: '', otherRests: [] } as const;
    return authorize(createAudienceIndex([match.route]), match, 'GET', token, 0);
  };
  const expired = exampleToken({ kind: 'ID' });
  const late = { ok: false, reason: 'token_expired', kind: 'ID', verified: expired } as const;

  test('on enforce: wrong_token_type, before the time', () => {
    expect(decide('enforce', late).denial?.reason).toBe('wrong_token_type');
    expect(decide('enforce', { ok: false, reason: 'malformed_token', kind: 'ID' }).denial?.reason).toBe(
      'wrong_token_type',
    );
    expect(decide('enforce', exampleToken({ kind: 'ID' })).denial?.reason).toBe('wrong_token_type');
  });

  test('on verify: the time behind it is refused', () => {
    expect(decide('verify', late)).toMatchObject({ grant: undefined, denial: { reason: 'token_expired' } });
    const bare = decide('verify', { ok: false, reason: 'malformed_token', kind: 'ID' });
    expect(bare).toMatchObject({ grant: undefined, denial: { reason: 'malformed_token' } });
    expect(decide('verify', exampleToken({ kind: 'ID' })).grant?.reported).toBe('wrong_token_type');
  });

  test('on report: the first is reported, and an expired token sets no identity', () => {
    const { grant, verified } = decide('report', late);
    expect(grant).toMatchObject({ reported: 'wrong_token_type', identity: undefined });
    expect(verified).toBe(expired);
  });
});

describe('audience_claim beside aud: both must fit', () => {
  const route = protectedRoute({
    prefix: '/a',
    resource: 'https://api.example/',
    audiences: new Set(['https://api.example/', 'web']),
  });
  const match = { ok: true, route, path: '/a', rest: '', otherRests: [] } as const;
  test.each([
    ['the client alone', ['web'], undefined, undefined],
    ['both fit', ['web'], ['https://api.example/'], undefined],
    ['another aud', ['web'], ['https://other.example/'], 'foreign'],
    ['an empty aud', ['web'], [], 'missing'],
    ['another client', ['batch'], ['https://api.example/'], 'foreign'],
    ['no client', [], undefined, 'missing'],
  ])('%s', (_, audience, secondAudience, presented) => {
    const { denial } = authorize(
      createAudienceIndex([route]),
      match,
      'GET',
      exampleToken({ audience, secondAudience }),
      0,
    );
    expect(denial?.presented).toBe(presented);
  });
});
