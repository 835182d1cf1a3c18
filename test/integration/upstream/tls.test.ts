/**
 * `tls` of an upstream, over HTTP and WebSocket alike: which names are sent and verified, whose certificates are trusted, which
 * certificate is sent; connections that are never shared; and what the log says of a failure.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureVersion, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, hasOpenssl } from '../../support/certificates.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { type HeaderPair, type RawResponse, request } from '../../support/raw-http.ts';
import { SAMPLE_KEY, SWITCHING } from '../../support/switching.ts';
import { eventually } from '../../support/waiting.ts';

const KINDS = ['HTTP', 'WebSocket'] as const;
type Kind = (typeof KINDS)[number];

const UPGRADE: readonly HeaderPair[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', SAMPLE_KEY],
];

interface Seen {
  readonly path: string | undefined;
  readonly serverName: string | undefined;
  readonly host: string | undefined;
  /** The common name of the client's certificate. */
  readonly client: string | undefined;
  readonly isResumed: boolean;
  readonly socket: TLSSocket;
}

const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
const servers: (Server | ReturnType<typeof createTcpServer>)[] = [];
const seen: Seen[] = [];
let gateway: RunningGateway;

/** Writes a PEM file. @returns its path. */
function store(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

beforeAll(async () => {
  if (!hasOpenssl) return;
  const authority = createAuthority(folder);
  const certificate = (name: string, pem: { readonly cert: string; readonly key: string }) => {
    const [cert, key] = [store(`${name}.crt`, pem.cert), store(`${name}.key`, pem.key)];
    return `cert_file: "${cert}", key_file: "${key}"`;
  };
  const otherFolder = mkdtempSync(join(folder, 'other-'));
  const stranger = createAuthority(otherFolder);
  const internal = authority.issue('DNS:billing.internal');
  const good = await serve(internal);
  const two = await serve(internal, { maxVersion: 'TLSv1.2' });
  const mutual = await serve(internal, { ca: true, isMutual: true });
  const mutualTwo = await serve(internal, { ca: true, isMutual: true, maxVersion: 'TLSv1.2' });
  const expired = await serve(authority.issueExpired('DNS:billing.internal'));
  const plain = createTcpServer(socket => socket.on('error', () => socket.destroy()).end('SSH-2.0-x\r\n'));
  const [first, second] = [
    certificate('first', authority.issue('DNS:first')),
    certificate('second', authority.issue('DNS:second')),
  ];
  const foreign = certificate('foreign', stranger.issue('DNS:foreign'));
  servers.push(plain);
  const plainPort = await listenOnLoopback(plain);
  const ca = `ca_file: "${authority.file}"`;
  const named = `${ca}, server_name: billing.internal`;
  const route = (port: number, tls: string, more = '') =>
    `{ public: true, upstream: { url: "https://127.0.0.1:${port}", tls: { ${tls} }${more} } }`;
  gateway = await startGateway(`routes:
  /good: ${route(good, named)}
  /preserved: ${route(good, named, ', preserve_host: true')}
  /two: ${route(two, named)}
  /first: ${route(mutual, `${named}, ${first}`)}
  /first-too: ${route(mutual, `${named}, ${first}`)}
  /second: ${route(mutual, `${named}, ${second}`)}
  /first-by-two: ${route(mutualTwo, `${named}, ${first}`)}
  /expired: ${route(expired, named)}
  /unknown-issuer: ${route(good, `ca_file: "${join(otherFolder, 'ca.crt')}", server_name: billing.internal`)}
  /default-issuers: { public: true, upstream: "https://127.0.0.1:${good}" }
  /wrong-name: ${route(good, `${ca}, server_name: other.internal`)}
  /wrong-address: ${route(good, ca)}
  /no-certificate: ${route(mutual, named)}
  /foreign-by-two: ${route(mutualTwo, `${named}, ${foreign}`)}
  /plain: ${route(plainPort, named)}
`);

  function serve(
    own: { readonly cert: string; readonly key: string },
    { ca: isChecked = false, isMutual = false, maxVersion = 'TLSv1.3' as SecureVersion } = {},
  ): Promise<number> {
    const checked = isChecked ? { ca: [readFileSync(authority.file, 'utf8')] } : {};
    const server = createServer({
      ...own,
      ...checked,
      requestCert: isMutual,
      rejectUnauthorized: isMutual,
      maxVersion,
    });
    const remember = (socket: TLSSocket, path: string | undefined, host: string | undefined) =>
      seen.push({
        ...{ path, host, socket, serverName: socket.servername || undefined, isResumed: socket.isSessionReused() },
        client: isMutual ? String(socket.getPeerCertificate().subjectaltname) : undefined,
      });
    server.on('request', (req, res) => {
      remember(req.socket as TLSSocket, req.url, req.headers.host);
      res.end('ok');
    });
    server.on('upgrade', (req, socket) => {
      remember(socket as TLSSocket, req.url, req.headers.host);
      socket.on('error', () => socket.destroy());
      socket.end(SWITCHING);
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    servers.push(server);
    return listenOnLoopback(server);
  }
});

afterAll(async () => {
  await gateway?.close();
  for (const server of servers) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

function ask(kind: Kind, path: string, host = 'evil.example'): Promise<RawResponse> {
  return request(gateway.port, { path, headers: [['Host', host], ...(kind === 'WebSocket' ? UPGRADE : [])] });
}

/** In the log from position `from` on. A line of an earlier WebSocket may come in between. */
async function expectLine(from: number, route: string, tlsError: string): Promise<void> {
  const find = () => gateway.log.slice(from).find(line => line['route'] === route);
  await eventually(() => find() !== undefined);
  expect(find()).toMatchObject({ cause: 'tls', tls_error: tlsError });
}

async function expectServed(kind: Kind, path: string): Promise<Seen> {
  const before = seen.length;
  expect((await ask(kind, path)).status).toBe(kind === 'HTTP' ? 200 : 101);
  expect(seen).toHaveLength(before + 1);
  return seen[before] as Seen;
}

describe.skipIf(!hasOpenssl).each(KINDS)('%s', kind => {
  test.each(['/good', '/two'])(
    '%s, ca_file and server_name: that name is sent and verified, Host is of the URL',
    async path => {
      const { serverName, host, isResumed } = await expectServed(kind, path);
      // A server of Node.js knows no name of a session that is resumed by TLS 1.2.
      if (!isResumed || path !== '/two') expect(serverName).toBe('billing.internal');
      expect(host).toMatch(/^127\.0\.0\.1:\d+$/);
    },
  );

  test('preserve_host: Host is of the client, the name of TLS is not', async () => {
    const { serverName, host } = await expectServed(kind, '/preserved');
    expect([serverName, host]).toEqual(['billing.internal', 'evil.example']);
  });

  test.each([
    ['/first', 'DNS:first'],
    ['/first-too', 'DNS:first'],
    ['/second', 'DNS:second'],
    ['/first-by-two', 'DNS:first'],
  ])('%s: the certificate that is sent is %s', async (path, client) => {
    expect((await expectServed(kind, path)).client).toBe(client);
  });

  test.each([
    ['/expired', 'certificate_expired'],
    ['/unknown-issuer', 'unknown_issuer'],
    ['/default-issuers', 'unknown_issuer'],
    ['/wrong-name', 'wrong_name'],
    ['/wrong-address', 'wrong_name'],
    // A server of Node.js ends the connection without saying why.
    ['/foreign-by-two', 'handshake_failed'],
    ['/plain', 'not_tls'],
  ])('%s: 502, no request is sent, the log says %s, the response does not', async (path, tlsError) => {
    const [before, logged] = [seen.length, gateway.log.length];
    const response = await ask(kind, path);
    expect(response.status).toBe(502);
    expect(JSON.parse(String(response.body))).toMatchObject({ reason: 'upstream_unreachable' });
    expect(String(response.body)).not.toContain(tlsError);
    expect(seen).toHaveLength(before);
    await expectLine(logged, path, tlsError);
  });

  test('no certificate, which TLS 1.3 says behind the handshake: 502, the log says client_certificate_required', async () => {
    const [path, tlsError] = ['/no-certificate', 'client_certificate_required'];
    const before = seen.length;
    const logged = gateway.log.length;
    expect((await ask(kind, path)).status).toBe(502);
    expect(seen).toHaveLength(before);
    await expectLine(logged, path, tlsError);
  });
});

describe.skipIf(!hasOpenssl)('connections', () => {
  test('two routes with the same settings: shared; with another certificate: never', async () => {
    const used = new Map<string, Set<TLSSocket>>();
    for (let round = 0; round < 5; round += 1) {
      for (const path of ['/first', '/second', '/first-too']) {
        const { client = '', socket } = await expectServed('HTTP', path);
        used.set(client, (used.get(client) ?? new Set()).add(socket));
      }
    }
    expect([...used.keys()]).toEqual(['DNS:first', 'DNS:second']);
    expect([...used.values()].map(({ size }) => size)).toEqual([1, 1]);
  });

  test.each(['/good', '/two'])('%s, a further connection: resumes the session', async path => {
    const first = await expectServed('HTTP', path);
    const closed = new Promise(resolve => first.socket.once('close', resolve));
    first.socket.destroy();
    await closed;
    const next = await expectServed('HTTP', path);
    expect(next.socket).not.toBe(first.socket);
    expect(next.isResumed).toBe(true);
    expect((await expectServed('WebSocket', path)).isResumed).toBe(true);
  });

  test('a key of a certificate: in no line of the log', () => {
    expect(JSON.stringify(gateway.log)).not.toContain('PRIVATE');
  });
});
