/**
 * Fields in which a proxy says where a request came from, written by the client; identity fields in a spelling that a server
 * treats as the same name (`X_User`, CGI).
 *
 * Seen in: oauth2-proxy GHSA-7x63 (X-Forwarded-Uri skips the check) and CVE-2025-64484 (identity headers with `_`).
 */

import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { bearer, formatRequest, type HeaderPair, headerValues } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** All of 127.0.0.0/8 is this machine: two client addresses, of which one is trusted. */
const PROXY = '127.0.0.7';
const STRANGER = '127.0.0.1';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
trusted_proxies: [127.0.0.4/30, "2001:db8::/32"]
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /: { public: true, upstream: "${upstream.origin}" }
  /alias: { public: true, upstream: "${upstream.origin.replace('127.0.0.1', 'localhost')}" }
  /api:
    resource: https://api.example/
    upstream: ${upstream.origin}
    claims_to_headers: { X-User: sub, X-Client-Id: client_id, X-Absent: absent }
`);
  token = await issuer.sign({ claims: { aud: 'https://api.example/' } });
});

beforeEach(() => {
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

const OURS = {
  'x-forwarded-for': ['127.0.0.1'],
  'x-forwarded-host': ['a.example'],
  'x-forwarded-proto': ['http'],
  forwarded: ['for=127.0.0.1;host="a.example";proto=http'],
};

const FORGED: readonly HeaderPair[] = [
  ['X-Forwarded-For', '6.6.6.6'],
  ['x-forwarded-for', '6.6.6.6'],
  ['X_Forwarded_For', '6.6.6.6'],
  ['X-Forwarded_For', '6.6.6.6'],
  ['x_forwarded-for', '6.6.6.6'],
  ['X-Forwarded-Host', '6.6.6.6'],
  ['X_FORWARDED_HOST', '6.6.6.6'],
  ['X-Forwarded-Proto', '6.6.6.6'],
  ['X_Forwarded_Proto', '6.6.6.6'],
  ['X-Forwarded-Port', '6.6.6.6'],
  ['X-Forwarded-Prefix', '6.6.6.6'],
  ['X-Forwarded-Server', '6.6.6.6'],
  ['X-Forwarded-Uri', '6.6.6.6'],
  ['X-Forwarded-Method', '6.6.6.6'],
  ['X-Forwarded-Path', '6.6.6.6'],
  ['X-Forwarded-User', '6.6.6.6'],
  ['X-Forwarded-Email', '6.6.6.6'],
  ['X-Forwarded-Groups', '6.6.6.6'],
  ['X-Forwarded-Access-Token', '6.6.6.6'],
  ['X-Forwarded-Client-Cert', '6.6.6.6'],
  ['X-Forwarded-', '6.6.6.6'],
  ['Forwarded', 'for=6.6.6.6'],
  ['FORWARDED', 'for="6.6.6.6";host=6.6.6.6'],
];

test.each(FORGED)('%s: %s of a client: removed, in any spelling', async (name, value) => {
  const forged: HeaderPair[] = [
    [name, value],
    [name.toUpperCase(), value],
  ];
  await getFrom('/x', STRANGER, [...forged, ['Host', 'a.example']]);
  expect(named('x-forwarded', 'forwarded')).toEqual(OURS);
  expect(JSON.stringify(upstream.received)).not.toContain('6.6.6.6');
});

const IDENTITY = ['X-User', 'x-user', 'X_User', 'x_USER', 'X-Client-Id', 'X_Client_Id', 'X-Client_Id', 'X_Client-Id'];
const UNSET = ['X-Absent', 'X_Absent', 'x-ABSENT'];

test.each([...IDENTITY, ...UNSET])('%s of a client, in place of a claim: removed', async name => {
  await getFrom('/api/x', STRANGER, [[name, 'mallory'], bearer(token), [name, 'mallory']]);
  expect(named('x-user', 'x-client-id', 'x-absent')).toEqual({ 'x-user': ['alice'], 'x-client-id': ['shop'] });
});

test.each([...IDENTITY, ...UNSET, 'X.User', 'X~Client~Id'])(
  '%s of a client, on a route that names the same server otherwise: removed',
  async name => {
    for (const path of ['/x', '/alias/x']) await getFrom(path, STRANGER, [[name, 'mallory']]);
    expect(upstream.received).toHaveLength(2);
    expect(JSON.stringify(upstream.received)).not.toContain('mallory');
  },
);

/** A trusted proxy may describe the client's connection; it may not replace path, method and host. */
const OF_A_PROXY =
  'X-Real-IP True-Client-IP CF-Connecting-IP X-Client-IP Client-IP X-Cluster-Client-IP Front-End-Https X-SSL-Client-Verify';
const NOT_OF_A_PROXY =
  'X-Forwarded X-Original-URL X-Original-URI X-Original-Method X-Original-Host X-Rewrite-URL X-Envoy-Original-Path ' +
  'X-Envoy-Decorator-Operation X-Host X-Http-Path-Override SCRIPT_NAME Remote-User X-Remote-User';

test.each(`${OF_A_PROXY} ${NOT_OF_A_PROXY}`.split(' '))('%s of a client: removed on every route', async name => {
  const spellings = [name, name.toUpperCase(), name.replaceAll('-', '_'), name.replaceAll('-', '.')];
  const forged: HeaderPair[] = spellings.map(spelling => [spelling, '6.6.6.6']);
  await getFrom('/x', STRANGER, forged);
  await getFrom('/api/x', STRANGER, [bearer(token), ...forged]);
  expect(upstream.received).toHaveLength(2);
  expect(JSON.stringify(upstream.received)).not.toContain('6.6.6.6');
});

test.each(OF_A_PROXY.split(' '))('%s of a trusted proxy: forwarded', async name => {
  await getFrom('/x', PROXY, [[name, '9.9.9.9']]);
  expect(headerValues(upstream.received[0]?.rawHeaders ?? [], name)).toEqual(['9.9.9.9']);
});

test.each(NOT_OF_A_PROXY.split(' '))('%s of a trusted proxy: removed', async name => {
  await getFrom('/x', PROXY, [[name, '9.9.9.9']]);
  expect(upstream.received).toHaveLength(1);
  expect(JSON.stringify(upstream.received)).not.toContain('9.9.9.9');
});

const TRUSTED: readonly (readonly [string, readonly HeaderPair[], Readonly<Record<string, string[]>>])[] = [
  ['an address', [['X-Forwarded-For', '9.9.9.9']], chain('9.9.9.9')],
  ['a chain', [['X-Forwarded-For', '8.8.8.8, 9.9.9.9']], chain('8.8.8.8, 9.9.9.9')],
  [
    'a chain in two fields',
    [
      ['X-Forwarded-For', '8.8.8.8'],
      ['X-Forwarded-For', '9.9.9.9'],
    ],
    chain('8.8.8.8, 9.9.9.9'),
  ],
  ['an IPv6 address', [['X-Forwarded-For', '2001:db8::9']], chain('2001:db8::9')],
  ['a name before an address', [['X-Forwarded-For', 'localhost, 9.9.9.9']], chain('9.9.9.9')],
  ['a name after an address', [['X-Forwarded-For', '9.9.9.9, localhost']], chain('unknown')],
  ['a client that is not known', [['X-Forwarded-For', '9.9.9.9, unknown']], chain('9.9.9.9', 'unknown')],
  ['a quote before an address', [['X-Forwarded-For', '8.8.8.8";host=evil, 9.9.9.9']], chain('9.9.9.9')],
  ['a port', [['X-Forwarded-For', '9.9.9.9:1234']], chain('9.9.9.9:1234')],
  ['an IPv6 address with a port', [['X-Forwarded-For', '[2001:db9::9]:443']], chain('[2001:db9::9]:443')],
  ['nothing', [['X-Forwarded-For', '']], chain()],
  ['another spelling', [['X_Forwarded_For', '6.6.6.6']], chain()],
  ['a host', [['X-Forwarded-Host', 'b.example:8080']], { 'x-forwarded-host': ['b.example:8080'] }],
  ['a host with a path', [['X-Forwarded-Host', 'b.example/x']], { 'x-forwarded-host': ['a.example'] }],
  ['a host with a quote', [['X-Forwarded-Host', 'b.example";for="6.6.6.6']], { 'x-forwarded-host': ['a.example'] }],
  [
    'two hosts',
    [
      ['X-Forwarded-Host', 'b.example'],
      ['X-Forwarded-Host', 'c.example'],
    ],
    { 'x-forwarded-host': ['a.example'] },
  ],
  ['a list of hosts', [['X-Forwarded-Host', 'b.example, c.example']], { 'x-forwarded-host': ['a.example'] }],
  ['https', [['X-Forwarded-Proto', 'https']], { 'x-forwarded-proto': ['https'] }],
  ['two protocols', [['X-Forwarded-Proto', 'https, http']], { 'x-forwarded-proto': ['https'] }],
  ['a protocol in upper case', [['X-Forwarded-Proto', 'HTTPS']], { 'x-forwarded-proto': ['https'] }],
  ['a port of the host', [['X-Forwarded-Port', '8443']], { 'x-forwarded-port': ['8443'] }],
  ['a prefix', [['X-Forwarded-Prefix', '/app']], { 'x-forwarded-prefix': ['/app'] }],
  ['a prefix that names a host', [['X-Forwarded-Prefix', '//6.6.6.6']], {}],
  [
    'a lone Forwarded',
    [['Forwarded', 'for=9.9.9.9;host=b.example;proto=https']],
    { ...chain('9.9.9.9'), 'x-forwarded-host': ['b.example'], 'x-forwarded-proto': ['https'] },
  ],
  [
    'a Forwarded beside X-Forwarded-For, which may be the client’s',
    [
      ['Forwarded', 'for=6.6.6.6;host=6.6.6.6;proto=https'],
      ['X-Forwarded-For', '9.9.9.9'],
    ],
    chain('9.9.9.9'),
  ],
  [
    'an element that its client put before the one of the proxy',
    [['Forwarded', 'for=8.8.8.8;host=evil.example;proto=https, for=9.9.9.9;host=b.example']],
    { ...chain('8.8.8.8, 9.9.9.9'), 'x-forwarded-host': ['b.example'] },
  ],
  ['an unknown protocol', [['X-Forwarded-Proto', 'javascript']], { 'x-forwarded-proto': ['http'] }],
];

test.each(TRUSTED)('%s of a trusted proxy: continued as far as it can be trusted', async (_name, fields, expected) => {
  await getFrom('/x', PROXY, [...fields, ['Host', 'a.example']]);
  const { forwarded, ...received } = named('x-forwarded', 'forwarded');
  expect(received).toEqual({
    'x-forwarded-for': [PROXY],
    'x-forwarded-host': ['a.example'],
    'x-forwarded-proto': ['http'],
    ...expected,
  });
  expect(forwarded).toHaveLength(1);
  expect(forwarded?.[0]).not.toContain('6.6.6.6');
});

test.each(['X-Forwarded-Port', 'X-Forwarded-Prefix', 'X-Forwarded-Uri', 'X-Forwarded-User', 'X-Forwarded-Server'])(
  '%s: for=6.6.6.6 of a trusted proxy: removed',
  async name => {
    await getFrom('/x', PROXY, [
      [name, 'for=6.6.6.6'],
      ['Host', 'a.example'],
    ]);
    expect(JSON.stringify(upstream.received)).not.toContain('6.6.6.6');
  },
);

test('the host that a trusted proxy names: does not choose the route', async () => {
  await getFrom('/api/x', PROXY, [['X-Forwarded-Uri', '/x']]);
  expect(upstream.received).toEqual([]);
});

function chain(...addresses: string[]) {
  return { 'x-forwarded-for': [[...addresses, PROXY].join(', ')] };
}

/** @returns the fields that arrived whose names begin so, in any spelling. */
function named(...prefixes: string[]): Record<string, string[]> {
  const fields = upstream.received[0]?.rawHeaders ?? [];
  const names = fields
    .map(([name]) => name.toLowerCase())
    .filter(name => prefixes.some(each => fold(name).startsWith(each)));
  return Object.fromEntries(names.map(name => [name, headerValues(fields, name)]));
}

function fold(name: string): string {
  return name.replaceAll('_', '-');
}

/** Sends a GET from one of the addresses of this machine, and waits for the end of its response. */
async function getFrom(path: string, localAddress: string, headers: readonly HeaderPair[]): Promise<void> {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', localAddress });
  socket.write(formatRequest(gateway.port, { path, headers }));
  socket.resume();
  await new Promise(resolve => socket.once('close', resolve));
}
