/** The built program: certificate files that change, as Kubernetes swaps them, and sessions that outlive workers and reloads. */

import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Certificate, hasOpenssl } from '../../support/certificates.ts';
import {
  childProcessIds,
  closeGatewayProcesses,
  type GatewayProcess,
  isWhole,
  reloadWith,
  startGatewayProcess,
} from '../../support/gateway-process.ts';
import { connectSecurely, getOver } from '../../support/tls-client.ts';
import { eventually } from '../../support/waiting.ts';
import { authority, upstream, useTlsFixture } from './fixture.ts';

if (hasOpenssl) useTlsFixture();

afterEach(() => closeGatewayProcesses());

const FAILED = 'audgate_config_reloads_total{outcome="failure"}';
const expiryOf = (name: string) => `audgate_certificate_expiry_timestamp_seconds{name="${name}"}`;

const yaml = (more = '') =>
  `${more}tls: { cert_file: tls/tls.crt, key_file: tls/tls.key }\nroutes: { /: { public: true, upstream: "${upstream.origin}" } }\n`;

/** As the kubelet does it: a new folder, then the link `..data` to it is replaced in one step. The names are links through `..data`. */
function mount(folder: string, version: string, { cert, key }: Certificate): void {
  const mounted = join(folder, 'tls');
  mkdirSync(join(mounted, `..${version}`), { recursive: true });
  writeFileSync(join(mounted, `..${version}`, 'tls.crt'), cert);
  writeFileSync(join(mounted, `..${version}`, 'tls.key'), key);
  const isFirst = version === '1';
  symlinkSync(`..${version}`, join(mounted, '..data_tmp'));
  renameSync(join(mounted, '..data_tmp'), join(mounted, '..data'));
  if (isFirst) for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(mounted, name));
}

function start(first: Certificate, more = ''): Promise<GatewayProcess> {
  return startGatewayProcess(yaml(more), {
    place: (folder, text) => {
      mount(folder, '1', first);
      writeFileSync(join(folder, 'audgate.yaml'), text);
      return join(folder, 'audgate.yaml');
    },
  });
}

async function nameAt({ port }: { readonly port: number }): Promise<string | undefined> {
  const { socket } = await connectSecurely(port);
  const name = socket.getPeerCertificate().subjectaltname;
  socket.destroy();
  return name;
}

describe.skipIf(!hasOpenssl)('a certificate that is swapped', () => {
  test.each(['', 'workers: 2\n'])('%j: new connections get it, open ones go on, the metric changes', async more => {
    const gateway = await start(authority.issue('DNS:first.example'), more);
    const open = await connectSecurely(gateway.port);
    await getOver(open, '/1', '"url":"/1"');
    expect(await gateway.sample(expiryOf('first.example'))).toBeGreaterThan(Date.now() / 1000);
    mount(dirname(gateway.file), '2', authority.issueWith({ to: 60 }, 'DNS:second.example'));
    await gateway.line('configuration loaded', 2);
    expect(await nameAt(gateway)).toBe('DNS:second.example');
    await getOver(open, '/2', '"url":"/2"');
    expect(open.socket.destroyed).toBe(false);
    open.socket.destroy();
    const page = await gateway.scrape();
    expect(page).not.toContain(expiryOf('first.example'));
    expect(page).toContain(expiryOf('second.example'));
  });

  test.each([
    [
      'a key of another certificate',
      (a: Certificate, b: Certificate) => ({ cert: a.cert, key: b.key }),
      'does not fit',
    ],
    ['no PEM', (a: Certificate) => ({ cert: 'broken', key: a.key }), 'cannot be read'],
    ['an expired one', () => authority.issueExpired('DNS:old.example'), 'expired on'],
  ])('%s: the old one serves on; metric and log say it; the next good one is taken', async (_what, spoil, problem) => {
    const [first, second] = [authority.issue('DNS:first.example'), authority.issue('DNS:second.example')];
    const gateway = await start(first);
    mount(dirname(gateway.file), '2', spoil(first, second));
    const line = await gateway.line('reload failed');
    expect(JSON.stringify(line)).toContain(problem);
    expect(JSON.stringify(line)).not.toContain('BEGIN');
    expect(await gateway.sample(FAILED)).toBe(1);
    expect(await nameAt(gateway)).toBe('DNS:first.example');
    mount(dirname(gateway.file), '3', second);
    await gateway.line('configuration loaded', 2);
    expect(await nameAt(gateway)).toBe('DNS:second.example');
  });

  test('a file that is gone: the old one serves on', async () => {
    const gateway = await start(authority.issue('DNS:first.example'));
    unlinkSync(join(dirname(gateway.file), 'tls/tls.key'));
    expect(JSON.stringify(await gateway.line('reload failed'))).toContain('does not exist');
    expect(await nameAt(gateway)).toBe('DNS:first.example');
  });

  test('tls added and taken away by a reload: for new connections', async () => {
    const gateway = await start(authority.issue('DNS:first.example'));
    await reloadWith(gateway, yaml().replace(/^tls:.*\n/m, ''));
    const response = await fetch(`http://127.0.0.1:${gateway.port}/`);
    expect(response.status).toBe(200);
    await reloadWith(gateway, yaml());
    expect(await nameAt(gateway)).toBe('DNS:first.example');
  });
});

describe.skipIf(!hasOpenssl)('a session', () => {
  const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

  /** Makes a full handshake, for its ticket. */
  async function begin(gateway: GatewayProcess, maxVersion: (typeof VERSIONS)[number]): Promise<Buffer> {
    const client = await connectSecurely(gateway.port, { maxVersion });
    await getOver(client, '/', 'HTTP/1.1 200');
    const session = await client.session;
    client.socket.destroy();
    return session;
  }

  async function isResumed({ port }: GatewayProcess, maxVersion: (typeof VERSIONS)[number], session: Buffer) {
    const client = await connectSecurely(port, { maxVersion, session });
    await getOver(client, '/', 'HTTP/1.1 200');
    const resumed = client.socket.isSessionReused();
    client.socket.destroy();
    return resumed;
  }

  test.each(VERSIONS)('%s: resumed, also after a reload with another certificate', async version => {
    const gateway = await start(authority.issue('DNS:first.example'));
    const session = await begin(gateway, version);
    expect(await isResumed(gateway, version, session)).toBe(true);
    mount(dirname(gateway.file), '2', authority.issue('DNS:second.example'));
    await gateway.line('configuration loaded', 2);
    expect(await isResumed(gateway, version, session)).toBe(true);
  });

  test.each(VERSIONS)('%s, 2 workers: resumed by either, also by a worker that was spawned later', async version => {
    const gateway = await start(authority.issue('DNS:first.example'), 'workers: 2\n');
    const session = await begin(gateway, version);
    const resumed = await Promise.all(Array.from({ length: 20 }, () => isResumed(gateway, version, session)));
    expect(resumed).not.toContain(false);
    for (const pid of childProcessIds(gateway.child.pid)) {
      process.kill(pid, 'SIGKILL');
      await eventually(async () => !childProcessIds(gateway.child.pid).includes(pid) && (await isWhole(gateway)));
    }
    expect(await isResumed(gateway, version, session)).toBe(true);
  });

  test('another gateway: not resumed, a full handshake', async () => {
    const [first, second] = [authority.issue('DNS:first.example'), authority.issue('DNS:second.example')];
    const session = await begin(await start(first), 'TLSv1.3');
    expect(await isResumed(await start(second), 'TLSv1.3', session)).toBe(false);
  });
});
