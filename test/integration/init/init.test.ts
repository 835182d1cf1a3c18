/** `audgate init`, the built program, asking real issuers. Needs `npm run build` before. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { startAuthorizationServer } from '../../support/authorization-server.ts';
import { type Authority, createAuthority, hasOpenssl } from '../../support/certificates.ts';
import { type ForwardProxy, startForwardProxy } from '../../support/forward-proxy.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { killPrograms, runProgram } from '../../support/program.ts';
import { VENDOR_ISSUERS } from '../../unit/config/lint/identity-products/vendor-issuers.ts';

const OPEN_ID = '/.well-known/openid-configuration';
/** Nobody listens there, and no program is given such a port. */
const GONE = 'http://127.0.0.1:2';
const ROUTE = ['--resource', 'https://billing.example.com/', '--upstream', 'http://127.0.0.1:8082'];

let folder: string;
const closing: (() => unknown)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-init-'));
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await killPrograms();
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `audgate init`, and loads what it prints as `check` does: `codes` are those of its warnings, or of its errors with `!`. */
async function runInit(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const printed = await runProgram(['init', ...args], { env: { PATH: process.env['PATH'], ...env } });
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, printed.stdout);
  const loaded = loadConfig(file, {});
  const codes = loaded.ok ? loaded.warnings.map(({ code }) => code) : loaded.diagnostics.map(({ code }) => `!${code}`);
  return { ...printed, file, codes };
}

/** An issuer at `http://127.0.0.1:PORT` with one document. @param answer of its address. */
async function serveMetadata(answer: (origin: string, request: IncomingMessage) => unknown): Promise<string> {
  const server: Server = createServer((request, response) => {
    const document = answer(origin, request);
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  const origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return origin;
}

test('oidc-provider, two APIs under two hosts: a file that passes check --strict', async () => {
  const server = await startAuthorizationServer({
    resources: [{ resource: 'https://a.example/', scopes: ['a:read'] }],
  });
  closing.push(() => server.close());
  const second = ['--resource', 'https://profile.example.com/', '--upstream', 'http://127.0.0.1:8081'];
  const { code, stdout, stderr, file } = await runInit(['--issuer', server.issuer, ...ROUTE, ...second]);
  expect([code, stderr]).toEqual([0, '']);
  expect((await runProgram(['check', '--strict', file])).stdout).toMatch(/: ok, 2 routes, 1 issuer$/m);
  expect(stdout).toContain(`\n  ${server.issuer}:\n`);
  expect(stdout).toContain(`now they are at ${server.jwksUri}.`);
  expect(stdout).toContain('\n    token_types: [at+jwt]\n');
  expect(stdout).toContain('scopes: [a:read]');
  expect(stdout.match(/^ {2}\S.*:$/gm)).toEqual([
    `  ${server.issuer}:`,
    '  billing.example.com/:',
    '  profile.example.com/:',
  ]);
  expect(stdout.match(/^ {4}enforcement: .*$/gm)).toEqual(['    enforcement: report', '    enforcement: report']);
});

test('no argument: an example that passes check --strict; nobody is asked', async () => {
  const { code, stderr, codes } = await runInit([], { HTTPS_PROXY: 'http://127.0.0.1:9' });
  expect([code, stderr, codes]).toEqual([0, '', []]);
});

describe.skipIf(!hasOpenssl)('each product, at its own name (needs openssl)', () => {
  let authority: Authority;
  let server: Server;
  let proxy: ForwardProxy;
  /** As many as the program asked for, such as `GET https://shop.okta.com/.well-known/…`. */
  const asked: string[] = [];
  const issuers = Object.entries(VENDOR_ISSUERS).flatMap(([name, [issuer = '']]) =>
    issuer.startsWith('https:') ? [[name, issuer] as const] : [],
  );

  /** One server stands for all of them: the proxy leads every name to it, and it has a certificate for each. */
  beforeAll(async () => {
    authority = createAuthority(folder);
    const names = issuers.map(([, issuer]) => `DNS:${new URL(issuer).hostname}`);
    server = createSecureServer(authority.issue(...names), (request, response) => {
      asked.push(`${request.method} https://${request.headers.host}${request.url}`);
      const path = request.url?.endsWith(OPEN_ID) ? request.url.slice(0, -OPEN_ID.length) : undefined;
      const issuer = issuers
        .map(([, each]) => each)
        .find(each => each.replace(/\/$/, '') === `https://${request.headers.host}${path}`);
      if (issuer === undefined) return response.writeHead(404).end();
      return response.end(JSON.stringify({ issuer, jwks_uri: `${issuer.replace(/\/$/, '')}/keys` }));
    });
    proxy = await startForwardProxy({ port: await listenOnLoopback(server) });
  });

  afterAll(async () => {
    await proxy?.close();
    server?.closeAllConnections();
    server?.close();
  });

  test.each(issuers)('%s, %s: recognised, passes check', async (name, issuer) => {
    const env = { HTTPS_PROXY: `http://${proxy.authority}`, NODE_EXTRA_CA_CERTS: authority.file };
    const { code, stdout, stderr, codes } = await runInit(['--issuer', issuer, ...ROUTE], env);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`\n  # ${name}. Into aud it writes `);
    expect(stdout).not.toContain('\n    jwks_uri:');
    expect(asked.at(-1)).toBe(`GET ${issuer.replace(/\/$/, '')}${OPEN_ID}`);
    expect(proxy.requests.at(-1)?.line).toBe(`CONNECT ${new URL(issuer).hostname}:443`);
    const isForEveryone = ['Google', 'GitHub Actions'].includes(name);
    expect(codes).toEqual(isForEveryone ? ['issuer-for-everyone'] : []);
  });
});

test('AD FS: the iss of access tokens, and the keys that its metadata names', async () => {
  const origin = await serveMetadata((self, { url }) =>
    url === `/adfs${OPEN_ID}`
      ? {
          issuer: `${self}/adfs`,
          access_token_issuer: 'http://fs.example.com/adfs/services/trust',
          jwks_uri: `${self}/adfs/discovery/keys`,
        }
      : undefined,
  );
  const { code, stdout, codes } = await runInit(['--issuer', `${origin}/adfs`, ...ROUTE]);
  expect([code, codes]).toEqual([0, []]);
  expect(stdout).toContain(
    `\n  http://fs.example.com/adfs/services/trust:\n    jwks_uri: ${origin}/adfs/discovery/keys\n`,
  );
});

test('Okta under a name of its own: recognised by its metadata', async () => {
  const origin = await serveMetadata(self => ({ issuer: self, jwks_uri: `${self}/oauth2/v1/keys` }));
  const { code, stdout } = await runInit(['--issuer', origin, ...ROUTE]);
  expect(code).toBe(0);
  expect(stdout).toContain('\n  # Okta. ');
  expect(stdout).toContain('\n    token_types: [JWT]\n');
});

describe('an issuer that cannot be asked: told, exit 1, and a file that passes check all the same', () => {
  test('nobody is there', async () => {
    const { code, stdout, stderr, codes } = await runInit(['--issuer', `${GONE}/realms/shop`, ...ROUTE]);
    expect([code, codes]).toEqual([1, []]);
    const told = `${GONE}/.well-known/oauth-authorization-server/realms/shop: no answer (ECONNREFUSED); ${GONE}/realms/shop/.well-known/openid-configuration: no answer (ECONNREFUSED)`;
    expect(stderr).toBe(`the issuer could not be asked: ${told}\n`);
    expect(stdout).toContain(`\n    jwks_uri: ${GONE}/realms/shop/protocol/openid-connect/certs\n`);
    expect(stdout.replace(/\n +# /g, ' ')).toContain(`It could not be asked: ${told}. `);
  });

  test('its metadata names another issuer', async () => {
    const origin = await serveMetadata(self => ({ issuer: `${self}/`, jwks_uri: `${self}/jwks` }));
    const { code, stderr, codes } = await runInit(['--issuer', origin, ...ROUTE]);
    expect([code, codes]).toEqual([1, []]);
    expect(stderr).toContain(`the metadata is of "${origin}/", not of "${origin}"`);
  });

  test('its metadata is hostile: no line of the file, no escape sequence on the terminal', async () => {
    const hostile = 'https://x\n  evil:\n    jwks_uri: http://evil/\n#\u001b[2J\u2028${file:/etc/passwd}';
    const origin = await serveMetadata(self => ({
      ...{ issuer: self, jwks_uri: `${self}/jwks`, access_token_issuer: hostile },
      scopes_supported: [hostile, 'a b', 'api:read\n  x: y', 1, null, '${file:/etc/passwd}', 'a:${HOME}', 'api:write'],
    }));
    const { code, stdout, stderr, codes } = await runInit(['--issuer', origin, ...ROUTE]);
    expect([code, stderr, codes]).toEqual([0, '', []]);
    expect(stdout).not.toMatch(/evil|passwd|\u001b|\u2028/);
    expect(stdout).toContain('scopes: [api:write]');
    const long = await serveMetadata(self => ({
      ...{
        issuer: self,
        jwks_uri: `${self}/${'j'.repeat(5000)}`,
        access_token_issuer: `https://x/${'a'.repeat(5000)}`,
      },
    }));
    const shortened = await runInit(['--issuer', long, ...ROUTE]);
    expect([shortened.code, shortened.codes]).toEqual([0, []]);
    expect(shortened.stdout.length).toBeLessThan(8_000);
    const other = await serveMetadata(() => ({ issuer: hostile, jwks_uri: 'https://evil/jwks' }));
    const refused = await runInit(['--issuer', other, ...ROUTE]);
    expect([refused.code, refused.codes]).toEqual([1, []]);
    expect(`${refused.stdout}${refused.stderr}`).not.toMatch(/\u001b|\u2028|^ *evil/m);
  });

  test('the environment names no proxy that can be used: told, without its password', async () => {
    const env = { HTTPS_PROXY: 'socks5://u:secret@127.0.0.1:9' };
    const { code, stdout, stderr, codes } = await runInit(['--issuer', 'https://login.example', ...ROUTE], env);
    expect([code, codes]).toEqual([1, []]);
    expect(stderr).toContain('HTTPS_PROXY is not the URL of a proxy');
    expect(stdout + stderr).not.toContain('secret');
  });
});

test('wrong arguments: exit 2, nothing on standard output', async () => {
  const { code, stdout, stderr } = await runProgram([
    'init',
    '--resource',
    'https://a.example/#x',
    '--upstream',
    'http://a',
  ]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^--resource has a fragment, expected a URI without it\n\nUsage:\n/);
});
