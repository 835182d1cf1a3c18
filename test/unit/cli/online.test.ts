/** `check --online`: every peer is a real server, or a port where nobody listens. */

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CheckOptions, check } from '../../../src/cli/check.ts';
import { type Probe, runProbes } from '../../../src/cli/online/probe.ts';
import { type Authority, createAuthority, hasOpenssl } from '../../support/certificates.ts';
import { startIntrospectionServer } from '../../support/introspection-server.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

/** Nobody listens there, and no server is given such a port. */
const GONE = '127.0.0.1:2';

let folder: string;
const closing: (() => unknown)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-online-'));
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

afterAll(() => rmSync(folder, { recursive: true }));

/** @returns the exit code and the lines, without consequence and remedy. The file is `audgate.yaml`. */
async function run(text: string, options: CheckOptions = {}) {
  const lines: string[] = [];
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, text);
  const write = (line: string) => lines.push(line.replaceAll(file, 'audgate.yaml'));
  const code = await check(file, { KEYS: `http://${GONE}/secret` }, write, { online: true, ...options });
  return { code, lines: lines.filter(line => !line.startsWith('  ')) };
}

async function issuerOf(): Promise<TokenIssuer> {
  const issuer = await startTokenIssuer();
  closing.push(() => issuer.close());
  return issuer;
}

/** Listens where the test says, and counts connections. */
async function listen(server: Server | HttpServer): Promise<{ readonly port: number; readonly count: () => number }> {
  let connections = 0;
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', socket => {
    connections += 1;
    sockets.add(socket.on('error', () => undefined));
  });
  const port = await listenOnLoopback(server);
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port, count: () => connections };
}

const open = (upstream: string, more = '') => `  /${more}:\n    public: true\n    upstream: ${upstream}\n`;

describe('everything answers', () => {
  test('issuers, introspection, one of several upstreams, a unix socket: counted, exit 0', async () => {
    const issuer = await issuerOf();
    const introspection = await startIntrospectionServer();
    closing.push(() => introspection.close());
    const [one, two] = [await listen(createServer()), await listen(createServer())];
    const socket = join(folder, 'api.sock');
    const unix = createServer();
    await once(unix.listen(socket), 'listening');
    closing.push(() => unix.close());
    const { code, lines } = await run(`issuers:
  ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} }
  https://opaque.example: { introspection: { endpoint: ${introspection.endpoint}, client_id: a, client_secret: b } }
routes:
  /x: { resource: https://a/, upstream: [http://127.0.0.1:${one.port}, http://127.0.0.1:${two.port}] }
${open(`http://127.0.0.1:${one.port}/base`, 'y')}${open(`unix:${socket}`, 'z')}`);
    expect({ code, last: lines.at(-1) }).toEqual({
      code: 0,
      last: 'audgate.yaml: ok, 3 routes, 2 issuers, 5 asked, all answered',
    });
    expect([issuer.fetches, one.count(), two.count()]).toEqual([1, 1, 1]);
    expect(introspection.questions[0]?.form.get('token')).toMatch(/^audgate-check-[\w-]{22}$/);
  });

  test('without --online: nobody is asked', async () => {
    const issuer = await issuerOf();
    const upstream = await listen(createServer());
    const yaml = `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }\nroutes:\n  /x: { resource: https://a/, upstream: "http://127.0.0.1:${upstream.port}" }\n`;
    expect((await run(yaml, { online: false })).lines.at(-1)).toBe('audgate.yaml: ok, 1 route, 1 issuer');
    expect([issuer.fetches, upstream.count()]).toEqual([0, 0]);
  });

  test('a file with errors: these only, nobody is asked', async () => {
    const upstream = await listen(createServer());
    const { code, lines } = await run(`lisen: x\nroutes:\n${open(`http://127.0.0.1:${upstream.port}`)}`);
    expect([code, lines.length, upstream.count()]).toEqual([1, 1, 0]);
    expect(lines[0]).toContain('[unknown-key]');
  });
});

describe('issuers', () => {
  const withIssuer = (key: string, settings = '') =>
    `issuers:\n  ${key}:${settings}\nroutes:\n  /: { resource: https://a/, upstream: unix:/absent }\n`;
  const about = async (yaml: string) => (await run(yaml)).lines.filter(line => !line.includes('upstream'));

  test('a jwks_uri where nobody listens: told at its value', async () => {
    expect(await about(withIssuer('https://i.example', ` { jwks_uri: http://${GONE}/jwks }`))).toEqual([
      `audgate.yaml:2:34: issuers.https://i.example.jwks_uri: "http://${GONE}/jwks" gives no keys: no answer (ECONNREFUSED) [issuer-unreachable]`,
    ]);
  });

  test('a jwks_uri from a variable: its value is not shown', async () => {
    const [line = '', ...more] = await about(withIssuer('https://i.example', ' { jwks_uri: "${KEYS}" }'));
    expect(line).toContain('"${KEYS}" gives no keys: no answer (ECONNREFUSED) [issuer-unreachable]');
    expect([line + more]).not.toContain('secret');
    expect(more).toEqual([]);
  });

  test('one whose keys are discovered: told at its key, with both places', async () => {
    expect(await about(withIssuer(`http://${GONE}/a`))).toEqual([
      `audgate.yaml:2:3: issuers.http://${GONE}/a: "http://${GONE}/a" gives no keys: http://${GONE}/.well-known/oauth-authorization-server/a: no answer (ECONNREFUSED); http://${GONE}/a/.well-known/openid-configuration: no answer (ECONNREFUSED) [issuer-unreachable]`,
    ]);
  });

  test.each([
    ['no key at all', '{"keys":[]}', '', 'gives no key that can verify a token'],
    [
      'a weak one',
      '{"keys":[{"kty":"oct","k":"eA"}]}',
      '',
      'gives no key that can verify a token: 1 private or symmetric',
    ],
    ['one for other algorithms', undefined, ', algorithms: [RS256]', 'gives no key for the algorithms of this issuer'],
    ['no JSON', 'no', '', 'gives no keys: the answer is not a JSON object'],
  ])('%s: told', async (_name, answer, more, what) => {
    const issuer = await issuerOf();
    const { port } = await listen(
      createHttpServer((_, response) => response.end(answer ?? JSON.stringify(issuer.jwks))),
    );
    const [line = ''] = await about(
      withIssuer('https://i.example', ` { jwks_uri: http://127.0.0.1:${port}/jwks${more} }`),
    );
    expect(line).toContain(`"http://127.0.0.1:${port}/jwks" ${what} [issuer-unreachable]`);
  });

  test('introspection with a bad secret, and one for which every token is active: told at the endpoint', async () => {
    const server = await startIntrospectionServer();
    closing.push(() => server.close());
    const yaml = withIssuer(
      'https://i.example',
      ` { introspection: { endpoint: ${server.endpoint}, client_id: a, client_secret: hush } }`,
    );
    server.answer = response => response.writeHead(401).end();
    const refused = await about(yaml);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatch(
      /introspection\.endpoint: "http:\S+" cannot be asked about tokens: the answer has status 401: see that client_id .* \[introspection-unusable\]$/,
    );
    expect(refused[0]).not.toContain('hush');
    server.answer = response => response.end('{"active":true}');
    expect((await about(yaml))[0]).toContain(
      'says of a token that was made up that it is active [introspection-unusable]',
    );
  });
});

describe('upstreams', () => {
  const about = async (routes: string) =>
    (await run(`routes:\n${routes}`)).lines.map(line => line.replace(/^audgate\.yaml:/, ''));

  test('refused, unknown name, absent socket, in each of the places: told at the value', async () => {
    const server = await listen(createServer());
    const lines = await about(
      [
        open(`http://${GONE}`),
        open('http://audgate.invalid', 'b'),
        open(`[http://127.0.0.1:${server.port}, unix:/run/absent.sock]`, 'c'),
        open(`{ url: http://${GONE}1 }`, 'd'),
        open(`{ urls: [http://127.0.0.1:${server.port}, http://${GONE}2] }`, 'e'),
      ].join(''),
    );
    expect(lines).toEqual([
      `4:15: routes./.upstream: "http://${GONE}" cannot be connected to: nobody listens there (ECONNREFUSED) [upstream-unreachable]`,
      expect.stringMatching(
        /^7:15: routes\.\/b\.upstream: "http:\/\/audgate\.invalid" cannot be connected to: its name cannot be resolved \(E\w+\) /,
      ),
      expect.stringContaining(
        'routes./c.upstream[1]: "unix:/run/absent.sock" cannot be connected to: nobody listens there (ENOENT)',
      ),
      `13:22: routes./d.upstream.url: "http://${GONE}1" cannot be connected to: nobody listens there (ECONNREFUSED) [upstream-unreachable]`,
      expect.stringContaining(
        `routes./e.upstream.urls[1]: "http://${GONE}2" cannot be connected to: nobody listens there`,
      ),
    ]);
  });

  test('one server of several routes: connected to once, and told at the first', async () => {
    const server = await listen(createServer());
    const routes = ['a', 'b', 'c'].map(name => open(`http://127.0.0.1:${server.port}/${name}`, name)).join('');
    expect(await about(routes)).toEqual([' ok, 3 routes, 0 issuers, 1 asked, all answered']);
    expect(server.count()).toBe(1);
    expect(await about(routes.replaceAll(`127.0.0.1:${server.port}`, GONE))).toHaveLength(1);
  });

  test('TLS that never begins: told at the time-out of the route', async () => {
    const { port } = await listen(createServer());
    const routes = `${open(`https://127.0.0.1:${port}`)}    timeouts: { connect: 200ms }\n`;
    expect((await about(routes))[0]).toContain(
      'cannot be connected to: no connection within 0.2 s [upstream-unreachable]',
    );
  });

  test('no TLS at all: told', async () => {
    const { port } = await listen(createHttpServer());
    expect((await about(open(`https://127.0.0.1:${port}`)))[0]).toContain('TLS fails, not tls (ERR_SSL_');
  });

  describe.skipIf(!hasOpenssl)('TLS (needs openssl)', () => {
    let authority: Authority;
    beforeAll(() => {
      authority = createAuthority(folder);
      const { cert, key } = authority.issue('DNS:client');
      writeFileSync(join(folder, 'client.crt'), cert);
      writeFileSync(join(folder, 'client.key'), key);
    });
    const withTls = (port: number, tls: string) => open(`{ url: "https://127.0.0.1:${port}", tls: { ${tls} } }`);

    test('an unknown authority, another name, the right one: told, told, accepted', async () => {
      const { port } = await listen(createTlsServer(authority.issue('DNS:billing.internal')));
      expect((await about(withTls(port, 'server_name: billing.internal')))[0]).toContain(
        'TLS fails, unknown issuer (UNABLE_TO_',
      );
      expect((await about(withTls(port, 'ca_file: ca.crt')))[0]).toContain(
        'TLS fails, wrong name (ERR_TLS_CERT_ALTNAME_INVALID)',
      );
      expect(await about(withTls(port, 'ca_file: ca.crt, server_name: billing.internal'))).toEqual([
        ' ok, 1 route, 0 issuers, 1 asked, all answered',
      ]);
    });

    test.each(['TLSv1.2', 'TLSv1.3'] as const)(
      '%s, a certificate of the client is demanded: told where there is none',
      async version => {
        const options = {
          ...authority.issue('IP:127.0.0.1'),
          ca: readFileSync(authority.file),
          requestCert: true,
          minVersion: version,
          maxVersion: version,
        };
        const server = createTlsServer(options);
        server.on('tlsClientError', () => undefined);
        const { port } = await listen(server);
        const [line = ''] = await about(withTls(port, 'ca_file: ca.crt'));
        expect(line).toMatch(/TLS fails, (?:client certificate required|client certificate refused|handshake failed)/);
        expect(await about(withTls(port, 'ca_file: ca.crt, cert_file: client.crt, key_file: client.key'))).toEqual([
          ' ok, 1 route, 0 issuers, 1 asked, all answered',
        ]);
      },
    );
  });
});

test('--format json and github: the same, with code, line and column', async () => {
  const yaml = `routes:\n${open(`http://${GONE}`)}`;
  const json = JSON.parse((await run(yaml, { format: 'json' })).lines[0] ?? '');
  expect(json).toMatchObject({
    ok: false,
    problems: [{ severity: 'error', code: 'upstream-unreachable', line: 4, column: 15, path: 'routes./.upstream' }],
  });
  const github = await run(yaml, { format: 'github' });
  expect([github.code, github.lines.length]).toEqual([1, 1]);
  expect(github.lines[0]).toMatch(
    /^::error file=audgate.yaml,line=4,col=15,title=upstream-unreachable::routes\.\/\.upstream: "http:/,
  );
});

describe('runProbes', () => {
  const probeOf = (ask: Probe['ask']): Probe => ({ path: [], subject: 'key', code: 'upstream-unreachable', ask });

  test('as many at the same time as the limit says; failures in their order', async () => {
    let now = 0;
    let most = 0;
    const probes = Array.from({ length: 20 }, (_, index) =>
      probeOf(async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise(setImmediate);
        now -= 1;
        return index % 2 === 0 ? undefined : `number ${index}`;
      }),
    );
    const failures = await runProbes(probes, { parallel: 3, time: 10_000 });
    expect(most).toBe(3);
    expect(failures.map(({ what }) => what)).toEqual(
      [1, 3, 5, 7, 9, 11, 13, 15, 17, 19].map(index => `number ${index}`),
    );
  });

  test('past the time for all: those under way are stopped, and everything without an answer is told', async () => {
    let stopped = 0;
    const hang: Probe['ask'] = signal =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => {
          stopped += 1;
          resolve(undefined);
        });
      });
    const probes = [probeOf(async () => undefined), probeOf(hang), probeOf(hang)];
    const failures = await runProbes(probes, { parallel: 1, time: 50 });
    expect(failures.map(({ what }) => what)).toEqual([
      'gave no answer within the 0.05 s that all of it may take',
      'was not asked within 0.05 s',
    ]);
    expect(stopped).toBe(1);
  });
});
