import { describe, expect, test } from 'vitest';
import type { Route } from '../../../src/config/config.ts';
import { createRouteTable, matchRoute, type RouteTable, stripPrefix } from '../../../src/route/match.ts';
import { canonicalizePath } from '../../../src/route/path.ts';
import { protectedRoute, publicRoute } from './example-route.ts';

/** What is found: `KEY rest`, or the reason why nothing is. */
function find(table: RouteTable, host: string, raw: string): string {
  const path = canonicalizePath(raw);
  if (!path.ok) throw new Error(`${raw} is not a path`);
  const match = matchRoute(table, host, path);
  return match.ok ? `${match.route.key} ${match.rest}` : match.reason;
}

const WORLD = createRouteTable([
  protectedRoute({ prefix: '/profile' }),
  protectedRoute({ prefix: '/profile/pictures/large' }),
  publicRoute({ prefix: '/profile/pictures' }),
  publicRoute({ prefix: '/status' }),
  protectedRoute({ prefix: '/@me' }),
  protectedRoute({ prefix: '/caf%C3%A9' }),
  protectedRoute({ prefix: '/a%20b' }),
  protectedRoute({ prefix: '/..foo' }),
  protectedRoute({ prefix: '/v2', host: 'billing.example' }),
  protectedRoute({ prefix: '/profile', host: 'billing.example' }),
  publicRoute({ prefix: '/', host: 'whole.example' }),
  protectedRoute({ prefix: '/v6', host: '[::1]' }),
]);

describe('a route matches whole segments, the longest prefix first', () => {
  test.each([
    ['/profile', '/profile '],
    ['/profile/', '/profile /'],
    ['/profile/7', '/profile /7'],
    ['/profile/7/', '/profile /7/'],
    ['/profile/pictures', '/profile/pictures '],
    ['/profile/pictures/7', '/profile/pictures /7'],
    ['/profile/pictures/large', '/profile/pictures/large '],
    ['/profile/pictures/large/7/8', '/profile/pictures/large /7/8'],
    ['/profile/pictures/larger', '/profile/pictures /larger'],
    ['/profile/picture', '/profile /picture'],
    ['/profiles', 'no_route'],
    ['/profil', 'no_route'],
    ['/Profile', 'no_route'],
    ['/profile.json', 'no_route'],
    ['/', 'no_route'],
    ['/statu', 'no_route'],
    ['/x/profile', 'no_route'],
    ['/..foo/..bar', '/..foo /..bar'],
    ['/constructor', 'no_route'],
    ['/__proto__', 'no_route'],
  ])('%s → %s', (path, found) => {
    expect(find(WORLD, 'any.example', path)).toBe(found);
  });
});

describe('a route meets every spelling of its prefix', () => {
  test.each([
    ['/%40me', '/@me '],
    ['/@me/%40you', '/@me /@you'],
    ['/%70rofile', '/profile '],
    ['/profile/%70ictures/x', '/profile/pictures /x'],
    ['/caf%c3%a9/x', '/caf%C3%A9 /x'],
    ['/a%20b', '/a%20b '],
    ['/profile%20', 'no_route'],
  ])('%s → %s', (path, found) => {
    expect(find(WORLD, 'any.example', path)).toBe(found);
  });
});

describe('the routes of the Host come first, then those of every host', () => {
  test.each([
    ['billing.example', '/v2/x', 'billing.example/v2 /x'],
    ['any.example', '/v2/x', 'no_route'],
    ['sub.billing.example', '/v2/x', 'no_route'],
    ['billing.example', '/status', '/status '],
    ['billing.example', '/profile/pictures/large', 'billing.example/profile /pictures/large'],
    ['any.example', '/profile/pictures/large', '/profile/pictures/large '],
    ['whole.example', '/profile', 'whole.example/ /profile'],
    ['whole.example', '/', 'whole.example/ /'],
    ['[::1]', '/v6', '[::1]/v6 '],
    ['', '/profile', '/profile '],
  ])('%s%s → %s', (host, path, found) => {
    expect(find(WORLD, host, path)).toBe(found);
  });

  test('the root of every host takes what no other route does', () => {
    const table = createRouteTable([publicRoute({ prefix: '/' }), protectedRoute({ prefix: '/a' })]);
    expect(find(table, 'x', '/')).toBe('/ /');
    expect(find(table, 'x', '/ab')).toBe('/ /ab');
    expect(find(table, 'x', '/a')).toBe('/a ');
  });

  test('the order of the YAML does not matter', () => {
    const routes: readonly Route[] = ['/a', '/', '/a/b/c', '/a/b'].map(prefix => publicRoute({ prefix }));
    for (const order of [routes, routes.toReversed()]) {
      const table = createRouteTable(order);
      expect(['/x', '/a/x', '/a/b/x', '/a/b/c/x'].map(path => find(table, 'x', path))).toEqual([
        '/ /x',
        '/a /x',
        '/a/b /x',
        '/a/b/c /x',
      ]);
    }
  });
});

describe('allow_encoded opens one route, to the encodings it names', () => {
  const table = createRouteTable([
    protectedRoute({ prefix: '/strict' }),
    protectedRoute({ prefix: '/files', allowEncoded: new Set(['%2F', ';']) }),
    protectedRoute({ prefix: '/files/inner' }),
    protectedRoute({ prefix: '/bytes', allowEncoded: new Set(['%FF']) }),
  ]);
  test.each([
    ['/files/a%2Fb', '/files /a%2Fb'],
    ['/files/a%2fb', '/files /a%2Fb'],
    ['/files/a;v=1', '/files /a;v=1'],
    ['/files/a;v=1%2F;', '/files /a;v=1%2F;'],
    ['/files/a%5Cb', 'ambiguous_path'],
    ['/files/a%2Fb%5Cc', 'ambiguous_path'],
    ['/files/a%3Bb', 'ambiguous_path'],
    ['/files/inner/a%2Fb', 'ambiguous_path'],
    ['/files%2Finner', 'ambiguous_path'],
    ['/files%2Fa', 'ambiguous_path'],
    ['/strict/a%2Fb', 'ambiguous_path'],
    ['/strict;/a', 'ambiguous_path'],
    ['/strict/%FF', 'ambiguous_path'],
    ['/bytes/%ff', '/bytes /%FF'],
    ['/bytes/%fe', 'ambiguous_path'],
    ['/nowhere/a%2Fb', 'ambiguous_path'],
    ['/nowhere/ab', 'no_route'],
  ])('%s → %s', (path, found) => {
    expect(find(table, 'x', path)).toBe(found);
  });
});

describe('an upstream that reads an encoding in its own way comes to no other route', () => {
  const open = { allowEncoded: new Set(['%2F', '%5C', '%25', '%3F', '%23', '%00', ';', '%3B']) };
  const table = createRouteTable([
    protectedRoute({ prefix: '/files', ...open }),
    protectedRoute({ prefix: '/files/inner' }),
    publicRoute({ prefix: '/public', ...open }),
    protectedRoute({ prefix: '/public/secret', ...open }),
    protectedRoute({ prefix: '/a/deep' }),
    publicRoute({ prefix: '/a', host: 'own.example', ...open }),
    protectedRoute({ prefix: '/a/b', host: 'own.example', ...open }),
  ]);
  test.each([
    ['a.example', '/files/x%2Fy', '/files /x%2Fy'],
    ['a.example', '/files/innermost%2Fx', '/files /innermost%2Fx'],
    ['a.example', '/public/x%2Fsecret', '/public /x%2Fsecret'],
    ['a.example', '/files/inner%2Fx', 'ambiguous_path'],
    ['a.example', '/public/secret%2Fx', 'ambiguous_path'],
    ['a.example', '/public%2Fsecret', 'ambiguous_path'],
    ['a.example', '/public/%2Fsecret', 'ambiguous_path'],
    ['a.example', '/public/secret%5Cx', 'ambiguous_path'],
    ['a.example', '/public/secret%252Fx', 'ambiguous_path'],
    ['a.example', '/public/%2573ecret', 'ambiguous_path'],
    ['a.example', '/public/secret;x', 'ambiguous_path'],
    ['a.example', '/public/secret%3Bx', 'ambiguous_path'],
    ['a.example', '/public;x/secret', 'ambiguous_path'],
    ['a.example', '/public/secret%3Fx', 'ambiguous_path'],
    ['a.example', '/public/secret%23x', 'ambiguous_path'],
    ['a.example', '/public/secret%00x', 'ambiguous_path'],
    ['a.example', '/public/secret%2Fx;y', 'ambiguous_path'],
    ['a.example', '/public/secret/%2F', '/public/secret /%2F'],
    ['own.example', '/a/x%2Fb', 'own.example/a /x%2Fb'],
    ['own.example', '/a/b%2Fx', 'ambiguous_path'],
    ['own.example', '/a/deep%2Fx', 'own.example/a /deep%2Fx'],
  ])('%s%s → %s', (host, path, found) => {
    expect(find(table, host, path)).toBe(found);
  });

  test('the other ways to read what follows the prefix are told, for their scopes', () => {
    const path = canonicalizePath('/files/x%2Fy;z');
    if (!path.ok) throw new Error(path.reason);
    const match = matchRoute(table, 'a.example', path);
    expect(match).toMatchObject({ ok: true, rest: '/x%2Fy;z' });
    expect(match.ok && [...match.otherRests].sort()).toEqual(['/x%2Fy', '/x/y', '/x/y;z']);
  });
});

describe('what was matched is what is forwarded', () => {
  test.each([
    ['/profile/%61', '/profile/a', '/a'],
    ['/profile/caf%c3%a9', '/profile/caf%C3%A9', '/café'],
    ['/%40me/%40you', '/%40me/%40you', '/@you'],
  ])('%s is forwarded as %s, its rest is %s', (raw, path, rest) => {
    const canonical = canonicalizePath(raw);
    expect(canonical.ok && matchRoute(WORLD, 'x', canonical)).toMatchObject({ ok: true, path, rest });
  });
});

describe('strip_prefix removes whole segments of the path, however they are spelled', () => {
  test.each([
    ['/', '/', '/'],
    ['/', '/a/b', '/a/b'],
    ['/a', '/a', ''],
    ['/a', '/a/', '/'],
    ['/a', '/a/b', '/b'],
    ['/a', '/a/a/b', '/a/b'],
    ['/a/b', '/a/b/c/', '/c/'],
    ['/@me', '/%40me/x', '/x'],
    ['/a%20b', '/a%20b/c', '/c'],
    ['/caf%C3%A9/x', '/caf%C3%A9/x/%C3%A9', '/%C3%A9'],
    ['/api', '/api/..x', '/..x'],
  ])('%s from %s leaves %j', (prefix, path, rest) => {
    expect(stripPrefix(prefix, path)).toBe(rest);
  });
});
