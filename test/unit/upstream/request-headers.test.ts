import { describe, expect, test } from 'vitest';
import type { Route } from '../../../src/config/config.ts';
import type { ClientInfo } from '../../../src/upstream/client-info/client-info.ts';
import { createHeaderPolicy, createRequestHeaders, listIdentityNames } from '../../../src/upstream/request-headers.ts';
import { protectedRoute, publicRoute } from '../route/example-route.ts';
import { exampleToken } from '../token/example-token.ts';

type Field = readonly [string, string];

const CLIENT: ClientInfo = { chain: ['192.0.2.7'], authority: 'api.example:8080', protocol: 'http' };
const plain = protectedRoute({ prefix: '/a' });
const identified = protectedRoute({
  prefix: '/a',
  claimsToHeaders: new Map([
    ['X-User', 'sub'],
    ['X-Client', 'client_id'],
  ]),
});

/** The upstream's fields, as name and value. */
function forward(
  received: readonly Field[],
  route: Route = plain,
  claims?: Readonly<Record<string, unknown>>,
  client = CLIENT,
): Field[] {
  const identity = claims && exampleToken({ claims });
  const headers = createRequestHeaders(createHeaderPolicy(route), received.flat(), client, 'our-id', identity);
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1] ?? ''] as const] : []));
}

const fold = (name: string) => name.toLowerCase().replace(/[_.~]/g, '-');
const valuesOf = (fields: readonly Field[], name: string) =>
  fields.filter(([each]) => fold(each) === fold(name)).map(([, value]) => value);

test('ordinary fields: kept in order and spelling, duplicates included, behind ours', () => {
  const fields: readonly Field[] = [
    ['accept', 'text/html'],
    ['Cookie', 'a=b'],
    ['Cookie', 'c=d'],
    ['X_Custom', 'e'],
    ['Empty', ''],
    ['Latin', 'caf\xe9'],
  ];
  expect(forward(fields).slice(-fields.length)).toEqual(fields);
});

describe('fields of the connection: removed (RFC 9110 section 7.6.1)', () => {
  test.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Connection',
    'Proxy-Authorization',
    'Proxy-Authenticate',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'HTTP2-Settings',
    'Host',
    'Expect',
    'Content-Length',
  ])('%s in any letter case: removed', name => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      expect(valuesOf(forward([[spelling, 'value']]), name)).toEqual([]);
    }
  });

  test('fields that Connection lists, in any spelling and spacing: removed', () => {
    const fields = forward([
      ['connection', 'close, X-Secret ,x-OTHER,,'],
      ['CONNECTION', 'keep-alive, third'],
      ['X-Secret', '1'],
      ['x-other', '2'],
      ['Third', '3'],
      ['Fourth', '4'],
    ]);
    for (const gone of ['X-Secret', 'X-Other', 'Third', 'Connection']) expect(valuesOf(fields, gone)).toEqual([]);
    expect(valuesOf(fields, 'Fourth')).toEqual(['4']);
  });

  test('a field that is listed after it: removed', () => {
    expect(
      valuesOf(
        forward([
          ['X-Secret', '1'],
          ['Connection', 'x-secret'],
        ]),
        'X-Secret',
      ),
    ).toEqual([]);
  });
});

describe('forwarding fields of a client that is no trusted proxy: replaced or removed', () => {
  test.each([
    ['X-Forwarded-For', ['192.0.2.7']],
    ['X-Forwarded-Host', ['api.example:8080']],
    ['X-Forwarded-Proto', ['http']],
    ['X-Forwarded-Port', []],
    ['X-Forwarded-Prefix', []],
    ['X-Forwarded-Server', []],
    ['X-Forwarded-User', []],
    ['X-Forwarded-Email', []],
    ['X-Forwarded-Access-Token', []],
    ['Forwarded', ['for=192.0.2.7;host="api.example:8080";proto=http']],
  ])('%s in every spelling that a server may fold: %j', (name, values) => {
    const spellings = [name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_'), name.replace('-', '_')];
    const fields = forward(spellings.map(spelling => [spelling, 'forged']));
    expect(valuesOf(fields, name)).toEqual(values);
    expect(JSON.stringify(fields)).not.toContain('forged');
  });

  test('Connection that lists fields of the gateway: they are sent all the same', () => {
    const listed = 'x-forwarded-for, x-forwarded-host, forwarded, x-user';
    const fields = forward([['Connection', listed]], identified, { sub: 'alice' });
    expect(valuesOf(fields, 'X-Forwarded-For')).toEqual(['192.0.2.7']);
    expect(valuesOf(fields, 'Forwarded')).toHaveLength(1);
    expect(valuesOf(fields, 'X-User')).toEqual(['alice']);
  });

  test.each<readonly [readonly [...string[], string], string, string]>([
    [['192.0.2.7'], 'http', 'for=192.0.2.7;host="api.example:8080";proto=http'],
    [['2001:db8::7'], 'https', 'for="[2001:db8::7]";host="api.example:8080";proto=https'],
    [['192.0.2.7', '10.0.0.1'], 'https', 'for=192.0.2.7, for=10.0.0.1;host="api.example:8080";proto=https'],
    [
      ['unknown', '_a', '192.0.2.7:51234', '[2001:db8::7]:443', '[2001:db8::8]', '10.0.0.1'],
      'wss',
      'for=unknown, for=_a, for="192.0.2.7:51234", for="[2001:db8::7]:443", for="[2001:db8::8]", for=10.0.0.1;host="api.example:8080";proto=wss',
    ],
  ])('%j over %s: Forwarded equals X-Forwarded-* (RFC 7239)', (chain, protocol, forwarded) => {
    const headers = createRequestHeaders(
      createHeaderPolicy(plain),
      [],
      { ...CLIENT, chain, protocol },
      'our-id',
      undefined,
    );
    expect(headers.slice(0, 8)).toEqual([
      ...['X-Forwarded-For', chain.join(', '), 'X-Forwarded-Host', 'api.example:8080'],
      ...['X-Forwarded-Proto', protocol, 'Forwarded', forwarded],
    ]);
  });

  test('no host, as HTTP/1.0 may have it: none is sent', () => {
    const fields = forward([], plain, undefined, { ...CLIENT, authority: undefined });
    expect(valuesOf(fields, 'X-Forwarded-Host')).toEqual([]);
    expect(valuesOf(fields, 'Forwarded')).toEqual(['for=192.0.2.7;proto=http']);
  });

  test('port and prefix of a trusted proxy: sent', () => {
    const fields = forward([], plain, undefined, { ...CLIENT, port: '443', prefix: '/app' });
    expect([valuesOf(fields, 'X-Forwarded-Port'), valuesOf(fields, 'X-Forwarded-Prefix')]).toEqual([['443'], ['/app']]);
  });

  test('Via: the client’s is kept, none is added', () => {
    expect(valuesOf(forward([]), 'Via')).toEqual([]);
    expect(valuesOf(forward([['Via', '1.0 first']]), 'Via')).toEqual(['1.0 first']);
  });
});

/** Spellings that servers fold into one: letter case, and characters that no CGI variable has in place of `-`. */
const respell = (name: string) => [
  name,
  name.toUpperCase(),
  ...['_', '.', '~'].map(separator => name.replaceAll('-', separator)),
  name.replace('-', '_'),
];

/** Each is used by a common server; `config/values/header/reserved-fields.ts` lists by which. */
const OF_A_PROXY =
  'X-Real-IP X-Real-Port True-Client-IP X-True-Client-IP CF-Connecting-IP CF-Connecting-IPv6 CF-Pseudo-IPv4 CF-Visitor ' +
  'CF-IPCountry X-Client-IP Client-IP X-Cluster-Client-IP Fastly-Client-IP Fastly-SSL Fly-Client-IP DO-Connecting-IP ' +
  'X-Azure-ClientIP X-Azure-SocketIP X-AppEngine-User-IP X-AppEngine-Cron X-ProxyUser-IP X-Remote-IP X-Remote-Addr ' +
  'Remote-Addr Remote-Host HTTP-Client-IP HTTP-X-Forwarded-For HTTP-X-Real-IP Proxy-Client-IP WL-Proxy-Client-IP ' +
  'WL-Proxy-SSL X-Originating-IP Coming-From X-Coming-From CloudFront-Viewer-Address CloudFront-Forwarded-Proto ' +
  'X-NF-Client-Connection-IP X-Vercel-Forwarded-For X-Sucuri-ClientIP Incap-Client-IP Front-End-Https X-Scheme ' +
  'X-Url-Scheme X-Arr-SSL X-Arr-ClientCert X-SSL-Client-Verify X-SSL-CERT SSL_CLIENT_CERT ssl-client-verify ' +
  'X-Client-Cert X-Client-Cert-Chain X-Client-DN X-Client-Verify Client-Cert Client-Cert-Chain X-Amzn-Mtls-Clientcert ' +
  'X-TLS-Client-CN X-Envoy-External-Address X-Original-For X-Original-Remote-Addr CERT_CHAIN';
const OF_NOBODY =
  'X-Forwarded X-Forwarded- Forwarded-For Forwarded-Host X-Forward-For X-Original-URL X-Original-URI X-Original-Path ' +
  'X-Original-Method X-Original-Host X-Original-Proto X-Original-Forwarded-For X-Rewrite-URL X-Rewrite-URI X-Host ' +
  'X-HTTP-Host-Override X-Http-Path-Override X-Envoy-Original-Path X-Envoy-Internal X-Envoy-Retry-On Script-Name ' +
  'Path-Info X-Script-Name X-Replaced-Path Disguised-Host X-WAWS-Unencoded-URL X-CF-Forwarded-Url X-ProxyHost ' +
  'X-ProxyContextPath X-ProxiedEntitiesChain X-Accel-Mapping X-Sendfile-Type X-Middleware-Subrequest X-Invoke-Path ' +
  'X-Matched-Path Proxy Proxy-Status Remote-User Remote-Groups Remote-Email X-Remote-User X-Remote-Group ' +
  'X-Remote-Extra-Scopes X-WEBAUTH-USER X-Auth-Request-User X-Authenticated-Userid X-Authentik-Username ' +
  'X-Consumer-Username X-Credential-Identifier X-Anonymous-Consumer X-Userinfo X-Goog-Authenticated-User-Email ' +
  'X-Goog-IAP-JWT-Assertion X-MS-Client-Principal-Name X-MS-Token-AAD-Access-Token X-Amzn-Oidc-Data ' +
  'Cf-Access-Authenticated-User-Email Tailscale-User-Login X-Pomerium-Claim-Email X-Vouch-User OIDC_CLAIM_sub ' +
  'Shib-Session-ID SM_USER iv-user OAM_REMOTE_USER LOGON_USER AUTH_TYPE AUTH_USER';
const METHODS = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'];

describe('fields that common servers trust, in any spelling', () => {
  const trusted = { ...CLIENT, isFromTrustedProxy: true };
  const forge = (name: string): Field[] => respell(name).map(spelling => [spelling, 'forged']);
  const routes = [plain, publicRoute({ prefix: '/a' }), protectedRoute({ prefix: '/a', enforcement: 'report' })];

  test.each(OF_A_PROXY.split(' '))('%s: forwarded from a trusted proxy only', name => {
    for (const route of routes) expect(JSON.stringify(forward(forge(name), route))).not.toContain('forged');
    expect(valuesOf(forward([[name, 'told']], plain, undefined, trusted), name)).toEqual(['told']);
  });

  test.each(OF_NOBODY.split(' '))('%s: removed, also from a trusted proxy', name => {
    for (const route of routes) {
      for (const client of [CLIENT, trusted]) {
        expect(JSON.stringify(forward(forge(name), route, undefined, client))).not.toContain('forged');
      }
    }
  });

  test.each(METHODS)('%s: forwarded only where the route does not refuse by method', name => {
    for (const enforcement of ['verify', 'enforce'] as const) {
      for (const client of [CLIENT, trusted]) {
        const route = protectedRoute({ prefix: '/a', enforcement });
        expect(JSON.stringify(forward(forge(name), route, undefined, client))).not.toContain('forged');
      }
    }
    for (const route of routes.slice(1)) expect(valuesOf(forward([[name, 'PUT']], route), name)).toEqual(['PUT']);
  });

  test.each<[string, string[]]>([
    ['two spellings', ['X-Real-IP', 'X_Real_IP']],
    ['another case', ['X-Real-IP', 'x-real-ip']],
    ['twice', ['X-Real-IP', 'X-Real-IP']],
    ['three times', ['X-Real-IP', 'X.Real.IP', 'X-Real-IP']],
  ])('of a trusted proxy, %s: removed, since which one is its own is not known', (_, spellings) => {
    const fields = spellings.map((name): Field => [name, '6.6.6.6']);
    expect(JSON.stringify(forward(fields, plain, undefined, trusted))).not.toContain('6.6.6.6');
    expect(
      valuesOf(forward([...fields, ['True-Client-IP', '9.9.9.9']], plain, undefined, trusted), 'True-Client-IP'),
    ).toEqual(['9.9.9.9']);
  });

  test('fields with similar names: kept', () => {
    const fields = [
      ...['X-Forwarder', 'X-Real-Estate', 'X-Hostname', 'Client-IPs', 'X-Original-Filename', 'X-Username', 'Proxied'],
      ...['SM-Key', 'IV-Nonce', 'X-Api-Key', 'X-Auth-Token', 'X-Goog-Api-Key', 'X-MS-Version', 'X-Requested', 'Sslx'],
      ...['traceparent', 'tracestate', 'baggage', 'Origin', 'Referer', 'Content-Type', 'Sec-Fetch-Site', 'Cookie'],
    ].map((name): Field => [name, 'kept']);
    expect(forward(fields).slice(-fields.length)).toEqual(fields);
  });
});

test('X-Request-Id: ours alone, whatever the client sends in any spelling, and from whom', () => {
  const sent = ['X-Request-Id', 'x-request-id', 'X_REQUEST_ID', 'X.Request.Id', 'X-Request_Id'];
  for (const isFromTrustedProxy of [false, true]) {
    const fields = forward(
      sent.map((name): Field => [name, 'theirs']),
      plain,
      undefined,
      { ...CLIENT, isFromTrustedProxy },
    );
    expect(valuesOf(fields, 'X-Request-Id')).toEqual(['our-id']);
    expect(JSON.stringify(fields)).not.toContain('theirs');
  }
});

describe('Authorization', () => {
  const token: Field = ['AUTHORIZATION', 'Bearer abc'];
  const routes = (upstreamToken: 'strip' | 'forward') => [
    protectedRoute({ prefix: '/a', upstreamToken }),
    publicRoute({ prefix: '/a', upstreamToken }),
  ];

  test('upstream_token strip: removed', () => {
    for (const route of routes('strip')) {
      expect(valuesOf(forward([token], route), 'Authorization')).toEqual([]);
      expect(valuesOf(forward([token, ['Authorization', 'Basic x']], route), 'Authorization')).toEqual([]);
    }
  });

  test('upstream_token forward: kept, also where Connection lists it (CVE-2026-33805)', () => {
    for (const route of routes('forward')) {
      expect(valuesOf(forward([token], route), 'Authorization')).toEqual(['Bearer abc']);
      expect(valuesOf(forward([['Connection', 'authorization'], token], route), 'Authorization')).toEqual([
        'Bearer abc',
      ]);
    }
  });

  test('Proxy-Authorization: removed', () => {
    for (const route of [...routes('forward'), ...routes('strip')]) {
      expect(valuesOf(forward([['Proxy-Authorization', 'Basic x']], route), 'Proxy-Authorization')).toEqual([]);
    }
  });
});

describe('identity headers', () => {
  const spellings = ['X-User', 'x-user', 'X_User', 'x_USER', 'X-Client', 'X_CLIENT'];
  const forged: readonly Field[] = spellings.map(name => [name, 'mallory']);

  test('the client’s own in any spelling: removed, with an identity and without', () => {
    expect(valuesOf(forward(forged, identified, { sub: 'alice' }), 'X-User')).toEqual(['alice']);
    expect(valuesOf(forward(forged, identified, { sub: 'alice' }), 'X-Client')).toEqual([]);
    expect(valuesOf(forward(forged, identified), 'X-User')).toEqual([]);
    expect(JSON.stringify(forward(forged, identified))).not.toContain('mallory');
  });

  test('a name with underscores in the YAML: the client’s with hyphens is removed', () => {
    const route = protectedRoute({ prefix: '/a', claimsToHeaders: new Map([['X_User', 'sub']]) });
    expect(valuesOf(forward(forged, route, { sub: 'alice' }), 'X-User')).toEqual(['alice']);
  });

  test('a name that another route sets: removed on this route too', () => {
    const identityNames = listIdentityNames([identified, plain]);
    const headers = createRequestHeaders(
      createHeaderPolicy(plain, identityNames),
      forged.flat(),
      CLIENT,
      'our-id',
      undefined,
    );
    expect(JSON.stringify(headers)).not.toContain('mallory');
  });

  test.each([
    ['X.User', 'X-User'],
    ['X~User', 'x_user'],
    ['X-User', 'X.USER'],
    ['X|User', "X'User"],
  ])('%s in the YAML: the client’s %s is removed', (name, spelling) => {
    const route = protectedRoute({ prefix: '/a', claimsToHeaders: new Map([[name, 'sub']]) });
    const fields = forward([[spelling, 'mallory']], route, { sub: 'alice' });
    expect(fields).toContainEqual([name, 'alice']);
    expect(JSON.stringify(fields)).not.toContain('mallory');
  });

  test.each<[string, Readonly<Record<string, unknown>>, string[]]>([
    ['client_id before azp', { azp: 'b', client_id: 'a' }, ['a']],
    ['azp before appid', { appid: 'c', azp: 'b' }, ['b']],
    ['appid before cid', { cid: 'd', appid: 'c' }, ['c']],
    ['cid', { cid: 'd' }, ['d']],
    ['a number: no client', { client_id: 7, azp: 'b' }, []],
    ['an empty text: no client', { client_id: '', azp: 'b' }, []],
    ['null: no client', { azp: null, cid: 'd' }, []],
    ['none', { sub: 'alice' }, []],
  ])('client_id, the client of the token: %s', (_, claims, values) => {
    expect(valuesOf(forward([], identified, claims), 'X-Client')).toEqual(values);
  });

  const utf8 = (text: string) => Buffer.from(text).toString('latin1');
  test.each<[string, unknown, string | undefined]>([
    ['a string', 'alice', 'alice'],
    ['spaces inside', 'Alice Liddell', 'Alice Liddell'],
    ['punctuation', 'a=b;c,"d"', 'a=b;c,"d"'],
    ['a number', 7, '7'],
    ['zero', 0, '0'],
    ['true', true, 'true'],
    ['false', false, 'false'],
    ['a list of strings', ['a', 'b'], 'a b'],
    ['non-ASCII, as UTF-8', 'Zoë €', utf8('Zoë €')],
    ['an emoji', '😀', utf8('😀')],
    ['a letter whose UTF-8 ends in the byte A0', 'Nicolà', utf8('Nicolà')],
    ['Cyrillic that ends in the byte A0', 'Р', utf8('Р')],
    ['an emoji that ends in the byte A0', 'ok 😠', utf8('ok 😠')],
    ['a C1 control, which is no control in UTF-8', 'a\u0085b', utf8('a\u0085b')],
    ['absent', undefined, undefined],
    ['null', null, undefined],
    ['an empty string', '', undefined],
    ['an empty list', [], undefined],
    ['an object', { a: 1 }, undefined],
    ['a list with a number', ['a', 7], undefined],
    ['a list in a list', [['a']], undefined],
    ['a line feed: a second header', 'alice\nX-Role: admin', undefined],
    ['CR LF', 'alice\r\nX-Role: admin', undefined],
    ['a NUL', 'alice\0', undefined],
    ['DEL', 'alice\x7f', undefined],
    ['an escape', '\x1b[31m', undefined],
    ['a control in a list', ['a', 'b\n'], undefined],
    ['a space before, which the parser would drop', ' alice', undefined],
    ['a space after', 'alice ', undefined],
    ['a tab after', 'alice\t', undefined],
    ['a space alone', ' ', undefined],
    ['half of a character (an unpaired surrogate): two such subjects would become one', 'a\ud800', undefined],
  ])('%s', (_, sub, value) => {
    expect(valuesOf(forward([], identified, { sub }), 'X-User')).toEqual(value === undefined ? [] : [value]);
  });

  test('a claim that only the prototype has: no field', () => {
    const route = protectedRoute({ prefix: '/a', claimsToHeaders: new Map([['X-User', 'constructor']]) });
    expect(valuesOf(forward([], route, {}), 'X-User')).toEqual([]);
  });
});
