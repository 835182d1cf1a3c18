/** Each key of the schema has an effect on the configuration, or is refused. A new key does not compile without an example. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Config } from '../../../../src/config/config.ts';
import { formatDiagnostic } from '../../../../src/config/diagnostics/diagnostic.ts';
import type { ExchangeSettings } from '../../../../src/config/schema/exchange-schema.ts';
import type { FileSettings } from '../../../../src/config/schema/file-schema.ts';
import type { IntrospectionSettings } from '../../../../src/config/schema/introspection-schema.ts';
import type { IssuerSettings } from '../../../../src/config/schema/issuer-schema.ts';
import type { RouteSettings } from '../../../../src/config/schema/route-schema.ts';
import type { UpstreamSettings } from '../../../../src/config/schema/upstream-schema.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { CA_CERTIFICATE, KEY_SET, load } from '../configuration.ts';

/** `key`, and `map.key` for the maps of `Nested`. */
type Keys<Settings, Nested extends keyof Settings> =
  | Exclude<keyof Settings, Nested>
  | { [K in Nested]: `${K & string}.${keyof Settings[K] & string}` }[Nested];

type Tree = Readonly<Record<string, unknown>>;

type Examples<Settings, Nested extends keyof Settings> = Readonly<Record<Keys<Settings, Nested>, unknown>>;

/** A value for each key, other than its default. */
const FILE: Examples<Omit<FileSettings, 'issuers' | 'routes'>, 'limits' | 'timeouts' | 'drain'> = {
  listen: '127.0.0.1:8081',
  tls: { cert_file: 'certificate.pem', key_file: 'key.pem', min_version: '1.3' },
  admin: '127.0.0.1:9091',
  authorizer: { listen: '127.0.0.1:9191', peers: ['10.0.0.0/8'] },
  admin_token: 'a-token-of-at-least-32-characters-0123456789',
  admin_hosts: ['gateway.example'],
  'limits.headers': '8KiB',
  'limits.connections': 7,
  'timeouts.headers': '7s',
  'timeouts.body': '7s',
  'timeouts.keep_alive': '7s',
  'drain.delay': '7s',
  'drain.limit': '7s',
  workers: 2,
  trusted_proxies: ['10.0.0.0/8'],
  access_log: { omit: ['sub', 'jti'] },
  revoked: [{ jti: '7c1e' }],
  include: ['team.yaml'],
};
const ISSUER: Examples<IssuerSettings, 'keys'> = {
  jwks_uri: 'https://login.example/other',
  jwks_file: 'jwks.json',
  algorithms: ['ES256'],
  token_types: ['jwt'],
  scope_claim: 'roles',
  scope_separator: ',',
  scope_implies: { admin: ['read'] },
  audience_claim: 'client_id',
  leeway: '7s',
  expiry_leeway: '7s',
  'keys.refresh': '7m',
  'keys.cooldown': '7s',
  'keys.max_stale': '7h',
  'keys.timeout': '7s',
  'keys.ca_file': 'ca.crt',
  'keys.token_file': 'token',
  introspection: { endpoint: 'https://login.example/introspect', client_id: 'gateway', client_secret: 'secret' },
};
/** Beside the required ones. `auth` stands with the keys that it needs. */
const INTROSPECTION: Readonly<Record<Exclude<keyof IntrospectionSettings, 'client_secret'>, Tree>> = {
  endpoint: { endpoint: 'https://login.example/other' },
  auth: { auth: 'post' },
  client_id: { client_id: 'another' },
  key_file: { auth: 'private_key_jwt', key_file: 'key.json', client_secret: undefined },
  cert_file: { auth: 'tls', cert_file: 'certificate.pem', key_file: 'key.pem', client_secret: undefined },
  cache: { cache: '7s' },
  jwt: { jwt: true },
};
/** The least that it needs. */
const EXCHANGE = {
  token_endpoint: 'https://login.example/token',
  client_id: 'gateway',
  client_secret: 'secret',
  resource: 'https://inner.example/',
};
/** Beside these. `grant` stands with the key that it needs. */
const EXCHANGE_KEYS: Readonly<Record<Exclude<keyof ExchangeSettings, 'client_secret'>, Tree>> = {
  token_endpoint: { token_endpoint: 'https://login.example/other' },
  grant: { grant: 'jwt-bearer', scopes: ['inner:read'] },
  client_id: { client_id: 'another' },
  key_file: { key_file: 'key.json', client_secret: undefined },
  resource: { resource: 'urn:example:inner' },
  audience: { audience: 'inner' },
  scopes: { scopes: ['inner:read'] },
  opaque: { opaque: true },
  timeout: { timeout: '7s' },
  ca_file: { ca_file: 'ca.crt' },
};
const ROUTE: Examples<RouteSettings, 'metadata' | 'timeouts' | 'limits' | 'request_headers' | 'response_headers'> = {
  public: true,
  id: 'a-name',
  name: 'A name',
  resource: 'https://other.example/',
  audiences: ['alias'],
  multiple_audiences: 'only',
  issuers: ['https://login.example'],
  upstream: 'http://127.0.0.1:2',
  mcp: { revisions: ['2025-11-25'], sse: true },
  strip_prefix: true,
  rewrite_location: false,
  'request_headers.set': { 'X-Api-Key': 'a key' },
  'request_headers.remove': ['X-Debug'],
  'response_headers.set': { 'Cache-Control': 'no-store' },
  'response_headers.remove': ['Server'],
  allow_encoded: ['%2F'],
  scopes: ['read'],
  scope_claim: ['realm_access.roles', 'scope'],
  claims: { tid: 'one', client_id: ['web', 'batch'], level: 7 },
  'metadata.scopes': ['api://one/read'],
  'metadata.authorization_servers': ['https://login.example'],
  enforcement: 'report',
  exceptions: [
    {
      client_id: 'batch',
      reasons: ['wrong_audience'],
      until: '2026-12-31',
      owner: 'team-batch',
      iss: 'https://login.example',
    },
  ],
  would_deny_header: true,
  upstream_token: 'forward',
  forward_token: true,
  exchange: EXCHANGE,
  claims_to_headers: { 'X-User': 'sub' },
  cors: { origins: ['https://app.example'] },
  'timeouts.connect': '7s',
  'timeouts.response': '7s',
  'timeouts.idle': '7s',
  'timeouts.after_expiry': '7s',
  'limits.body': '7KiB',
  'limits.in_flight': 7,
  end_at_expiry: true,
};

/** Of `upstream` as a map; `tls` has files, which test/unit/config/upstream.test.ts reads. */
const UPSTREAM: Examples<Omit<UpstreamSettings, 'tls'>, never> = {
  url: 'https://127.0.0.1:2/base',
  urls: ['http://127.0.0.1:1', 'unix:/run/two.sock'],
  preserve_host: true,
  keep_alive: { max_age: '7m' },
  max_response_headers: '7KiB',
  lenient: true,
};

const PROTECTED = { resource: 'https://api.example/', upstream: 'http://127.0.0.1:1' };
const PUBLIC = { public: true, upstream: 'http://127.0.0.1:1' };

/** `tree` with `example` at `key`; `undefined` removes the key. */
function put(tree: Tree, key: string, example: unknown): Tree {
  const [first = '', second] = key.split('.');
  return { ...tree, [first]: second === undefined ? example : { [second]: example } };
}

const certificates = mkdtempSync(join(tmpdir(), 'audgate-every-key-'));
afterAll(() => rmSync(certificates, { recursive: true }));
const { key, cert } = createAuthority(certificates).issue('DNS:gateway');
const FILES = {
  'team.yaml': stringify({ routes: { '/team': { public: true, upstream: 'http://team' } } }),
  'jwks.json': KEY_SET,
  'ca.crt': CA_CERTIFICATE,
  token: 'a-token\n',
  'key.json': JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })),
  'key.pem': key,
  'certificate.pem': cert,
};

/** @returns the configuration, or the errors as text. */
function read(file: Tree, issuer: Tree, route: Tree): Omit<Config, 'source'> | string {
  // The second issuer is what a route that names its issuers leaves out.
  const issuers = { 'https://login.example': issuer, 'https://second.example': {} };
  const result = load(stringify({ ...file, issuers, routes: { '/api': route } }), { files: FILES });
  if (!result.ok) return result.diagnostics.map(formatDiagnostic).join('\n');
  const { source: _, ...config } = result.config;
  return config;
}

const WITHOUT_EFFECT = 'The key is accepted and has no effect: config.ts and the file that builds it do not use it yet';

describe('each key: has an effect', () => {
  test.each(Object.entries(FILE))('%s', (key, example) => {
    const changed = read(put({}, key, example), {}, PROTECTED);
    expect(changed).toBeTypeOf('object');
    expect(changed, WITHOUT_EFFECT).not.toEqual(read({}, {}, PROTECTED));
  });

  test.each(Object.entries(ISSUER))('issuers: %s', (key, example) => {
    const changed = read({}, put({}, key, example), PROTECTED);
    expect(changed).toBeTypeOf('object');
    expect(changed, WITHOUT_EFFECT).not.toEqual(read({}, {}, PROTECTED));
  });

  test.each(Object.entries(INTROSPECTION))('introspection: %s', (_key, example) => {
    const plain = ISSUER.introspection as Tree;
    const changed = read({}, { introspection: { ...plain, ...example } }, PROTECTED);
    expect(changed).toBeTypeOf('object');
    expect(changed, WITHOUT_EFFECT).not.toEqual(read({}, { introspection: plain }, PROTECTED));
  });

  test.each(Object.entries(ROUTE))('routes: %s', (key, example) => {
    const plain = key === 'public' ? { upstream: PUBLIC.upstream } : PROTECTED;
    const beside = key === 'exchange' ? { upstream_token: 'exchange' } : {};
    const changed = read({}, {}, put({ ...plain, ...beside }, key, example));
    expect(changed).toBeTypeOf('object');
    expect(changed, WITHOUT_EFFECT).not.toEqual(read({}, {}, PROTECTED));
  });
});

test.each(Object.entries(EXCHANGE_KEYS))('each key of exchange has an effect: %s', (_key, example) => {
  const plain = { ...PROTECTED, upstream_token: 'exchange' };
  const changed = read({}, {}, { ...plain, exchange: { ...EXCHANGE, ...example } });
  expect(changed).toBeTypeOf('object');
  expect(changed, WITHOUT_EFFECT).not.toEqual(read({}, {}, { ...plain, exchange: EXCHANGE }));
});

describe('each key of upstream: has an effect', () => {
  test.each(Object.entries(UPSTREAM))('%s', (key, example) => {
    const url = key === 'urls' ? {} : { url: PROTECTED.upstream };
    const changed = read({}, {}, { ...PROTECTED, upstream: { ...url, [key]: example } });
    expect(changed).toBeTypeOf('object');
    expect(changed, WITHOUT_EFFECT).not.toEqual(read({}, {}, PROTECTED));
  });

  test('only the URL: as the URL alone', () => {
    const written = read({}, {}, { ...PROTECTED, upstream: { url: PROTECTED.upstream } });
    expect(written).toEqual(read({}, {}, PROTECTED));
  });
});

describe('each key on a public route: has an effect, or is refused', () => {
  test.each(Object.entries(ROUTE).filter(([key]) => key !== 'public'))('%s', (key, example) => {
    const changed = read({}, {}, put(PUBLIC, key, example));
    if (typeof changed === 'string')
      expect(changed).toContain(`"${key.split('.')[0]}" has no effect on a public route`);
    const why =
      'Accepted without an effect. MEANING in src/config/routes.ts says which keys only protected routes have';
    expect(changed, why).not.toEqual(read({}, {}, PUBLIC));
  });
});
