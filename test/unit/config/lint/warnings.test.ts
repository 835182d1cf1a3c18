import { describe, expect, test } from 'vitest';
import { listCodes, listDiagnostics } from '../configuration.ts';

const ONLY = 'multiple_audiences: only';

function file(...routes: readonly string[]): string {
  return `issuers: { https://i.example: }\nroutes:\n${routes.map(route => `  ${route}\n`).join('')}`;
}

const PROTECTED = `/a/b: { resource: https://a.example, upstream: https://a, ${ONLY} }`;
const PUBLIC = '/: { public: true, upstream: http://a }';

/** A route whose one resource is https://a.example, with `keys`. */
function route(key: string, keys: string): string {
  return `${key}: { resource: https://a.example, upstream: https://a, ${keys} }`;
}

/** Further cases, beside the one for each code in check-codes.test.ts. */
describe('one warning', () => {
  test.each([
    [
      'public-over-protected',
      file(PROTECTED, 'x.example/: { public: true, upstream: http://x }'),
      '4:3: warning: routes.x.example/: this public route contains the protected route "/a/b" (line 3)',
    ],
    [
      'issuer-without-tls',
      file(PROTECTED).replace('i.example: }', 'i.example: { jwks_uri: http://k/ } }'),
      '1:43: warning: issuers.https://i.example.jwks_uri: keys fetched without TLS',
    ],
    [
      'issuer-without-tls',
      file(PROTECTED).replace('https://i.example: }', 'http://i.example: }'),
      '1:12: warning: issuers.http://i.example: an issuer without TLS, from which its keys are fetched',
    ],
    [
      'issuer-placeholder',
      file(PROTECTED).replace('https://i.example: }', '"https://*.example": }'),
      '1:12: warning: issuers.https://*.example: has a *, which stands for nothing but itself',
    ],
    [
      'resource-http-loopback',
      `trusted_proxies: [10.0.0.0/8]\n${file('/: { resource: "http://127.0.0.1/", upstream: https://a }')}`,
      '4:18: warning: routes./.resource: plain http on this machine, though clients come through trusted proxies on other machines',
    ],
    [
      'audience-wildcard',
      file('/: { resource: "https://*.example/", upstream: https://a }'),
      '3:18: warning: routes./.resource: a * that stands for nothing but itself',
    ],
    [
      'audience-for-everyone',
      file(route('/', 'audiences: [https://i.example/]')),
      '3:70: warning: routes./.audiences[0]: is the issuer itself, not this API',
    ],
    [
      'audience-for-everyone',
      file(route('/', 'audiences: [b, https://i.example/userinfo]')),
      "3:73: warning: routes./.audiences[1]: is the issuer's userinfo endpoint, not this API",
    ],
    [
      'audience-for-everyone',
      file(route('/', 'audiences: [00000003-0000-0000-c000-000000000000]')),
      '3:70: warning: routes./.audiences[0]: is Microsoft Graph, not this API',
    ],
    [
      'report-strips-token',
      file(route('/', 'enforcement: report, forward_token: false')),
      '3:94: warning: routes./.forward_token: Authorization is removed, though on report the API is to behave as before',
    ],
    [
      'token-forwarded-in-clear',
      file('/: { public: true, upstream: http://a, upstream_token: forward }').replace('{ https://i.example: }', '{}'),
      '3:58: warning: routes./.upstream_token: the token is forwarded in clear text',
    ],
    [
      'token-forwarded-in-clear',
      file('/: { resource: https://a.example, upstream: http://a, forward_token: true }'),
      '3:72: warning: routes./.forward_token: the token is forwarded in clear text',
    ],
    [
      'trusted-proxies-anyone',
      `trusted_proxies: [10.0.0.0/8, "::/0"]\n${file(PROTECTED)}`,
      '1:31: warning: trusted_proxies[1]: every address is in this network',
    ],
    [
      'admin-open',
      `admin: :9090\n${file(PROTECTED)}`,
      '1:8: warning: admin: others than this machine reach it, and there is no admin_token',
    ],
    ['unused-issuer', file(PUBLIC), '1:12: warning: issuers.https://i.example: no route accepts tokens of this issuer'],
    [
      'id-token-accepted',
      file(route('/', 'audiences: [b], scopes: { GET: [], POST: [x] }')).replace('e: }', 'e: { token_types: [JWT] } }'),
      '3:70: warning: routes./.audiences[0]: looks like a client id, token_types of "https://i.example" has JWT, and not every method needs a scope',
    ],
  ])('%s: %#', (code, text, warning) => {
    expect(listDiagnostics(text)).toEqual([warning]);
    expect(listCodes(text)).toEqual([code]);
  });

  test.each([
    ['https://t.auth0.com/userinfo', "the issuer's userinfo endpoint"],
    ['https://t.auth0.com/', 'the issuer itself'],
    ['https://t.auth0.com', 'the issuer itself'],
    ['https://t.auth0.com/api/v2/', 'Auth0 itself'],
    ['https://graph.microsoft.com', 'Microsoft Graph'],
    ['https://management.azure.com/', 'the management API of Azure'],
  ])('audience-for-everyone: %s as resource or alias', (audience, what) => {
    const issuer = (text: string) => text.replace('https://i.example', 'https://t.auth0.com/');
    const asResource = issuer(file(`/: { resource: "${audience}", upstream: https://a }`));
    expect(listDiagnostics(asResource)).toEqual([
      expect.stringContaining(`3:18: warning: routes./.resource: is ${what}`),
    ]);
    const asAlias = issuer(file(route('/', `audiences: ["${audience}"]`)));
    expect(listDiagnostics(asAlias)).toEqual([expect.stringContaining(`routes./.audiences[0]: is ${what}`)]);
  });

  test.each([
    ['api://default'],
    ['00000002-0000-0000-c000-000000000000'],
    ['00000003-0000-0000-C000-000000000000'],
    ['797F4846-BA00-4FD7-BA43-DAC1F8F63013'],
    ['realm-management'],
    ['broker'],
  ])('audience-for-everyone: %s', audience => {
    const text = file(route('/', `audiences: [${audience}], scopes: [x]`)).replace('i.example', 'i.example/realms/x');
    expect(listCodes(text)).toEqual(['audience-for-everyone']);
  });

  test.each(['0.0.0.0/1', '128.0.0.0/1', '10.0.0.0/7', '2000::/3', 'fc00::/6', 'fe80::/9', '::/1', '2001::/15'])(
    'trusted-proxies-anyone: %s',
    network => {
      expect(listCodes(`trusted_proxies: ["${network}"]\n${file(PROTECTED)}`)).toEqual(['trusted-proxies-anyone']);
    },
  );
});

describe('path-pattern', () => {
  test.each(['/b/*', '/b/*/c', '/b/**', '/b/*.json', '/b/:id', '/:id/c'])('route %s: warned of', key => {
    expect(listCodes(file(`${key}: { public: true, upstream: http://a }`, PROTECTED))).toEqual(['path-pattern']);
  });

  test.each(['GET /*', 'POST /b/:id', '* /b/*/c'])('scopes of %s: warned of, at the rule', rule => {
    const text = file(route('/', `scopes: { GET: [x], "${rule}": [y] }`));
    expect(listDiagnostics(text)).toEqual([expect.stringContaining(`scopes.${rule}: a pattern`)]);
  });

  test.each(['/things:batch', '/b/a:b/c', '/b/:1'])('route %s: not warned of', key => {
    expect(listCodes(file(`${key}: { public: true, upstream: http://a }`, PROTECTED))).toEqual([]);
  });
});

test.each(['fe80::/10', 'febf::/16', 'fc00::/7'])('trusted proxies on one link or private, %s: no warning', network => {
  expect(listCodes(`trusted_proxies: ["${network}"]\n${file(PROTECTED)}`)).toEqual([]);
});

describe('no warning', () => {
  test.each([
    [
      'a resource on loopback, behind proxies of this machine',
      `trusted_proxies: [127.0.0.1, "::1", "unix:"]\n${file('/: { resource: "http://127.0.0.1/", upstream: https://a }')}`,
    ],
    [
      'loopback without TLS',
      file('/: { resource: http://localhost:1, upstream: http://127.0.0.1:1, forward_token: true }').replace(
        'https://i.example',
        '"http://[::1]:3"',
      ),
    ],
    ['public route beside a protected one', file(PROTECTED, '/a/bc: { public: true, upstream: http://x }')],
    [
      'would_deny_header on verify',
      file('/: { resource: https://a.example, upstream: http://a, enforcement: verify, would_deny_header: true }'),
    ],
    [
      'public and protected routes of different hosts',
      file(`x.example${PROTECTED}`, 'y.example/: { public: true, upstream: http://x }'),
    ],
    [
      'one resource on two routes',
      file('/a: { resource: https://a, upstream: https://a }', '/b: { resource: https://a, upstream: https://a }'),
    ],
    [
      'aliases of two routes in another order',
      file(route('/a', 'audiences: [b, c]'), route('/b', 'audiences: [c, b]')),
    ],
    [
      'alias on one route, where the other has another issuer',
      file(
        route('/a', 'audiences: [b], issuers: [https://i.example]'),
        route('/b', 'issuers: [https://j.example]'),
      ).replace('e: }', 'e: , https://j.example: }'),
    ],
    [
      'JWT accepted, every method needs a scope',
      file(route('/', 'audiences: [b], scopes: [x]')).replace('e: }', 'e: { token_types: [JWT] } }'),
    ],
    [
      'JWT accepted, aliases are URIs or the issuer is another',
      file(
        route('/a', 'audiences: [api://b]'),
        '/b: { resource: https://b, audiences: [x], upstream: https://b, issuers: [https://j.example], multiple_audiences: only }',
      )
        .replace('e: }', 'e: { token_types: [JWT] }, https://j.example: }')
        .replace('[api://b] }', `[api://b], ${ONLY} }`),
    ],
    ['audience account without a Keycloak realm', file(route('/', 'audiences: [account], scopes: [x]'))],
    [
      'trusted_proxies of usual sizes',
      `trusted_proxies: [10.0.0.0/8, 192.0.2.10, "fd00::/8", "fc00::/7", "2001:db8::/32"]\n${file(PROTECTED)}`,
    ],
    [
      'default upstream_token on each enforcement mode, upstream without TLS',
      file(
        '/a: { resource: https://a.example, upstream: http://a, enforcement: report }',
        '/b: { resource: https://a.example, upstream: http://a, enforcement: verify }',
        '/c: { resource: https://a.example, upstream: http://a }',
      ),
    ],
    [
      'upstream_token: strip where it is the default',
      file('/: { resource: https://a.example, upstream: http://a, enforcement: verify, upstream_token: strip }'),
    ],
    [
      'resource below the origin of its issuer',
      file('/: { resource: https://i.example/api/v2, audiences: [realm-management2], upstream: https://a }'),
    ],
  ])('%s', (_name, text) => {
    expect(listDiagnostics(text)).toEqual([]);
  });
});

test('misspelled issuer on a route: unknown-issuer only, not unused-issuer', () => {
  expect(listCodes(file(route('/', 'issuers: [https://i.exmple]')))).toEqual(['unknown-issuer']);
});

test('alias from the environment: not in the message', () => {
  const text = file(route('/a', 'audiences: ["${A:-s3cret}*"]'), route('/b', 'scopes: [x]'));
  expect(listCodes(text)).toEqual(['audience-wildcard', 'alias-on-one-route']);
  expect(listDiagnostics(text).join('\n')).not.toContain('s3cret');
});

test('http issuer with keys by https (AD FS): no warning; with keys by http: one', () => {
  const named = (settings: string) =>
    file(PROTECTED).replace('https://i.example: }', `http://fs.example/adfs/services/trust: { ${settings} } }`);
  expect(listCodes(named('jwks_uri: https://fs.example/adfs/discovery/keys'))).toEqual([]);
  expect(listDiagnostics(named('jwks_uri: http://fs.example/adfs/discovery/keys'))).toEqual([
    expect.stringContaining('.jwks_uri: keys fetched without TLS'),
  ]);
});

test('placeholder with characters that no URI has: an error with the same code', () => {
  const text = file(PROTECTED).replace(
    'https://i.example: }',
    '"https://login.microsoftonline.com/{tenantid}/v2.0": }',
  );
  expect(listCodes(text)).toEqual(['issuer-placeholder']);
  expect(listDiagnostics(text)[0]).toMatch(
    /^1:12: issuers\..* has a placeholder in brackets.*, expected the iss that tokens carry$/,
  );
});

describe('minimal file: no warning', () => {
  const api = (name: string, more = '') =>
    `/${name}: { resource: https://${name}.example.com, upstream: http://${name}:8080${more} }`;

  test.each([
    ['one route', [api('a')]],
    ['two routes', [api('a'), api('b')]],
    [
      'three routes, one of them public',
      [api('a'), api('b', ', scopes: [b:read]'), '/status: { public: true, upstream: http://s }'],
    ],
    ['two routes of one API', [api('a'), api('a').replace('/a:', '/v2:')]],
    ['two routes on verify', [api('a', ', enforcement: verify'), api('b', ', enforcement: verify')]],
    [
      'routes with each value of multiple_audiences',
      ['any', 'known', 'only'].map(each => api(each, `, multiple_audiences: ${each}`)),
    ],
  ])('%s', (_, routes) => {
    expect(listDiagnostics(file(...routes))).toEqual([]);
  });
});
