/** Handshakes with the data listener: versions, ciphers, names, and what is never agreed on. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasOpenssl } from '../../support/certificates.ts';
import type { RunningGateway } from '../../support/gateway.ts';
import { openConnection } from '../../support/raw-connection.ts';
import { connectSecurely, findConnectError, getOver } from '../../support/tls-client.ts';
import { eventually } from '../../support/waiting.ts';
import { createClientHello } from './client-hello.ts';
import { authority, failed, startTlsGateway, store, useTlsFixture } from './fixture.ts';

/** The code of one alert (RFC 5246 section 7.2.2): OpenSSL 3.5, of Node.js 24, has another text for it than 3.0. */
const HANDSHAKE_FAILURE = process.versions.openssl.startsWith('3.0.')
  ? 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'
  : 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE';

if (hasOpenssl) useTlsFixture();

const OLD = { ciphers: 'ALL:@SECLEVEL=0' } as const;

async function agreeOn(gateway: RunningGateway, options: ConnectionOptions) {
  const { socket } = await connectSecurely(gateway.port, options);
  const name = socket.getPeerCertificate().subjectaltname;
  const agreed = { version: socket.getProtocol(), cipher: socket.getCipher().name, alpn: socket.alpnProtocol, name };
  socket.destroy();
  return agreed;
}

describe.skipIf(!hasOpenssl)('versions', () => {
  let entry: string;
  beforeAll(() => {
    entry = store('versions', authority.issue('DNS:api.example'));
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s, by default: agreed on', async version => {
    const gateway = await startTlsGateway(entry);
    expect(await agreeOn(gateway, { maxVersion: version })).toMatchObject({ version });
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s: refused with an alert, and counted', async version => {
    const gateway = await startTlsGateway(entry);
    const code = await findConnectError(gateway.port, { ...OLD, minVersion: version, maxVersion: version });
    expect(code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    await eventually(async () => (await gateway.sample(failed('version'))) === 1);
  });

  test('min_version 1.3: TLS 1.2 is refused', async () => {
    const gateway = await startTlsGateway(entry.replace(' }', ', min_version: 1.3 }'));
    expect(await findConnectError(gateway.port, { maxVersion: 'TLSv1.2' })).toBe(
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    );
    expect(await agreeOn(gateway, {})).toMatchObject({ version: 'TLSv1.3' });
  });

  test.each([
    ['AES128-SHA', 'no forward secrecy'],
    ['ECDHE-ECDSA-AES128-SHA', 'CBC'],
    ['ECDHE-ECDSA-AES256-CCM', 'not on the list'],
    ['NULL-SHA256', 'no encryption'],
  ])('%s (%s): refused', async ciphers => {
    const gateway = await startTlsGateway(entry);
    const options = { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` } as const;
    expect(await findConnectError(gateway.port, options)).toBe(HANDSHAKE_FAILURE);
    await eventually(async () => (await gateway.sample(failed('no_common_parameters'))) === 1);
  });

  test.each([[['h2', 'http/1.1']], [['http/1.1']]])('ALPN %j: http/1.1', async ALPNProtocols => {
    const gateway = await startTlsGateway(entry);
    expect(await agreeOn(gateway, { ALPNProtocols })).toMatchObject({ alpn: 'http/1.1' });
  });

  test('ALPN of h2 alone: refused (RFC 7301 section 3.2)', async () => {
    const gateway = await startTlsGateway(entry);
    const code = await findConnectError(gateway.port, { ALPNProtocols: ['h2'] });
    expect(code).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
  });

  test.each(['RSA-2048', 'Ed25519', 'P-256'] as const)('a certificate with a key of %s: served', async key => {
    const gateway = await startTlsGateway(store('kind', authority.issueWith({ key }, 'DNS:api.example')));
    expect(await agreeOn(gateway, {})).toMatchObject({ name: 'DNS:api.example' });
  });

  test('renegotiation: refused with an alert, the client stays connected', async () => {
    const gateway = await startTlsGateway(entry);
    const output = await renegotiate(gateway.port);
    expect(output).toContain('RENEGOTIATING');
    expect(output).toContain('no renegotiation');
  });
});

describe.skipIf(!hasOpenssl)('the certificate for a name', () => {
  test('names, wildcards, letters of either case; unknown, absent and very long names: the first', async () => {
    const list = [
      store('first', authority.issue('DNS:first.example')),
      store('wild', authority.issue('DNS:*.wild.example')),
      store('exact', authority.issue('DNS:exact.wild.example', 'DNS:second.example')),
    ];
    const gateway = await startTlsGateway(`[${list.join(', ')}]`);
    const nameFor = async (servername: string) => (await agreeOn(gateway, { servername })).name?.split(', ')[0];
    const table = {
      'first.example': 'DNS:first.example',
      'SECOND.example': 'DNS:exact.wild.example',
      'a.wild.example': 'DNS:*.wild.example',
      'exact.wild.example': 'DNS:exact.wild.example',
      'a.b.wild.example': 'DNS:first.example',
      'wild.example': 'DNS:first.example',
      '*.wild.example': 'DNS:*.wild.example',
      'unknown.example': 'DNS:first.example',
      '': 'DNS:first.example',
      [`${'a.'.repeat(120)}example`]: 'DNS:first.example',
      __proto__: 'DNS:first.example',
    };
    const found: Record<string, string | undefined> = {};
    for (const name of Object.keys(table)) found[name] = await nameFor(name);
    expect(found).toEqual(table);
  });

  test('a name longer than any of DNS: refused by OpenSSL, the next client is served', async () => {
    const gateway = await startTlsGateway(store('long', authority.issue('DNS:api.example')));
    const client = openConnection(gateway.port);
    client.send(createClientHello('a'.repeat(300)));
    await client.closed;
    expect(await gateway.sample(failed('malformed'))).toBe(1);
    expect(await agreeOn(gateway, {})).toMatchObject({ name: 'DNS:api.example' });
  });

  test('a client that verifies: accepts it by its authority', async () => {
    const gateway = await startTlsGateway(store('verified', authority.issue('DNS:api.example')));
    const ca = readFileSync(authority.file);
    const client = await connectSecurely(gateway.port, { ca, servername: 'api.example', rejectUnauthorized: true });
    await getOver(client, '/a', 'HTTP/1.1 200');
    client.socket.destroy();
    const other = await findConnectError(gateway.port, { ca, servername: 'other.example', rejectUnauthorized: true });
    expect(other).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('a client that refuses the certificate: counted by its alert', async () => {
    const gateway = await startTlsGateway(store('refused', authority.issue('DNS:api.example')));
    // node:tls verifies when the handshake is over, and sends no alert.
    await new Promise(resolve => {
      execFile('openssl', ['s_client', '-verify_return_error', '-connect', `127.0.0.1:${gateway.port}`], resolve);
    });
    await eventually(async () => (await gateway.sample(failed('client_alert'))) === 1);
  });
});

/** node:tls does not tell that alert, so openssl asks: `R` renegotiates. */
function renegotiate(port: number): Promise<string> {
  return new Promise(resolve => {
    const client = execFile(
      'openssl',
      ['s_client', '-tls1_2', '-connect', `127.0.0.1:${port}`],
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
    let isAsked = false;
    client.stdout?.on('data', (text: string) => {
      if (isAsked || !text.includes('---')) return;
      isAsked = true;
      client.stdin?.write('R\n');
    });
    client.stderr?.on('data', (text: string) => {
      if (text.includes('no renegotiation')) client.stdin?.end();
    });
  });
}
