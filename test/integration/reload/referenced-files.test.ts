/** Files that the configuration names, and that are read when it is loaded: a change of one of them is a reload. */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Authority, type Certificate, createAuthority, hasOpenssl } from '../../support/certificates.ts';
import { closeGatewayProcesses, type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { request } from '../../support/raw-http.ts';

/** Longer than a save takes to settle. */
const A_WHILE = 700;

const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
let authority: Authority;
let first: Certificate;
let second: Certificate;
let server: Server;
let port: number;
let client: string | undefined;

beforeAll(async () => {
  if (!hasOpenssl) return;
  authority = createAuthority(folder);
  [first, second] = [authority.issue('DNS:first'), authority.issue('DNS:second')];
  const own = authority.issue('IP:127.0.0.1');
  server = createServer({ ...own, requestCert: true, rejectUnauthorized: false }, (req, res) => {
    client = (req.socket as TLSSocket).getPeerCertificate().subjectaltname;
    res.end('ok');
  });
  port = await listenOnLoopback(server);
});

afterEach(() => closeGatewayProcesses());

afterAll(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(folder, { recursive: true });
});

const tls = (more = '') => `{ ca_file: "${authority.file}", cert_file: client.crt, key_file: client.key${more} }`;
const yaml = (settings = tls()) =>
  `routes: { /a: { public: true, upstream: { url: "https://127.0.0.1:${port}", tls: ${settings} } } }\n`;

/** Writes the certificate and its key beside the configuration. */
function store(place: string, { cert, key }: Certificate): void {
  for (const [name, text] of Object.entries({ 'client.key': key, 'client.crt': cert })) {
    writeFileSync(join(place, `${name}.new`), text);
    renameSync(join(place, `${name}.new`), join(place, name));
  }
}

async function start(workers = ''): Promise<GatewayProcess> {
  return startGatewayProcess(workers + yaml(), {
    place: (place, text) => {
      store(place, first);
      writeFileSync(join(place, 'audgate.yaml'), text);
      return join(place, 'audgate.yaml');
    },
  });
}

async function clientSeen(gateway: GatewayProcess): Promise<string | undefined> {
  expect((await request(gateway.port, { path: '/a' })).status).toBe(200);
  return client;
}

describe.skipIf(!hasOpenssl)('certificates of an upstream', () => {
  test.each([
    ['one process', ''],
    ['two workers', 'workers: 2\n'],
  ])('%s, replaced: in use after one reload', async (_name, workers) => {
    const gateway = await start(workers);
    expect(await clientSeen(gateway)).toBe('DNS:first');
    store(dirname(gateway.file), second);
    await gateway.line('configuration loaded', 2);
    expect(await clientSeen(gateway)).toBe('DNS:second');
    await delay(A_WHILE);
    expect(gateway.lines('configuration loaded')).toHaveLength(2);
    expect(gateway.lines('reload failed')).toHaveLength(0);
  });

  test('replaced by one that does not fit: the old one serves, until the other half comes', async () => {
    const gateway = await start();
    writeFileSync(join(dirname(gateway.file), 'client.crt'), second.cert);
    const { problems } = await gateway.line('reload failed');
    expect(String(problems)).toContain('holds a key that does not fit the certificate of cert_file');
    expect(await clientSeen(gateway)).toBe('DNS:first');
    writeFileSync(join(dirname(gateway.file), 'client.key'), second.key);
    await gateway.line('configuration loaded', 2);
    expect(await clientSeen(gateway)).toBe('DNS:second');
  });

  test('a file that a new configuration names and that comes later: loaded when it is there', async () => {
    const gateway = await start();
    writeFileSync(gateway.file, gateway.configure(yaml(`{ ca_file: later.pem }`)));
    expect(String((await gateway.line('reload failed'))['problems'])).toContain('names a file that does not exist');
    writeFileSync(join(dirname(gateway.file), 'later.pem'), first.cert);
    await gateway.line('configuration loaded', 2);
    expect((await request(gateway.port, { path: '/a' })).status).toBe(502);
  });

  test('touched, with the same content: no reload', async () => {
    const gateway = await start();
    store(dirname(gateway.file), first);
    await delay(A_WHILE);
    expect(gateway.lines('configuration loaded')).toHaveLength(1);
  });
});
