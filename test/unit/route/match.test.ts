import { describe, expect, test } from 'vitest';
import type { Route } from '../../../src/config/config.ts';
import { createRouteTable, matchRequest, matchRoute, type RouteTable, stripPrefix } from '../../../src/route/match.ts';
import { canonicalizePath } from '../../../src/route/path.ts';
import { endpointAt, protectedRoute, publicRoute } from './example-route.ts';

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

describe('whole segments, longest prefix', () => {
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

describe('other spellings of a prefix', () => {
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

describe('routes of the Host before those of every host', () => {
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

  test('route / of every host: matches what no other route matches', () => {
    const table = createRouteTable([publicRoute({ prefix: '/' }), protectedRoute({ prefix: '/a' })]);
    expect(find(table, 'x', '/')).toBe('/ /');
    expect(find(table, 'x', '/ab')).toBe('/ /ab');
    expect(find(table, 'x', '/a')).toBe('/a ');
  });

  test('routes in another order: the same matches', () => {
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

describe('allow_encoded: for its route and its encodings only', () => {
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

describe('encoding that a server could read as another route: ambiguous_path', () => {
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

  test('several readings below the prefix: listed in otherRests', () => {
    const path = canonicalizePath('/files/x%2Fy;z');
    if (!path.ok) throw new Error(path.reason);
    const match = matchRoute(table, 'a.example', path);
    expect(match).toMatchObject({ ok: true, rest: '/x%2Fy;z' });
    expect(match.ok && [...match.otherRests].sort()).toEqual(['/x%2Fy', '/x/y', '/x/y;z']);
  });

  test.each([
    ['/shop/;/admin', '/admin'],
    ['/shop/;a/%3Bb/admin', '/admin'],
    ['/shop/x;/../admin', undefined],
    ['/shop/%253B/admin', '/admin'],
    ['/shop/%2561dmin', '/admin'],
    ['/shop/caf%25C3%25A9', '/café'],
    ['/shop/%2540me', '/@me'],
    ['/shop/admin%2500.html', '/admin'],
    ['/shop/%255Cadmin', '/admin'],
    ['/shop/a%25u0064min', '/admin'],
    ['/shop/admin.%20', '/admin'],
    ['/shop/admin.', '/admin'],
    ['/shop/adm%FFin', '/admin'],
    ['/shop/caf%E9', '/café'],
    ['/shop/a%E0%81%A4min', '/admin'],
    ['/cut/;/admin', '/admin'],
    ['/cut/%2Fhost%2Fadmin', '/admin'],
  ])('%s: also read as %s', (raw, rest) => {
    const opened = new Set([';', '%3B', '%25', '%2F', '%5C', '%00', '%FF', '%E0', '%E9', '%81', '%A4']);
    const shop = createRouteTable([
      protectedRoute({ prefix: '/shop', allowEncoded: opened }),
      protectedRoute({ prefix: '/cut', allowEncoded: opened, stripPrefix: true }),
    ]);
    const path = canonicalizePath(raw);
    const match = path.ok ? matchRoute(shop, 'x', path) : path;
    if (rest === undefined) expect(match).toMatchObject({ reason: 'ambiguous_path' });
    else expect(match).toMatchObject({ ok: true, otherRests: expect.arrayContaining([rest]) });
  });
});

test('strip_prefix to endpoints with several base paths: the readings at each of them count', () => {
  const { upstream } = protectedRoute({ prefix: '/' });
  const path = canonicalizePath('/cut/%2Fx');
  const restsAt = (...bases: string[]) => {
    const fields = { prefix: '/cut', stripPrefix: true, allowEncoded: new Set(['%2F']) };
    const endpoints = bases.map(base => endpointAt('http://a', base));
    const match =
      path.ok &&
      matchRoute(createRouteTable([protectedRoute({ ...fields, upstream: { ...upstream, endpoints } })]), 'x', path);
    return match !== false && match.ok ? [...match.otherRests].sort() : undefined;
  };
  expect(restsAt('/base')).toEqual(['//x', '/x']);
  // Without a base path, //x names a host, and the path is empty.
  for (const bases of [[''], ['', '/base'], ['/base', '']]) expect(restsAt(...bases)).toEqual(['/', '//x', '/x']);
});

describe('rules applied to the results of other rules', () => {
  const table = createRouteTable([
    publicRoute({ prefix: '/', allowEncoded: new Set([';', '%25', '%2F', '%E9', '%C3', '%0A', '%00']) }),
    protectedRoute({ prefix: '/other' }),
    protectedRoute({ prefix: '/@me' }),
    protectedRoute({ prefix: '/caf%C3%A9' }),
    protectedRoute({ prefix: '/base/secret' }),
  ]);
  test.each([
    ['path parameters cut, then slashes merged', '/;/other/x'],
    ['the same, several times', '/;a/;b/other'],
    ['the same, in the middle', '/;a/other;b/x'],
    ['decoded, cut, then merged', '/%253B/other'],
    ['an encoded slash behind a parameter', '/;a%2Fother'],
    ['a second decoding uncovers @', '/%2540me/x'],
    ['a second decoding uncovers UTF-8', '/caf%25C3%25A9/x'],
    ['a second decoding completes UTF-8', '/caf%C3%25A9/x'],
    ['a third decoding', '/%252540me'],
    ['an encoding in lower case', '/caf%25c3%25a9'],
    ['a second decoding uncovers a slash and a letter', '/%2fx%252f..%252fother'],
    ['%uNNNN (http.sys)', '/%25u006fther'],
    ['overlong UTF-8 behind a second decoding', '/%25C1%25AFther'],
    ['Latin-1 (http.sys)', '/caf%E9'],
    ['a line feed that a URL parser drops', '/ot%0Aher'],
    ['NUL ends the path', '/other%00.html'],
    ['a dot at the end of a name (Win32)', '/other.'],
    ['blanks and dots at the end of a name (Win32)', '/other.%20./x'],
    ['a slash that begins an authority', '/%2Fhost/other'],
    ['an authority uncovered', '/%252Fhost%252Fother'],
  ])('%s: %s: ambiguous_path', (_, raw) => {
    const path = canonicalizePath(raw);
    expect(path.ok ? matchRoute(table, 'x', path) : path).toEqual({ ok: false, reason: 'ambiguous_path' });
  });

  test.each(['/;/others', '/a;v=1/b', '/100%25', '/x%2540me', '/v1./x', '/caf%25C3', '/caf%E9s'])(
    '%s leads nowhere else, and passes',
    raw => {
      expect(find(table, 'x', raw)).toMatch(/^\/ /);
    },
  );

  test('route / of the Host: every reading of an encoded path; path without encodings: no_route', () => {
    const own = createRouteTable([
      publicRoute({ prefix: '/', host: 'own.example', allowEncoded: new Set([';']) }),
      protectedRoute({ prefix: '/other' }),
    ]);
    expect(find(own, 'own.example', '/;/other')).toBe('own.example/ /;/other');
    expect(find(own, 'any.example', '/;/other')).toBe('ambiguous_path');
    expect(find(own, 'any.example', '/other.')).toBe('no_route');
  });
});

describe('readings without end', () => {
  const allowEncoded = new Set([';', '%25', '%2F', '%5C', '%3B', '%3F', '%23', '%00', '%FF']);
  const table = createRouteTable([protectedRoute({ prefix: '/', allowEncoded })]);

  test.each([
    ['escapes of escapes', '/', '%25', ''],
    ['one escape, as deep as it gets', '/%', '25', ''],
    ['all there is, again and again', '/', ';a%2Fb%5Cc%253Bd%253Fe%2523f%2500g%FF/', 'x'],
    ['parameters', '/', ';/', 'x'],
    ['slashes', '/', '%2F', ''],
    ['dots', '/', '.', '%FF'],
    ['blanks', '/', '%20', 'x%FF'],
  ])('%s, in 4 KB and in 16 KB: decided in 100 ms of the processor', (_, before, repeated, after) => {
    for (const size of [4_096, 16_000]) {
      const raw = before + repeated.repeat(size / repeated.length - 2) + after;
      const usage = process.cpuUsage();
      const path = canonicalizePath(raw);
      if (path.ok) matchRoute(table, 'x', path);
      const { user, system } = process.cpuUsage(usage);
      expect((user + system) / 1_000).toBeLessThan(100);
    }
  });

  test('more readings than the bound: ambiguous_path', () => {
    expect(find(table, 'x', `/%${'25'.repeat(300)}`)).toBe('ambiguous_path');
    expect(find(table, 'x', `/%${'25'.repeat(100)}`)).toMatch(/^\/ /);
    expect(find(table, 'x', `/${'a'.repeat(4_090)};b`)).toMatch(/^\/ /);
    expect(find(table, 'x', `/${'a'.repeat(4_100)};b`)).toBe('ambiguous_path');
  });
});

describe('every route to an upstream public or on report: several readings are only reported', () => {
  const at = (port: string, basePath = '') => ({
    ...protectedRoute({ prefix: '/' }).upstream,
    endpoints: [endpointAt(`http://${port}`, basePath)],
  });
  const socketAt = (path: string) => ({
    ...at('localhost'),
    endpoints: [{ ...endpointAt('http://localhost'), socketPath: path, label: path }],
  });
  const report = (prefix: string, port: string, fields = {}) =>
    protectedRoute({ prefix, enforcement: 'report', upstream: at(port), ...fields });
  const table = createRouteTable([
    report('/free', 'one:1001'),
    publicRoute({ prefix: '/open', upstream: at('one:1001') }),
    report('/cut', 'one:1001', { stripPrefix: true }),
    report('/@me', 'one:1001', { stripPrefix: true }),
    report('/mixed', 'one:1002'),
    protectedRoute({ prefix: '/guarded', upstream: at('two:1002') }),
    report('/plain', 'one'),
    protectedRoute({ prefix: '/verified', enforcement: 'verify', upstream: at('two:80') }),
    report('/several', 'one:1001', {
      upstream: { ...at('a:1001'), endpoints: [...at('a:1001').endpoints, ...at('a:1002').endpoints] },
    }),
    report('/socket', 'one', { upstream: socketAt('/run/free.sock') }),
    report('/shared', 'one', { upstream: socketAt('/run/guarded.sock') }),
    protectedRoute({ prefix: '/behind', upstream: socketAt('/var/run/guarded.sock') }),
  ]);
  const ask = (sentPath: string) => matchRequest(table, { host: 'x', path: canonicalizePath(sentPath), sentPath });

  test.each([
    ['/free//x', '/free'],
    ['/free/../guarded', '/free'],
    ['/free/;a/x', '/free'],
    ['/free/%2f%61', '/free'],
    ['/free/a\\b', '/free'],
    ['/free/caf\xe9', '/free'],
    ['/free/%zz', '/free'],
    ['/free/#x', '/free'],
    ['/open/..%2fx', '/open'],
    ['/%66ree//x', '/free'],
    ['/cut//x', '/cut'],
    ['/@me//x', '/@me'],
    ['/socket//x', '/socket'],
  ])('%j: by route %s, as it was sent', (path, key) => {
    expect(ask(path)).toMatchObject({ ok: true, isAmbiguous: true, path, route: { key } });
  });

  test.each([
    ['another route to that port enforces, whatever the host is called', '/mixed//x'],
    ['the port that http has by default', '/plain//x'],
    ['another route enforces at the port of one of its endpoints', '/several//x'],
    ['another route enforces at that socket, by the other name of its folder', '/shared//x'],
    ['no route as it was sent', '//free/x'],
    ['no route as it was sent, encoded', '/free%2Fx'],
    ['no whole segment', '/free;a/x'],
    ['a prefix to strip that does not stand there literally', '/%63ut//x'],
    ['the same, encoded', '/%40me//x'],
    ['no slash at the beginning', 'free//x'],
    ['enforced', '/guarded//x'],
  ])('%s: %j: ambiguous_path', (_, path) => {
    expect(ask(path)).toEqual({ ok: false, reason: 'ambiguous_path' });
  });

  test('one reading: not reported', () => {
    expect(ask('/free/x')).not.toHaveProperty('isAmbiguous');
  });
});

describe('forwarded path', () => {
  test.each([
    ['/profile/%61', '/profile/a', '/a'],
    ['/profile/caf%c3%a9', '/profile/caf%C3%A9', '/café'],
    ['/%40me/%40you', '/%40me/%40you', '/@you'],
  ])('%s: forwarded as %s, rest %s', (raw, path, rest) => {
    const canonical = canonicalizePath(raw);
    expect(canonical.ok && matchRoute(WORLD, 'x', canonical)).toMatchObject({ ok: true, path, rest });
  });
});

describe('strip_prefix: whole segments, in any spelling', () => {
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
  ])('%s from %s: %j', (prefix, path, rest) => {
    expect(stripPrefix(prefix, path)).toBe(rest);
  });
});
