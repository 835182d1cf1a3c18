/** `exchange` of a route: the keys that go together, the files, and the settings that come out. */

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { formatDiagnostic } from '../../../src/config/diagnostics/diagnostic.ts';
import { CA_CERTIFICATE, load } from './configuration.ts';

type Tree = Readonly<Record<string, unknown>>;

const LEAST = { token_endpoint: 'https://login.example/token', client_id: 'gateway', client_secret: 'a-secret' };
const TARGET = { ...LEAST, resource: 'https://inner.example/' };
const KEY = JSON.stringify({ ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), kid: 'one' });
const FILES = { 'key.json': KEY, 'ca.crt': CA_CERTIFICATE, 'no-key.pem': 'no key' };

function read(exchange: Tree | undefined, route: Tree = {}) {
  const common = { resource: 'https://api.example/', upstream: 'http://127.0.0.1:1', upstream_token: 'exchange' };
  const routes = { '/api': { ...common, ...(exchange && { exchange }), ...route } };
  return load(stringify({ issuers: { 'https://login.example': {} }, routes }), { files: FILES });
}

function messages(exchange: Tree | undefined, route: Tree = {}): readonly string[] {
  const result = read(exchange, route);
  const found = result.ok ? result.warnings : result.diagnostics;
  return found.map(each => formatDiagnostic(each).replace(/^.*?\d+:\d+: /, ''));
}

function settingsOf(exchange: Tree) {
  const result = read(exchange);
  if (!result.ok) throw new Error(result.diagnostics.map(formatDiagnostic).join('\n'));
  const [route] = result.config.routes;
  return route?.public === false ? route.exchange : undefined;
}

test('the least that it needs: every default is filled in', () => {
  expect(settingsOf(TARGET)).toEqual({
    tokenEndpoint: 'https://login.example/token',
    grant: 'token-exchange',
    clientId: 'gateway',
    authentication: { method: 'basic', secret: 'a-secret' },
    resource: 'https://inner.example/',
    audience: undefined,
    scopes: [],
    opaque: false,
    timeout: 5_000,
    caFile: undefined,
    proxy: undefined,
  });
});

test('key_file: the key is read at load, with its algorithm and kid', () => {
  const authentication = settingsOf({ ...TARGET, client_secret: undefined, key_file: 'key.json' })?.authentication;
  expect(authentication).toMatchObject({ method: 'private_key_jwt', algorithm: 'EdDSA', keyId: 'one' });
});

test.each<[string, Tree]>([
  ['an audience alone', { ...LEAST, audience: 'inner' }],
  ['a resource that is no URL', { ...LEAST, resource: 'api://inner' }],
  ['jwt-bearer with an audience', { ...LEAST, grant: 'jwt-bearer', scopes: ['x/.default'], audience: 'inner' }],
  ['jwt-bearer for opaque tokens', { ...LEAST, grant: 'jwt-bearer', scopes: ['x/.default'], opaque: true }],
  ['plain http on loopback', { ...TARGET, token_endpoint: 'http://127.0.0.1:8080/token' }],
  ['a ca_file', { ...TARGET, ca_file: 'ca.crt' }],
])('%s: accepted, without a warning', (_what, exchange) => {
  expect(messages(exchange)).toEqual([]);
});

describe('an error', () => {
  test.each<[string, Tree | undefined, Tree, string]>([
    ['upstream_token: exchange alone', undefined, {}, 'routes./api.exchange: missing key "exchange"'],
    [
      'exchange with strip',
      TARGET,
      { upstream_token: 'strip' },
      '"exchange" has no effect without upstream_token: exchange',
    ],
    [
      'exchange alone',
      TARGET,
      { upstream_token: undefined },
      '"exchange" has no effect without upstream_token: exchange',
    ],
    ['exchange with forward_token', TARGET, { forward_token: true }, 'contradicts upstream_token: exchange'],
    ['no target', LEAST, {}, 'routes./api.exchange.resource: missing key "resource"'],
    ['no target, though opaque', { ...LEAST, opaque: true }, {}, 'missing key "resource"'],
    ['jwt-bearer without scopes', { ...TARGET, grant: 'jwt-bearer' }, {}, 'missing key "scopes"'],
    ['jwt-bearer without a target', { ...LEAST, grant: 'jwt-bearer', scopes: ['x'] }, {}, 'missing key "resource"'],
    ['no secret and no key', { ...TARGET, client_secret: undefined }, {}, 'missing key "client_secret"'],
    ['a secret and a key', { ...TARGET, key_file: 'key.json' }, {}, 'key_file does not go together with client_secret'],
    [
      'a file without a key',
      { ...TARGET, client_secret: undefined, key_file: 'no-key.pem' },
      {},
      'holds no private key',
    ],
    ['no file', { ...TARGET, client_secret: undefined, key_file: 'absent' }, {}, 'exchange.key_file: "absent"'],
    ['a ca_file without a certificate', { ...TARGET, ca_file: 'no-key.pem' }, {}, 'exchange.ca_file: "no-key.pem"'],
    ['no client', { ...TARGET, client_id: undefined }, {}, 'missing key "client_id"'],
    ['no endpoint', { ...TARGET, token_endpoint: undefined }, {}, 'missing key "token_endpoint"'],
    ['an unknown grant', { ...TARGET, grant: 'jwt' }, {}, 'is not accepted'],
    ['a fragment in resource', { ...TARGET, resource: 'https://inner.example/#x' }, {}, 'has a fragment'],
    ['a relative resource', { ...TARGET, resource: 'inner' }, {}, 'is not an absolute URI'],
    ['several resources', { ...TARGET, resource: ['https://a/', 'https://b/'] }, {}, 'exchange.resource'],
    ['an unknown key', { ...TARGET, scope: ['x'] }, {}, 'did you mean "scopes"'],
    [
      'Authorization set beside',
      TARGET,
      { request_headers: { set: { Authorization: 'a' } } },
      'is set, while an issued token is sent',
    ],
    ['a public route', TARGET, { public: true, resource: undefined }, 'is not possible on a public route'],
  ])('%s', (_what, exchange, route, expected) => {
    const found = messages(exchange, route).filter(text => !text.startsWith('warning'));
    expect(found.join('\n')).toContain(expected);
    expect(found.join('\n')).not.toContain('a-secret');
  });
});

describe('a warning', () => {
  test.each<[string, Tree, string]>([
    [
      'plain http off loopback',
      { ...TARGET, token_endpoint: 'http://login.example/token' },
      'tokens and the secret sent without TLS',
    ],
    [
      'the resource of the route itself',
      { ...TARGET, resource: 'https://api.example/' },
      'is an audience of this very route',
    ],
    ['an audience of the route itself', { ...TARGET, audience: 'an-alias' }, 'is an audience of this very route'],
  ])('%s', (_what, exchange, expected) => {
    const found = messages(exchange, { audiences: ['an-alias'] });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^warning: /);
    expect(found[0]).toContain(expected);
  });
});
