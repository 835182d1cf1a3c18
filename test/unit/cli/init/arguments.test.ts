/** The arguments of `audgate init`. */

import { expect, test } from 'vitest';
import { readInitArguments } from '../../../../src/cli/init/arguments.ts';
import { chooseRouteKeys } from '../../../../src/cli/init/route-keys.ts';

test.each<[resources: readonly string[], keys: readonly string[]]>([
  [['https://a.example/'], ['/']],
  [['https://a.example'], ['/']],
  [['https://a.example/billing/'], ['/billing']],
  [['https://a.example/?v=1'], ['/']],
  [
    ['https://a.example/x', 'https://a.example/y'],
    ['/x', '/y'],
  ],
  [
    ['https://a.example/x', 'https://a.example/'],
    ['/x', '/'],
  ],
  [
    ['https://a.example/x', 'https://b.example/y'],
    ['/x', '/y'],
  ],
  [
    ['https://a.example/x', 'https://b.example/xy'],
    ['/x', '/xy'],
  ],
  [
    ['https://a.example/', 'https://b.example/'],
    ['a.example/', 'b.example/'],
  ],
  [
    ['https://A.example:8443/', 'http://b.example'],
    ['a.example/', 'b.example/'],
  ],
  [
    ['https://a.example/', 'https://b.example/x'],
    ['a.example/', 'b.example/x'],
  ],
  [
    ['https://a.example/x', 'https://b.example/x/y', 'https://a.example/z'],
    ['a.example/x', 'b.example/x/y', 'a.example/z'],
  ],
  [
    ['https://[fd00::1]/', 'https://10.0.0.1/'],
    ['[fd00::1]/', '10.0.0.1/'],
  ],
])('%j: routes %j', (resources, keys) => {
  expect(chooseRouteKeys(resources)).toEqual({ ok: true, value: keys });
});

test.each([
  [['https://a.example/', 'https://a.example'], 'numbers 1 and 2 have one host and path'],
  [['https://a.example/x', 'https://a.example:8443/x'], 'numbers 1 and 2 have one host and path'],
  [
    ['https://a.example/x', 'https://a.example/x/../y'],
    'number 2 cannot be the path of a route: it has a . or .. segment',
  ],
  [['https://a.example//x'], 'number 1 cannot be the path of a route: it has an empty segment'],
  [
    ['https://a.example/x;y'],
    'number 1 cannot be the path of a route: it has a ; or a \\, which servers read differently',
  ],
])('%j: no routes', (resources, what) => {
  expect(chooseRouteKeys(resources)).toMatchObject({ ok: false, rejection: { what } });
});

test('resources and upstreams: paired in their order', () => {
  const resource = ['https://a.example/x', 'https://a.example/y'];
  const upstream = ['http://x:8080', 'https://y/base'];
  expect(readInitArguments({ issuer: ['https://i.example'], resource, upstream })).toEqual({
    ok: true,
    value: {
      issuer: 'https://i.example',
      routes: [
        { key: '/x', resource: resource[0], upstream: upstream[0] },
        { key: '/y', resource: resource[1], upstream: upstream[1] },
      ],
    },
  });
});

const UP = ['http://a'];
test.each([
  [{ issuer: ['https://a', 'https://b'] }, 'init takes one --issuer'],
  [{ resource: ['https://a/'] }, '--resource and --upstream come in pairs: 1 and 0 were given'],
  [{ upstream: UP }, '--resource and --upstream come in pairs: 0 and 1 were given'],
  [{ issuer: ['login.example.com'] }, '--issuer is not absolute'],
  [{ issuer: ['https://u:secret@i'] }, '--issuer has user information, expected a URI without it'],
  [{ issuer: ['https://i/?x=secret'] }, '--issuer has a query'],
  [
    { issuer: ['https://login.microsoftonline.com/common/v2.0'] },
    '--issuer has "common" where each token of Entra ID v2 has the GUID of its tenant',
  ],
  [{ issuer: [`https://i/${'x'.repeat(600)}`] }, '--issuer has more than 512 characters'],
  [{ resource: ['https://a/#secret'], upstream: UP }, '--resource has a fragment, expected a URI without it'],
  [
    { resource: ['https://a/', 'https://a/x#y'], upstream: ['http://a', 'http://b'] },
    '--resource number 2 has a fragment, expected a URI without it',
  ],
  [{ resource: ['https://a/'], upstream: ['http://a/?x=secret'] }, '--upstream has a query'],
  [
    { resource: ['https://a/'], upstream: ['http://a\n  x: secret'] },
    '--upstream has a character that a URI must not have, expected ASCII, other characters percent-encoded',
  ],
  [
    { resource: ['https://a/'], upstream: ['unix:/run/${secret}'] },
    '--upstream has a ${, which would be replaced at load',
  ],
])('%j: refused, and not repeated', (given, what) => {
  const read = readInitArguments(given);
  expect(read).toEqual({ ok: false, rejection: { what } });
  expect(JSON.stringify(read)).not.toContain('secret');
});
