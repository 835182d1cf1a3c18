/**
 * The proxy of the environment, with the built program: issuers are asked through it, upstreams never. The names of the issuers are
 * known to the proxy alone, so what goes past it finds nobody. Needs `npm run build` before.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Authority, createAuthority, hasOpenssl } from '../../support/certificates.ts';
import { type ForwardProxy, startForwardProxy } from '../../support/forward-proxy.ts';
import { closeGatewayProcesses, startGatewayProcess } from '../../support/gateway-process.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { killPrograms, runProgram } from '../../support/program.ts';
import { request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';

const RESOURCE = 'https://billing.example.com/';
const SECRET = 'hush-hush';
const WRITTEN = 'https://written.example';
const OPAQUE_TOKEN = 'an-opaque-token';

describe.skipIf(!hasOpenssl)('the proxy of the environment (needs openssl)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-egress-'));
  let authority: Authority;
  let signer: TokenIssuer;
  let upstream: Upstream;
  /** The port of `*.example`, which has key sets, metadata and an introspection endpoint. */
  let port: number;
  let proxy: ForwardProxy;
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    authority = createAuthority(folder);
    [signer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
    const names = ['keys.example', 'found.example', 'opaque.example'].map(name => `DNS:${name}`);
    const server = createServer(authority.issue(...names), (req, res) => {
      const issuer = `https://found.example:${port}`;
      const exp = Math.floor(Date.now() / 1000) + 300;
      const documents: Readonly<Record<string, unknown>> = {
        '/jwks': signer.jwks,
        '/.well-known/oauth-authorization-server': { issuer, jwks_uri: `${issuer}/jwks` },
        '/introspect': { active: true, aud: RESOURCE, sub: 'alice', client_id: 'shop', exp },
      };
      res.end(JSON.stringify(documents[req.url ?? ''] ?? {}));
    });
    port = await listenOnLoopback(server);
    closing.push(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    closing.push(() => Promise.all([signer.close(), upstream.close()]));
  });

  afterEach(async () => {
    await closeGatewayProcesses();
    await killPrograms();
    await proxy?.close();
  });

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    rmSync(folder, { recursive: true });
  });

  /** @param uri of the proxy. */
  const environmentOf = (uri: string) => ({ HTTPS_PROXY: uri, HTTP_PROXY: uri, NODE_USE_ENV_PROXY: '1' });
  const uriOf = ({ authority: at }: ForwardProxy) => `http://gateway:${SECRET}@${at}`;

  const yaml = (more = '') => `${more}issuers:
  ${WRITTEN}: { jwks_uri: "https://keys.example:${port}/jwks", keys: { ca_file: "${authority.file}" } }
  https://found.example:${port}: { keys: { ca_file: "${authority.file}" } }
  https://opaque.example:
    introspection: { endpoint: "https://opaque.example:${port}/introspect", client_id: gateway, client_secret: x }
    keys: { ca_file: "${authority.file}" }
routes:
  /direct: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
  /named: { resource: "${RESOURCE}", upstream: "http://keys.example:${port}" }
`;

  test.each([
    ['one process', ''],
    ['two workers', 'workers: 2\n'],
  ])('%s: keys, metadata and introspection through it; requests and WebSockets never', async (_name, more) => {
    proxy = await startForwardProxy();
    const gateway = await startGatewayProcess(yaml(more), { environment: environmentOf(uriOf(proxy)) });
    await eventually(async () => (await gateway.readiness()).status === 200);
    const tokens = [
      ...(await Promise.all(
        [WRITTEN, `https://found.example:${port}`].map(iss => signer.sign({ claims: { iss, aud: RESOURCE } })),
      )),
      OPAQUE_TOKEN,
    ];
    const ask = async (path: string, token = '') =>
      (await request(gateway.port, { path, headers: [['Authorization', `Bearer ${token}`]] })).status;
    for (const token of tokens) expect(await ask('/direct', token)).toBe(200);
    expect(await ask('/named', tokens[0])).toBe(502);
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/direct`, {
      headers: { Authorization: `Bearer ${tokens[0]}` },
    });
    await once(client, 'open');
    client.terminate();

    const asked = new Set(proxy.requests.map(({ line }) => line));
    expect(asked).toEqual(new Set(['keys', 'found', 'opaque'].map(name => `CONNECT ${name}.example:${port}`)));
    const credentials = `Basic ${Buffer.from(`gateway:${SECRET}`).toString('base64')}`;
    expect(new Set(proxy.requests.map(({ authorization }) => authorization))).toEqual(new Set([credentials]));
    const pages = await Promise.all(
      ['/status.json', '/', '/metrics'].map(async path =>
        (await fetch(`http://127.0.0.1:${gateway.adminPort}${path}`)).text(),
      ),
    );
    expect([gateway.stdout(), gateway.stderr(), ...pages].join('\n')).not.toContain(SECRET);
  });

  /** Runs `check --online` of a file whose upstreams answer. */
  async function checkOnline(environment: Readonly<Record<string, string>>) {
    const file = join(folder, 'audgate.yaml');
    writeFileSync(file, yaml().replace(/ {2}\/named.*\n/, ''));
    const { code, stdout, stderr } = await runProgram(['check', '--online', file], {
      env: { PATH: process.env['PATH'], ...environment },
    });
    expect(stdout + stderr).not.toContain(SECRET);
    return { code, lines: stdout.split('\n').filter(line => line !== '' && !line.startsWith('  ')) };
  }

  test('check --online: through it; the endpoint that says yes to every token is told', async () => {
    proxy = await startForwardProxy();
    const { code, lines } = await checkOnline(environmentOf(uriOf(proxy)));
    expect([code, lines.length]).toEqual([1, 1]);
    expect(lines[0]).toContain('says of a token that was made up that it is active [introspection-unusable]');
    expect(new Set(proxy.requests.map(({ line }) => line)).size).toBe(3);
  });

  test('no_proxy: those are asked directly, where nobody knows their names', async () => {
    proxy = await startForwardProxy();
    const { lines } = await checkOnline({
      ...environmentOf(uriOf(proxy)),
      no_proxy: `.found.example,keys.example:${port}`,
    });
    expect(
      lines.filter(line => /no answer \((?:ENOTFOUND|EAI_AGAIN)\)/.test(line) && !line.includes('through the proxy')),
    ).toHaveLength(2);
    expect(new Set(proxy.requests.map(({ line }) => line))).toEqual(new Set([`CONNECT opaque.example:${port}`]));
  });

  test('it refuses: told at each issuer, with its address and without its password', async () => {
    proxy = await startForwardProxy({ tunnels: 407 });
    const { code, lines } = await checkOnline(environmentOf(uriOf(proxy)));
    expect([code, lines.length]).toEqual([1, 3]);
    for (const line of lines) {
      expect(line).toContain(
        `the proxy refuses the connection (407); asked through the proxy http://${proxy.authority}`,
      );
    }
  });

  test('over TLS: its authority is one of NODE_EXTRA_CA_CERTS, not of ca_file', async () => {
    proxy = await startForwardProxy({ certificate: authority.issue('DNS:localhost') });
    const uri = `https://gateway:${SECRET}@localhost:${proxy.authority.split(':')[1]}`;
    const { lines: untrusted } = await checkOnline(environmentOf(uri));
    expect(untrusted).toHaveLength(3);
    expect(proxy.requests).toHaveLength(0);
    const { lines } = await checkOnline({ ...environmentOf(uri), NODE_EXTRA_CA_CERTS: authority.file });
    expect(lines).toHaveLength(1);
    expect(new Set(proxy.requests.map(({ line }) => line)).size).toBe(3);
  });
});
