/**
 * The client's Host chooses neither the upstream's name in TLS (SNI, RFC 6066 section 3), nor the name that its certificate
 * is verified for (RFC 9110 section 4.3.4), nor its port, nor the Host that is sent to it: all of them come from `upstream`.
 *
 * Seen in: http-proxy's `ws`, and node:https, which derives the name of TLS from the Host field of the request.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Authority, type Certificate, createAuthority, hasOpenssl } from '../support/certificates.ts';
import { readFailures } from '../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { type HeaderPair, type RawResponse, request } from '../support/raw-http.ts';
import { SAMPLE_KEY, SWITCHING } from '../support/switching.ts';

const KINDS = ['HTTP', 'WebSocket'] as const;
type Kind = (typeof KINDS)[number];

const UPGRADE: readonly HeaderPair[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', SAMPLE_KEY],
];

/** Host fields of a client: another backend's name, a name that a wrong certificate is for, an ordinary public one. */
const HOSTS = [
  'other.internal',
  'evil.example',
  'evil.example:1',
  'shop.example.com',
  'localhost:1',
  '127.0.0.1',
  '[::1]:1',
];

interface Seen {
  readonly kind: Kind;
  /** `undefined`: the client sent no name. */
  readonly serverName: string | undefined;
  readonly host: string | undefined;
}

const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
const servers: Server[] = [];
const seen: Seen[] = [];
let gateway: GatewayProcess;
let hosts: Readonly<Record<string, string>>;

beforeAll(async () => {
  if (!hasOpenssl) return;
  const authority: Authority = createAuthority(folder);
  const good = authority.issue('DNS:localhost', 'IP:127.0.0.1', 'IP:::1');
  const evil = authority.issue('DNS:evil.example', 'DNS:other.internal', 'DNS:shop.example.com');
  const ports = await Promise.all([startServer(good, evil), startServer(good, evil, '::1'), startServer(evil, evil)]);
  const [four, six, wrong] = ports;
  hosts = { '/name': `localhost:${four}`, '/ipv4': `127.0.0.1:${four}`, '/ipv6': `[::1]:${six}` };
  const routes = { ...hosts, '/wrong-name': `localhost:${wrong}`, '/wrong-ip': `127.0.0.1:${wrong}` };
  process.env['NODE_EXTRA_CA_CERTS'] = authority.file;
  gateway = await startGatewayProcess(
    `routes:\n${Object.entries(routes)
      .map(([path, host]) => `  ${path}: { public: true, upstream: "https://${host}" }\n`)
      .join('')}`,
  );
  delete process.env['NODE_EXTRA_CA_CERTS'];
});

afterAll(async () => {
  await gateway?.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

describe.skipIf(!hasOpenssl).each(KINDS)('%s to an https upstream', kind => {
  describe.each([
    ['/name', 'localhost'],
    ['/ipv4', undefined],
    ['/ipv6', undefined],
  ])('at %s', (path, serverName) => {
    test.each(HOSTS)('Host: %s: SNI, certificate, port and Host come from upstream', async host => {
      seen.length = 0;
      expect((await requestHost(kind, path, host)).status).toBe(kind === 'HTTP' ? 200 : 101);
      expect(seen).toEqual([{ kind, serverName, host: hosts[path] }]);
    });
  });

  test.each(['/wrong-name', '/wrong-ip'])(
    'a certificate for the Host of the client and not for %s: 502',
    async path => {
      seen.length = 0;
      const cause = 'upstream_unreachable/tls';
      const before = readFailures(await gateway.scrape(), path)[cause] ?? 0;
      for (const host of ['evil.example', 'other.internal', 'shop.example.com']) {
        const response = await requestHost(kind, path, host);
        expect(response.status).toBe(502);
        expect(JSON.parse(String(response.body))).toMatchObject({ reason: 'upstream_unreachable' });
      }
      expect(seen).toEqual([]);
      await vi.waitFor(async () => {
        expect(readFailures(await gateway.scrape(), path)).toEqual({ [cause]: before + 3 });
      });
    },
  );
});

function requestHost(kind: Kind, path: string, host: string): Promise<RawResponse> {
  return request(gateway.port, { path, headers: [['Host', host], ...(kind === 'WebSocket' ? UPGRADE : [])] });
}

/** A server that presents the certificate `usual`, and `other` where SNI has another name. */
async function startServer(usual: Certificate, other: Certificate, address = '127.0.0.1'): Promise<number> {
  const contexts = { usual: createSecureContext(usual), other: createSecureContext(other) };
  const server = createServer({
    ...usual,
    SNICallback: (name, done) => done(null, name === 'localhost' ? contexts.usual : contexts.other),
  });
  const remember = (kind: Kind, socket: TLSSocket, host: string | undefined) => {
    seen.push({ kind, serverName: socket.servername || undefined, host });
  };
  server.on('request', (req, res) => {
    remember('HTTP', req.socket as TLSSocket, req.headers.host);
    res.end('ok');
  });
  server.on('upgrade', (req, socket) => {
    remember('WebSocket', socket as TLSSocket, req.headers.host);
    socket.on('error', () => socket.destroy());
    socket.end(SWITCHING);
  });
  servers.push(server);
  return listenOnLoopback(server, 0, address);
}
