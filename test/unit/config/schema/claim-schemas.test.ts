/** The keys about claims: what is rejected, where, and in which words. */

import { describe, expect, test } from 'vitest';
import { listDiagnostics, load } from '../configuration.ts';

const file = (issuer: string, route = '') => `issuers:
  https://i.example: { ${issuer} }
routes:
  /a: { resource: https://a.example/, upstream: https://u.example, multiple_audiences: only, ${route} }
`;

describe('issuers: one error', () => {
  test.each([
    ['scope_claim: a..b', 'scope_claim: "a..b" has an empty step'],
    ['scope_claim: []', 'scope_claim: the list is empty, expected at least one entry'],
    [`scope_claim: [roles, '"x']`, 'scope_claim[1]: "\\"x" has a double quote that does not enclose a whole step'],
    ['scope_separator: ""', 'scope_separator: "" is empty'],
    ['scope_implies: { a: [a] }', 'scope_implies.a: includes itself'],
    ['scope_implies: { a: b }', 'scope_implies.a: found a string, expected a list'],
    ['scope_implies: { a: [] }', 'scope_implies.a: the list is empty'],
    ['scope_implies: { "x y": [a] }', 'scope_implies.x y: "x y" holds several scopes'],
    ['audience_claim: azp', 'audience_claim: "azp" is not accepted, expected one of aud, client_id'],
    ['leeway: 301s', 'leeway: "301s" is too long for a difference between clocks, expected at most 5m'],
    ['expiry_leeway: 1h', 'expiry_leeway: "1h" is too long for a difference between clocks, expected at most 5m'],
    ['leeway: -1s', 'leeway: "-1s" is not a duration'],
  ])('%s', (issuer, message) => {
    const [first, ...more] = listDiagnostics(file(issuer));
    expect(more).toEqual([]);
    expect(first).toContain(`issuers.https://i.example.${message}`);
  });

  test('a cycle of two, beside another error: all of them', () => {
    const found = listDiagnostics(file('scope_implies: { a: [b], b: [a], c: d }'));
    expect(found.map(each => /scope_implies\.(.)/.exec(each)?.[1])).toEqual(['a', 'b', 'c']);
  });
});

describe('routes: one error', () => {
  test.each([
    ['claims: { a.: x }', 'claims.a.: "a." has an empty step'],
    ['claims: { a: {} }', 'claims.a: found a map'],
    ['claims: { a: }', 'claims.a: found nothing'],
    ['claims: { a: "" }', 'claims.a: "" is empty'],
    ['claims: { a: [] }', 'claims.a: the list is empty'],
    ['claims: { a: [[]] }', 'claims.a[0]: found a list'],
    ['claims: { a: 9007199254740993 }', 'claims.a: "9007199254740993" is a number that JSON readers round'],
    ['metadata: { scopes: [a b] }', 'metadata.scopes[0]: "a b" holds several scopes'],
    [
      'metadata: { authorization_servers: [urn:x] }',
      'metadata.authorization_servers[0]: "urn:x" is not an http(s) URI',
    ],
    ['metadata: { authorization_servers: [] }', 'metadata.authorization_servers: the list is empty'],
    ['metadata: { scope: [a] }', 'metadata.scope: unknown key "scope"'],
  ])('%s', (route, message) => {
    const [first, ...more] = listDiagnostics(file('', route));
    expect(more).toEqual([]);
    expect(first).toContain(`routes./a.${message}`);
  });
});

test('valid values: as they are read', () => {
  const loaded = load(
    file(
      'scope_claim: [scp, realm_access.roles], scope_separator: ",", scope_implies: { a: [b], b: [c] }, leeway: 0s, expiry_leeway: 5m',
      `claims: { tid: one, 'x."y.z"': [1, true, "1"] }, scope_claim: roles`,
    ),
  );
  if (!loaded.ok) throw new Error('not valid');
  expect(loaded.config.issuers.get('https://i.example')).toMatchObject({
    scopeSource: {
      paths: [
        { text: 'scp', steps: ['scp'] },
        { text: 'realm_access.roles', steps: ['realm_access', 'roles'] },
      ],
      separator: ',',
    },
    impliedScopes: new Map([
      ['a', ['b', 'c']],
      ['b', ['c']],
    ]),
    leeway: 0,
    expiryLeeway: 300_000,
  });
  expect(loaded.config.routes[0]).toMatchObject({
    scopePaths: [{ text: 'roles', steps: ['roles'] }],
    requiredClaims: [
      { path: { text: 'tid', steps: ['tid'] }, values: new Set(['one']) },
      { path: { text: 'x."y.z"', steps: ['x', 'y.z'] }, values: new Set([1, true, '1']) },
    ],
  });
});

describe('the name of an issuer', () => {
  const named = (name: string, keys: string) =>
    listDiagnostics(`issuers: { ${JSON.stringify(name)}: { ${keys} } }
routes:
  /a: { resource: https://a.example/, upstream: https://u.example, claims: { a: b }, metadata: { authorization_servers: [https://l.example] } }
`);
  const names = [
    'accounts.google.com',
    'urn:example:issuer',
    'P2aBcD',
    'stytch.com/project-1',
    'https://i.example/?a=1',
  ];

  test.each(names)('%s with jwks_uri: any text', name => {
    expect(named(name, 'jwks_uri: https://i.example/jwks')).toEqual([]);
  });

  test.each(names)('%s with discovered keys: an error', name => {
    expect(named(name, '')).toEqual([expect.stringContaining('expected an absolute https:// URI without query')]);
  });

  test.each(['', 'a\\u0000b'])('%j: an error also with jwks_uri', name => {
    expect(named(JSON.parse(`"${name}"`), 'jwks_uri: https://i.example/jwks')).toHaveLength(1);
  });
});
