import { describe, expect, test } from 'vitest';
import type { Network } from '../../../../src/config/config.ts';
import { type ClientInfo, readClientInfo } from '../../../../src/upstream/client-info/client-info.ts';
import { createTrustedProxies } from '../../../../src/upstream/client-info/trusted-proxies.ts';

const NETWORKS: readonly Network[] = [
  { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
  { address: '192.0.2.1', prefix: 32, family: 'ipv4' },
  { address: 'fd00::', prefix: 8, family: 'ipv6' },
];
const PROXY = '10.0.0.1';
const CLAIMED = {
  'X-Forwarded-For': '203.0.113.9',
  'X-Forwarded-Host': 'public.example',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Port': '443',
  'X-Forwarded-Prefix': '/app',
};

type Fields = Readonly<Record<string, string>>;

function readFields(address: string | undefined, fields: readonly string[], networks = NETWORKS): ClientInfo {
  return readClientInfo(createTrustedProxies(networks), { address, fields }, { authority: 'api.example' });
}

const read = (address: string | undefined, fields: Fields, networks = NETWORKS) =>
  readFields(address, Object.entries(fields).flat(), networks);
const chainOf = (...values: readonly string[]) =>
  readFields(
    PROXY,
    values.flatMap(value => ['X-Forwarded-For', value]),
  ).chain.join(', ');
const fromProxy = (name: string, value: string) => read(PROXY, { [name]: value });

describe('a peer that is no trusted proxy: nothing of what it says is continued', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['11.0.0.1', '11.0.0.1'],
    ['192.0.2.2', '192.0.2.2'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['fe80::1%eth0', 'fe80::1'],
    [undefined, 'unknown'],
    ['', 'unknown'],
  ])('%s', (address, node) => {
    const expected = { chain: [node], authority: 'api.example', protocol: 'http' };
    expect(read(address, CLAIMED)).toEqual(expected);
    expect(read(address, { Forwarded: 'for=203.0.113.9;host=public.example;proto=https' })).toEqual(expected);
  });

  test('no trusted_proxies: of no peer', () => {
    expect(read('127.0.0.1', CLAIMED, [])).toEqual({
      chain: ['127.0.0.1'],
      authority: 'api.example',
      protocol: 'http',
    });
  });
});

test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['192.0.2.1', '192.0.2.1'],
  ['fd12::1', 'fd12::1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
])('trusted proxy %s: what it says is continued, and its address added', (address, last) => {
  expect(read(address, CLAIMED)).toEqual({
    chain: ['203.0.113.9', last],
    authority: 'public.example',
    protocol: 'https',
    port: '443',
    prefix: '/app',
    isFromTrustedProxy: true,
  });
});

describe('X-Forwarded-For', () => {
  test.each([
    // As nginx, Envoy, HAProxy write it; then Azure Application Gateway, IIS ARR, AWS ALB, Squid.
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8::9', '2001:db8::9'],
    ['203.0.113.7:51234', '203.0.113.7:51234'],
    ['[2001:db8::1]', '[2001:db8::1]'],
    ['[2001:db8::1]:443', '[2001:db8::1]:443'],
    ['[::ffff:192.0.2.9]:8080', '[::ffff:192.0.2.9]:8080'],
    ['unknown', 'unknown'],
    ['Unknown', 'Unknown'],
    ['unknown:1', 'unknown:1'],
    ['_obfuscated', '_obfuscated'],
    ['_a.B-1:_p', '_a.B-1:_p'],
    ['203.0.113.9:_port', '203.0.113.9:_port'],
    ['203.0.113.9,198.51.100.4', '203.0.113.9, 198.51.100.4'],
    ['  203.0.113.9 ,\t198.51.100.4:1  ', '203.0.113.9, 198.51.100.4:1'],
    ['unknown, 203.0.113.9', 'unknown, 203.0.113.9'],
    ['203.0.113.9, unknown', '203.0.113.9, unknown'],
    [', 203.0.113.9,, 198.51.100.4,', '203.0.113.9, 198.51.100.4'],
  ])('%j: continued as %j', (value, nodes) => {
    expect(chainOf(value)).toBe(`${nodes}, ${PROXY}`);
  });

  test('absent or empty: the peer is the client', () => {
    for (const chain of [chainOf(), chainOf(''), chainOf(' , ')]) expect(chain).toBe(PROXY);
  });

  test('two fields: one chain, in their order', () => {
    expect(chainOf('203.0.113.9', '198.51.100.4:7')).toBe(`203.0.113.9, 198.51.100.4:7, ${PROXY}`);
  });

  const BROKEN = [
    '<script>',
    'localhost',
    '203.0.113',
    '203.0.113.256',
    '203.0.113.9;proto=https',
    '"203.0.113.9"',
    '203.0.113.9:',
    '203.0.113.9:123456',
    '203.0.113.9:http',
    '203.0.113.9:1:2',
    '2001:db8::g',
    'fe80::1%eth0',
    '[203.0.113.9]',
    '[2001:db8::1',
    '[2001:db8::1]443',
    '[]',
    '_',
    '_a b',
    'unknown_',
    'for=203.0.113.9',
  ];
  test.each(BROKEN)('%j, then a client: cut behind it', broken => {
    expect(chainOf(`198.51.100.4, ${broken}, 203.0.113.9`)).toBe(`203.0.113.9, ${PROXY}`);
    expect(chainOf(`198.51.100.4, ${broken}, unknown`)).toBe(`unknown, ${PROXY}`);
  });

  test.each(BROKEN)('%j, then trusted proxies alone: none of them is taken for the client', broken => {
    expect(chainOf(broken)).toBe(`unknown, ${PROXY}`);
    expect(chainOf(`203.0.113.9, ${broken}`)).toBe(`unknown, ${PROXY}`);
    expect(chainOf(`203.0.113.9, ${broken}, 10.9.9.9`)).toBe(`unknown, 10.9.9.9, ${PROXY}`);
    expect(chainOf(`${broken}, [fd00::9]:443, 10.9.9.9:1`)).toBe(`unknown, [fd00::9]:443, 10.9.9.9:1, ${PROXY}`);
  });
});

describe('X-Forwarded-Proto', () => {
  test.each([
    ['https', 'https'],
    ['http', 'http'],
    ['wss', 'wss'],
    ['ws', 'ws'],
    ['HTTPS', 'https'],
    ['Wss', 'wss'],
    ['https, http', 'https'],
    ['https,http', 'https'],
    ['http, https', 'http'],
    [',https', 'https'],
    ['javascript, https', 'https'],
    ['https, javascript', 'http'],
    ['ftp', 'http'],
    ['https;host=x', 'http'],
    ['httpss', 'http'],
    ['on', 'http'],
    ['', 'http'],
  ])('%j: %s', (value, protocol) => {
    expect(fromProxy('X-Forwarded-Proto', value).protocol).toBe(protocol);
  });
});

describe('X-Forwarded-Host', () => {
  test.each([['public.example'], ['public.example:8443'], ['[2001:db8::1]:443'], ['PUBLIC.example.']])('%j', host => {
    expect(fromProxy('X-Forwarded-Host', host).authority).toBe(host);
  });

  test.each([['a"b'], ['a b'], ['user@public.example'], ['public.example, other.example'], ['public.example/x'], ['']])(
    '%j, which is no one host: the Host of the request',
    host => {
      expect(fromProxy('X-Forwarded-Host', host).authority).toBe('api.example');
    },
  );

  test('two fields: the Host of the request', () => {
    const fields = ['X-Forwarded-Host', 'a.example', 'x-forwarded-host', 'b.example'];
    expect(readFields(PROXY, fields).authority).toBe('api.example');
  });
});

describe('X-Forwarded-Port', () => {
  test.each([
    ['443', '443'],
    ['65535', '65535'],
    ['443, 80', '443'],
    ['x, 80', '80'],
    ['0', undefined],
    ['65536', undefined],
    ['080', undefined],
    ['443;x', undefined],
    ['https', undefined],
    ['-1', undefined],
    ['', undefined],
  ])('%j: %s', (value, port) => {
    expect(fromProxy('X-Forwarded-Port', value).port).toBe(port);
  });
});

describe('X-Forwarded-Prefix', () => {
  test.each(['/', '/app', '/app/', '/a/b.c/~d', '/caf%C3%A9', '/.well-known', '/a, /b', '/a,/b'])(
    '%j: continued as it is',
    prefix => {
      expect(fromProxy('X-Forwarded-Prefix', prefix).prefix).toBe(prefix);
    },
  );

  test.each([
    'app',
    '//evil.example',
    '/a//b',
    '/..',
    '/a/../b',
    '/a/.',
    '/a\\b',
    '/a b',
    '/a?b',
    '/a#b',
    '/<',
    '/a, b',
    '',
  ])('%j, of which a page could make a link elsewhere: not continued', prefix => {
    expect(fromProxy('X-Forwarded-Prefix', prefix).prefix).toBeUndefined();
  });
});

describe('Forwarded (RFC 7239), where none of the X-Forwarded-* above is there', () => {
  const forwarded = (...values: readonly string[]) => {
    const info = readFields(
      PROXY,
      values.flatMap(value => ['Forwarded', value]),
    );
    return [info.chain.join(' '), info.authority, info.protocol];
  };

  test.each([
    ['for=203.0.113.9', `203.0.113.9 ${PROXY}`, 'api.example', 'http'],
    ['for="203.0.113.9:51234"', `203.0.113.9:51234 ${PROXY}`, 'api.example', 'http'],
    ['For="[2001:db8::1]:443";PROTO=HTTPS', `[2001:db8::1]:443 ${PROXY}`, 'api.example', 'https'],
    ['for="[2001:db8::1]"', `2001:db8::1 ${PROXY}`, 'api.example', 'http'],
    ['for=[2001:db8::1]:443', `[2001:db8::1]:443 ${PROXY}`, 'api.example', 'http'],
    ['for=unknown;host=a.example', `unknown ${PROXY}`, 'a.example', 'http'],
    ['for=_hidden;by=_me;host="a.example:8443";proto=wss', `_hidden ${PROXY}`, 'a.example:8443', 'wss'],
    ['host=a.example:8443', `unknown ${PROXY}`, 'a.example:8443', 'http'],
    ['for=203.0.113.9; proto=https ;', `203.0.113.9 ${PROXY}`, 'api.example', 'https'],
    ['for=203.0.113.9;x="a\\"b,;c"', `203.0.113.9 ${PROXY}`, 'api.example', 'http'],
    ['for="\\2\\0\\3.0.113.9"', `203.0.113.9 ${PROXY}`, 'api.example', 'http'],
    ['for=203.0.113.9;host="a b";proto=ftp', `203.0.113.9 ${PROXY}`, 'api.example', 'http'],
    ['for=203.0.113.9;host="a.example\\";x=y"', `203.0.113.9 ${PROXY}`, 'api.example', 'http'],
    [', for=203.0.113.9,', `203.0.113.9 ${PROXY}`, 'api.example', 'http'],
    ['', PROXY, 'api.example', 'http'],
  ])('%s', (value, chain, host, protocol) => {
    expect(forwarded(value)).toEqual([chain, host, protocol]);
  });

  test('several elements: host and proto are those that the outermost trusted proxy wrote', () => {
    const client = 'for=6.6.6.6;host=evil.example;proto=https';
    const edge = 'for=203.0.113.9;host=public.example;proto=https';
    const inner = 'for=10.9.9.9;host=inner.example;proto=http';
    expect(forwarded(`${client}, ${edge}, ${inner}`)).toEqual([
      `6.6.6.6 203.0.113.9 10.9.9.9 ${PROXY}`,
      'public.example',
      'https',
    ]);
    expect(forwarded(edge, inner)).toEqual([`203.0.113.9 10.9.9.9 ${PROXY}`, 'public.example', 'https']);
    expect(forwarded(`${client}, for=203.0.113.9`)).toEqual([`6.6.6.6 203.0.113.9 ${PROXY}`, 'api.example', 'http']);
    expect(forwarded(inner)).toEqual([`10.9.9.9 ${PROXY}`, 'inner.example', 'http']);
  });

  test.each(['x', '=', 'for', 'for=', 'for=a.example', 'for=1.2.3.4;for=1.2.3.5', 'for=1.2.3.4 x', 'for=(1.2.3.4)'])(
    'an element %j: cut behind it',
    broken => {
      expect(forwarded(`for=198.51.100.4, ${broken}, for=203.0.113.9`)).toEqual([
        `203.0.113.9 ${PROXY}`,
        'api.example',
        'http',
      ]);
      expect(forwarded(`for=198.51.100.4;host=a.example, ${broken}`)).toEqual([
        `unknown ${PROXY}`,
        'api.example',
        'http',
      ]);
    },
  );

  test.each([
    'for="203.0.113.9',
    'for=203.0.113.9", for=198.51.100.4',
    'for="x, for=203.0.113.9;host=a.example',
    'a\\',
  ])('quotes that do not match (%s): nothing is read', value => {
    expect(forwarded(value)).toEqual([`unknown ${PROXY}`, 'api.example', 'http']);
  });

  test.each(Object.keys(CLAIMED))('beside %s, also an empty one: ignored, since it may be the client’s own', name => {
    const { chain, authority, protocol } = read(PROXY, {
      Forwarded: 'for=6.6.6.6;host=evil.example;proto=wss',
      [name]: '',
    });
    expect([chain, authority, protocol]).toEqual([[PROXY], 'api.example', 'http']);
  });

  test('64 KiB of quotes or commas: read in less than a second', () => {
    const start = performance.now();
    for (const piece of ['"', ',', '"\\', 'for="', ';', '",', 'a=b;']) forwarded(piece.repeat(65_536 / piece.length));
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

test('fields in another spelling: not read', () => {
  expect(read(PROXY, { X_Forwarded_For: '6.6.6.6', X_FORWARDED_HOST: 'evil.example' })).toMatchObject({
    chain: [PROXY],
    authority: 'api.example',
  });
  expect(read(PROXY, { 'x-FORWARDED-for': '203.0.113.9' }).chain).toEqual(['203.0.113.9', PROXY]);
});
