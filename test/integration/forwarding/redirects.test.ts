/** Redirects, cookies and header rules through the gateway: HTTP, Early Hints, WebSockets, public routes, a trusted proxy. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { destroyConnections, openConnected } from '../../support/raw-connection.ts';
import { bearer, type HeaderPair, headerValues, type RawRequest, request } from '../../support/raw-http.ts';
import { HANDSHAKE_FIELDS, SWITCHING } from '../../support/switching.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;
let echo: Upstream['handle'];

/** What the upstream sends. */
let sent: readonly HeaderPair[] = [];
let status = 302;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  upstream = await startUpstream();
  echo = upstream.handle;
  const { origin } = upstream;
  gateway = await startGateway(
    `
trusted_proxies: [127.0.0.1]
issuers: { ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /app:
    resource: https://app.example/
    upstream: ${origin}/api
    strip_prefix: true
    upstream_token: strip
    request_headers: { set: { X-Api-Key: "\${SECRET}", Authorization: "Basic \${SECRET}" }, remove: [X-Debug] }
    response_headers: { set: { X-Frame-Options: DENY }, remove: [Server] }
  /open: { public: true, upstream: "${origin}", strip_prefix: true, request_headers: { set: { X-Api-Key: key } }, response_headers: { remove: [Server] } }
  /preserved: { public: true, upstream: { url: "${origin}", preserve_host: true }, strip_prefix: true }
  /off: { public: true, upstream: "${origin}", strip_prefix: true, rewrite_location: false }
  /dead: { public: true, upstream: "http://127.0.0.1:1", response_headers: { set: { X-Frame-Options: DENY } } }
`,
    { SECRET: 'sesame-7c1e' },
  );
  token = await issuer.sign({ claims: { aud: 'https://app.example/' } });
});

beforeEach(() => {
  upstream.received.length = 0;
  status = 302;
  upstream.handle = (_request, response) => {
    for (const [name, value] of sent) response.appendHeader(name, value);
    response.writeHead(status).end();
  };
});

afterAll(async () => {
  destroyConnections();
  await gateway.close();
  await upstream.close();
  await issuer.close();
});

const HOST: HeaderPair = ['Host', 'gw.example:8443'];

/** @returns the values of `field` that the client gets where the upstream sends `fields`. */
async function receive(path: string, field: string, ...fields: HeaderPair[]): Promise<string[]> {
  sent = fields;
  const { headers } = await request(gateway.port, { path, headers: [HOST, bearer(token)] });
  return headerValues(headers, field);
}

describe('a redirect', () => {
  test('to the upstream: to the gateway, by the Host of the client', async () => {
    const absolute: HeaderPair = ['Location', `${upstream.origin}/api/login?a#b`];
    expect(await receive('/app/x', 'location', absolute)).toEqual(['http://gw.example:8443/app/login?a#b']);
    expect(await receive('/app/x', 'location', ['Location', '/api/login'])).toEqual(['/app/login']);
  });

  test('elsewhere: byte by byte', async () => {
    for (const value of ['//evil.example/x', 'http:\\\\evil.example', 'https://login.example/?to=/api/x', '/other']) {
      expect(await receive('/app/x', 'location', ['Location', value])).toEqual([value]);
    }
  });

  test('two of them: both as they are, and cookies, too', async () => {
    const both: HeaderPair[] = [
      ['Location', '/api/a'],
      ['Location', '/api/b'],
      ['Set-Cookie', 'a=1; Path=/api'],
    ];
    expect(await receive('/app/x', 'location', ...both)).toEqual(['/api/a', '/api/b']);
    expect(await receive('/app/x', 'set-cookie', ...both)).toEqual(['a=1; Path=/api']);
  });

  test('rewrite_location: false: as it is', async () => {
    const fields: HeaderPair[] = [
      ['Location', `${upstream.origin}/x`],
      ['Set-Cookie', 'a=1; Path=/'],
    ];
    expect(await receive('/off/x', 'location', ...fields)).toEqual([`${upstream.origin}/x`]);
    expect(await receive('/off/x', 'set-cookie', ...fields)).toEqual(['a=1; Path=/']);
  });

  test('preserve_host: the Host of the client is the upstream’s name', async () => {
    const location = await receive('/preserved/x', 'location', ['Location', 'http://gw.example:8443/x']);
    expect(location).toEqual(['http://gw.example:8443/preserved/x']);
    expect(await receive('/open/x', 'location', ['Location', 'http://gw.example:8443/x'])).toEqual([
      'http://gw.example:8443/x',
    ]);
  });

  test('behind a trusted proxy: the name, the scheme and the prefix that the client knows', async () => {
    sent = [
      ['Location', `${upstream.origin}/api/login`],
      ['Set-Cookie', 'sid=1; Path=/api; Domain=127.0.0.1'],
    ];
    const forwarded: HeaderPair[] = [
      ['X-Forwarded-Host', 'www.example'],
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Prefix', '/front'],
    ];
    const { headers } = await request(gateway.port, { path: '/app/x', headers: [HOST, bearer(token), ...forwarded] });
    expect(headerValues(headers, 'location')).toEqual(['https://www.example/front/app/login']);
    expect(headerValues(headers, 'set-cookie')).toEqual(['sid=1; Path=/front/app']);
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'x-forwarded-prefix')).toEqual(['/front/app']);
  });

  test('of HTTP/1.0 without Host: the path', async () => {
    sent = [['Location', `${upstream.origin}/login`]];
    const wire = await openConnected(gateway.port, 'GET /open/x HTTP/1.0\r\n\r\n');
    await wire.until('\r\n\r\n');
    expect(wire.text()).toContain('\r\nLocation: /open/login\r\n');
  });

  test('Early Hints: their links, too', async () => {
    upstream.handle = (_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
      response.end();
    };
    const wire = await openConnected(gateway.port, 'GET /open/x HTTP/1.1\r\nHost: a\r\n\r\n');
    await wire.until(/\r\n\r\nHTTP\/1\.1 200 .*\r\n\r\n/s);
    expect(wire.text()).toContain('HTTP/1.1 103 Early Hints\r\nLink: </open/style.css>; rel=preload; as=style\r\n');
  });
});

describe('header rules', () => {
  const fieldsOf = (name: string) => headerValues(upstream.received[0]?.rawHeaders ?? [], name);
  const forged: HeaderPair[] = [
    ['x-api-key', 'forged'],
    ['X_Api_Key', 'forged'],
    ['X-Debug', '1'],
    ['x_debug', '1'],
  ];

  test('of a request: set, with the secret; the client’s own are gone', async () => {
    sent = [];
    await request(gateway.port, { path: '/app/x', headers: [bearer(token), ...forged] });
    expect(fieldsOf('x-api-key')).toEqual(['sesame-7c1e']);
    expect(fieldsOf('authorization')).toEqual(['Basic sesame-7c1e']);
    for (const name of ['x_api_key', 'x-debug', 'x_debug']) expect(fieldsOf(name)).toEqual([]);
  });

  test('of a request on a public route: likewise', async () => {
    sent = [];
    await request(gateway.port, { path: '/open/x', headers: forged });
    expect([fieldsOf('x-api-key'), fieldsOf('x_api_key'), fieldsOf('x-debug')]).toEqual([['key'], [], ['1']]);
  });

  test('of a response: set and removed', async () => {
    const fields: HeaderPair[] = [
      ['Server', 'Legacy/1'],
      ['X-Frame-Options', 'SAMEORIGIN'],
    ];
    expect(await receive('/app/x', 'x-frame-options', ...fields)).toEqual(['DENY']);
    expect(await receive('/app/x', 'server', ...fields)).toEqual([]);
  });

  test('of a response: not in a refusal, nor where the upstream has not responded', async () => {
    const refused = await request(gateway.port, { path: '/app/x' });
    expect([refused.status, headerValues(refused.headers, 'x-frame-options')]).toEqual([401, []]);
    const failed = await request(gateway.port, { path: '/dead/x' });
    expect([failed.status, headerValues(failed.headers, 'x-frame-options')]).toEqual([502, []]);
  });

  test('the secret: in no log line, metric or page', async () => {
    const [page, json] = await Promise.all(
      ['/', '/status.json'].map(async path => (await fetch(`http://127.0.0.1:${gateway.adminPort}${path}`)).text()),
    );
    const shown = [JSON.stringify(gateway.log), await gateway.scrape(), page, json].join('\n');
    expect(shown).toContain('/app');
    expect(shown).not.toContain('sesame-7c1e');
  });
});

describe('a WebSocket', () => {
  const handshake = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: gw.example\r\nAuthorization: Bearer ${token}\r\nX_Api_Key: forged\r\n${HANDSHAKE_FIELDS}\r\n`;

  async function open(path: string): Promise<string> {
    const wire = await openConnected(gateway.port, handshake(path));
    await wire.until('\r\n\r\n');
    wire.socket.destroy();
    return wire.text();
  }

  test('the 101: cookies rewritten, rules applied; the handshake has what is set', async () => {
    const { handleUpgrade } = upstream;
    upstream.handleUpgrade = (_request, socket) => {
      const fields = 'Set-Cookie: sid=1; Path=/api\r\nSet-Cookie: b=2; Path=/other\r\nServer: Legacy/1';
      socket.write(SWITCHING.replace('\r\n\r\n', `\r\n${fields}\r\n\r\n`));
    };
    const text = await open('/app/socket');
    upstream.handleUpgrade = handleUpgrade;
    expect(text).toMatch(/^HTTP\/1\.1 101 /);
    expect(text).toContain('\r\nSet-Cookie: sid=1; Path=/app\r\nSet-Cookie: b=2; Path=/other\r\n');
    expect(text).toContain('\r\nX-Frame-Options: DENY\r\n');
    expect(text).not.toContain('Server:');
    const fields = upstream.received[0]?.rawHeaders ?? [];
    expect(headerValues(fields, 'x-api-key')).toEqual(['sesame-7c1e']);
    expect(headerValues(fields, 'x_api_key')).toEqual([]);
    expect(headerValues(fields, 'authorization')).toEqual(['Basic sesame-7c1e']);
  });

  test('a handshake that is redirected: to the gateway', async () => {
    const { handleUpgrade } = upstream;
    upstream.handleUpgrade = (_request, socket) => {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${upstream.origin}/api/login\r\nContent-Length: 0\r\n\r\n`);
    };
    const text = await open('/app/socket');
    upstream.handleUpgrade = handleUpgrade;
    expect(text).toMatch(/^HTTP\/1\.1 302 /);
    expect(text).toContain('\r\nLocation: http://gw.example/app/login\r\n');
  });
});

describe.skipIf(!hasPython)('the http.server of Python (needs python3)', () => {
  let python: ChildProcess;
  let folder: string;
  let legacy: RunningGateway;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-python-'));
    mkdirSync(join(folder, 'api/reports'), { recursive: true });
    const options = ['-u', '-m', 'http.server', '--bind', '127.0.0.1', '--directory', folder, '0'];
    python = spawn('python3', options, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(createInterface(python.stdout as NodeJS.ReadableStream), 'line')) as [string];
    const [, port] = / port (\d+) /.exec(line) ?? [];
    const url = `http://127.0.0.1:${port}`;
    legacy = await startGateway(`
routes:
  /stripped: { public: true, strip_prefix: true, upstream: "${url}" }
  /based: { public: true, strip_prefix: true, upstream: "${url}/api" }
  /api: { public: true, upstream: "${url}" }
`);
  });

  afterAll(async () => {
    await legacy.close();
    python.kill();
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['/stripped/api/reports', '/stripped/api/reports/'],
    ['/stripped/api?a=/api', '/stripped/api/?a=/api'],
    ['/based/reports', '/based/reports/'],
    ['/api/reports', '/api/reports/'],
  ])('a folder without its slash, %s: redirected to %s, where it is', async (path, expected) => {
    const ask = (target: string): RawRequest => ({ path: target, headers: [['Host', 'gw.example']] });
    const redirect = await request(legacy.port, ask(path));
    const [location = ''] = headerValues(redirect.headers, 'location');
    expect([redirect.status, location]).toEqual([301, expected]);
    expect((await request(legacy.port, ask(location))).status).toBe(200);
  });
});

test('an ordinary response: as the upstream sent it', async () => {
  upstream.handle = echo;
  status = 200;
  const { status: received, headers } = await request(gateway.port, { path: '/open/x' });
  expect([received, headerValues(headers, 'content-type')]).toEqual([200, ['application/json']]);
});
