import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { endpointAt, USUAL_CONNECTIONS, USUAL_FIELDS } from '../route/example-route.ts';
import { EXAMPLE, KEY_SET, listDiagnostics, loadValid, writeConfiguration } from './configuration.ts';

const TIMEOUTS = { connect: 5_000, response: 60_000, idle: 300_000, afterExpiry: 300_000 };
const MINIMAL = 'routes:\n  /:\n    public: true\n    upstream: http://x\n';

const ISSUER_DEFAULTS = {
  impliedScopes: new Map(),
  audienceClaim: 'aud',
  leeway: 30_000,
  expiryLeeway: 0,
  keys: {
    refresh: 600_000,
    cooldown: 30_000,
    maxStale: 86_400_000,
    timeout: 5_000,
    caFile: undefined,
    tokenFile: undefined,
    proxy: undefined,
  },
};

/** Of a route without `scope_claim`, `claims` and `metadata`. */
const NO_CLAIM_KEYS = {
  scopePaths: undefined,
  requiredClaims: [],
  metadata: { scopes: undefined, authorizationServers: undefined },
};

describe('the example of the reference', () => {
  test('loaded: every value and default', () => {
    const file = writeConfiguration(EXAMPLE);
    const result = loadConfig(file, {});
    expect(result).toMatchObject({ ok: true });
    expect(result.ok && result.config).toEqual({
      source: {
        file,
        hash: createHash('sha256').update(EXAMPLE).digest('hex'),
        included: [],
        routePlaces: new Map([
          ['/profile', { file, line: 14, column: 3 }],
          ['billing.example.com/v2', { file, line: 19, column: 3 }],
          ['/status', { file, line: 35, column: 3 }],
        ]),
        files: [],
      },
      listen: { host: '0.0.0.0', port: 8080 },
      admin: { host: '127.0.0.1', port: 9090 },
      adminHosts: new Set(),
      limits: { headers: 16_384, connections: 20_000 },
      timeouts: { headers: 30_000, body: 60_000, keepAlive: 75_000 },
      drain: { delay: 1_000, limit: 30_000 },
      workers: 1,
      trustedProxies: [],
      accessLog: { omit: new Set() },
      revoked: expect.objectContaining({ size: 0 }),
      issuers: new Map([
        [
          'https://login.example.com',
          {
            issuer: 'https://login.example.com',
            keySource: { kind: 'uri', uri: 'https://login.example.com/jwks' },
            algorithms: new Set(['RS256', 'ES256']),
            tokenTypes: new Set(['at+jwt']),
            scopeSource: { paths: [{ text: 'scope', steps: ['scope'] }], separator: ' ' },
            ...ISSUER_DEFAULTS,
          },
        ],
      ]),
      routes: [
        {
          key: '/profile',
          id: '/profile',
          name: undefined,
          host: undefined,
          prefix: '/profile',
          upstream: { endpoints: [endpointAt('http://profile:8080')], timeouts: TIMEOUTS, ...USUAL_CONNECTIONS },
          limits: { body: undefined, inFlight: 10_000 },
          stripPrefix: false,
          ...USUAL_FIELDS,
          upstreamToken: 'strip',
          isUpstreamTokenWritten: false,
          allowEncoded: new Set(),
          public: false,
          resource: 'https://profile.example.com/',
          audiences: new Set(['https://profile.example.com/']),
          multipleAudiences: 'any',
          issuers: new Set(['https://login.example.com']),
          scopeRules: [{ method: '*', path: '/', scopes: ['profile:read'] }],
          ...NO_CLAIM_KEYS,
          exceptions: new Map(),
          enforcement: 'enforce',
          wouldDenyHeader: false,
          claimsToHeaders: new Map(),
        },
        {
          key: 'billing.example.com/v2',
          id: 'billing.example.com/v2',
          name: undefined,
          host: 'billing.example.com',
          prefix: '/v2',
          upstream: {
            endpoints: [endpointAt('http://billing:8080', '/api')],
            timeouts: TIMEOUTS,
            ...USUAL_CONNECTIONS,
          },
          limits: { body: undefined, inFlight: 10_000 },
          stripPrefix: true,
          ...USUAL_FIELDS,
          upstreamToken: 'forward',
          isUpstreamTokenWritten: true,
          allowEncoded: new Set(),
          public: false,
          resource: 'https://billing.example.com/',
          audiences: new Set(['https://billing.example.com/', '6731de76-14a6-49ae-97bc-6eba6914391e']),
          multipleAudiences: 'any',
          issuers: new Set(['https://login.example.com']),
          ...NO_CLAIM_KEYS,
          scopeRules: [
            { method: 'GET', path: '/', scopes: ['billing:read'] },
            { method: 'POST', path: '/invoices', scopes: ['billing:read', 'billing:write'] },
            { method: '*', path: '/', scopes: ['billing:admin'] },
          ],
          exceptions: new Map(),
          enforcement: 'report',
          wouldDenyHeader: false,
          claimsToHeaders: new Map([
            ['X-User', 'sub'],
            ['X-Client', 'client_id'],
          ]),
        },
        {
          key: '/status',
          id: '/status',
          name: undefined,
          host: undefined,
          prefix: '/status',
          upstream: { endpoints: [endpointAt('http://status:8080')], timeouts: TIMEOUTS, ...USUAL_CONNECTIONS },
          limits: { body: undefined, inFlight: 10_000 },
          stripPrefix: false,
          ...USUAL_FIELDS,
          upstreamToken: 'strip',
          isUpstreamTokenWritten: false,
          allowEncoded: new Set(),
          public: true,
        },
      ],
    });
  });

  test('loaded: one warning', () => {
    expect(listDiagnostics(EXAMPLE)).toEqual([
      '31:20: warning: routes.billing.example.com/v2.forward_token: the token is forwarded in clear text',
    ]);
  });

  test('loaded: frozen with everything in it', () => {
    const config = loadValid(EXAMPLE);
    const holders = [config, config.listen, config.routes, config.issuers.get('https://login.example.com')?.keys];
    const deeper = config.routes.flatMap(route => [route, route.upstream, route.upstream.timeouts]);
    const rules = config.routes.flatMap(route => (route.public ? [] : [route.scopeRules, route.scopeRules[0]?.scopes]));
    for (const held of [...holders, ...deeper, ...rules]) expect(Object.isFrozen(held)).toBe(true);
  });
});

describe('defaults', () => {
  test('file without optional keys: listeners and no issuers', () => {
    const config = loadValid(MINIMAL);
    expect(config.listen).toEqual({ host: '0.0.0.0', port: 8080 });
    expect(config.admin).toEqual({ host: '127.0.0.1', port: 9090 });
    expect(config.issuers).toEqual(new Map());
  });

  test('issuer without settings: discovery, and every asymmetric algorithm', () => {
    const issuer = loadValid(`issuers:\n  https://i.example/:\n${MINIMAL}`).issuers.get('https://i.example/');
    expect(issuer).toMatchObject({
      keySource: { kind: 'discovery' },
      tokenTypes: new Set(['at+jwt']),
      scopeSource: { paths: undefined, separator: ' ' },
      ...ISSUER_DEFAULTS,
    });
    const required = [
      'RS256',
      'RS384',
      'RS512',
      'PS256',
      'PS384',
      'PS512',
      'ES256',
      'ES384',
      'ES512',
      'EdDSA',
      'Ed25519',
    ];
    expect([...(issuer?.algorithms ?? [])].slice(0, required.length)).toEqual(required);
  });

  test('relative jwks_file: from the folder of the file; token types: without application/', () => {
    const text = `issuers:\n  https://i.example:\n    jwks_file: ./keys.json\n    token_types: [Application/AT+JWT, JWT]\n${MINIMAL}`;
    const config = loadValid(text, { files: { 'keys.json': KEY_SET } });
    expect(config.issuers.get('https://i.example')).toMatchObject({
      keySource: { kind: 'file', path: join(config.source.file, '../keys.json') },
      tokenTypes: new Set(['at+jwt', 'jwt']),
    });
  });

  test('alias: the value of its anchor', () => {
    const text = `${MINIMAL.replace('http://x', '&up http://x/a/')}  /b:\n    public: true\n    upstream: *up\n`;
    expect(loadValid(text).routes.map(route => route.upstream.endpoints[0]?.basePath)).toEqual(['/a', '/a']);
  });

  test('byte order mark: not counted in the column', () => {
    expect(listDiagnostics(`\uFEFFlisen: 1\n${MINIMAL}`)[0]).toMatch(/^1:1: lisen: unknown key/);
  });
});

describe('upstream_token', () => {
  const tokenOf = (keys: string) => {
    const route = `  /a: { resource: https://a.example/, upstream: https://a, ${keys} }\n`;
    const [{ upstreamToken, isUpstreamTokenWritten } = {}] = loadValid(
      `issuers: { https://i.example: }\nroutes:\n${route}`,
    ).routes;
    return `${upstreamToken}${isUpstreamTokenWritten ? ', as written' : ''}`;
  };

  test.each([
    ['enforcement: report', 'forward'],
    ['enforcement: verify', 'strip'],
    ['enforcement: enforce', 'strip'],
    ['name: A', 'strip'],
    ['enforcement: report, upstream_token: strip', 'strip, as written'],
    ['enforcement: enforce, upstream_token: forward', 'forward, as written'],
    ['forward_token: true', 'forward, as written'],
    ['enforcement: report, forward_token: false', 'strip, as written'],
    ['forward_token: true, upstream_token: forward', 'forward, as written'],
    ['forward_token: false, upstream_token: strip', 'strip, as written'],
  ])('%s: %s', (keys, expected) => expect(tokenOf(keys)).toBe(expected));

  test('public route: strip by default, forward where written', () => {
    const routes = loadValid(
      `${MINIMAL}  /f: { public: true, upstream: http://127.0.0.1, upstream_token: forward }\n`,
    ).routes;
    expect(routes.map(({ upstreamToken }) => upstreamToken)).toEqual(['strip', 'forward']);
  });
});

describe('a file that cannot be read: one error at its start', () => {
  test.each([
    [join(tmpdir(), 'audgate-no-such-file.yaml'), 'the file does not exist, expected a readable YAML file'],
    [tmpdir(), 'the file is not a regular file, expected a readable YAML file'],
  ])('%s', (file, message) => {
    const diagnostic = { severity: 'error', code: 'unreadable-file', file, line: 1, column: 1, path: '', message };
    expect(loadConfig(file, {})).toEqual({ ok: false, diagnostics: [diagnostic] });
  });
});
