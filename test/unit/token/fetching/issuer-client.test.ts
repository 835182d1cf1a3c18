/** What is fetched from issuers: authorities, time-outs, the proxy of the environment. Every peer is a real server. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { IssuerClient, type IssuerClientSettings } from '../../../../src/token/fetching/issuer-client.ts';
import { type Authority, createAuthority } from '../../../support/certificates.ts';
import { type ForwardProxy, type ForwardProxyOptions, startForwardProxy } from '../../../support/forward-proxy.ts';
import { listenOnLoopback } from '../../../support/listener.ts';

const closing: (() => unknown)[] = [];
let folder: string;
let authority: Authority;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-client-'));
  authority = createAuthority(folder);
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

afterAll(() => rmSync(folder, { recursive: true }));

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  closeLater(server);
  return `http://127.0.0.1:${await listenOnLoopback(server)}`;
}

async function serveSecurely(answer: RequestListener, ...names: readonly string[]): Promise<number> {
  const server = createSecureServer(authority.issue(...names), answer);
  closeLater(server);
  return listenOnLoopback(server);
}

function closeLater(server: Pick<Server, 'close' | 'closeAllConnections' | 'once'>): void {
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server as Server, 'close');
  });
}

function clientOf(settings: Partial<IssuerClientSettings> = {}): IssuerClient {
  const client = new IssuerClient({ timeout: 2_000, caFile: undefined, proxy: undefined, ...settings });
  closing.push(() => client.close());
  return client;
}

describe('ca_file', () => {
  test('certificate of that authority: accepted; without the file: refused', async () => {
    const port = await serveSecurely((_, response) => response.end('yes'), 'DNS:localhost');
    const response = await clientOf({ caFile: authority.file }).fetch(`https://localhost:${port}/`);
    expect(await response.text()).toBe('yes');
    await expect(clientOf().fetch(`https://localhost:${port}/`)).rejects.toThrow(
      /authority that is not trusted here \(\w+\); name that of a private one in ca_file$/,
    );
  });

  test('certificate of that authority for another name: refused', async () => {
    const port = await serveSecurely((_, response) => response.end('yes'), 'DNS:elsewhere.example');
    await expect(clientOf({ caFile: authority.file }).fetch(`https://localhost:${port}/`)).rejects.toThrow(
      'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)',
    );
  });

  test('file that is gone: told', async () => {
    await expect(clientOf({ caFile: join(folder, 'gone.crt') }).fetch('https://localhost:1/')).rejects.toThrow(
      'the file of ca_file does not exist',
    );
  });

  test('TLS client authentication: the certificate is sent', async () => {
    const { cert, key } = authority.issue('DNS:client');
    writeFileSync(join(folder, 'client.crt'), cert);
    writeFileSync(join(folder, 'client.key'), key);
    const { readFileSync } = await import('node:fs');
    const demanding = { ...authority.issue('DNS:localhost'), ca: readFileSync(authority.file), requestCert: true };
    const server = createSecureServer(demanding, (_, response) => response.end('known'));
    closeLater(server);
    const port = await listenOnLoopback(server);
    const clientCertificate = { certFile: join(folder, 'client.crt'), keyFile: join(folder, 'client.key') };
    const client = clientOf({ caFile: authority.file, clientCertificate });
    expect(await (await client.fetch(`https://localhost:${port}/`)).text()).toBe('known');
    await expect(clientOf({ caFile: authority.file }).fetch(`https://localhost:${port}/`)).rejects.toThrow();
  });
});

describe('a request', () => {
  test('method, fields and form: as given; the body of the response is read', async () => {
    const origin = await serve((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', piece => pieces.push(piece));
      request.on('end', () =>
        response
          .writeHead(400, { 'x-seen': `${request.method} ${request.headers.authorization}` })
          .end(Buffer.concat(pieces)),
      );
    });
    const request = {
      method: 'POST',
      headers: { authorization: 'Basic eA==' },
      body: new URLSearchParams({ a: 'b c' }),
    };
    const response = await clientOf().fetch(`${origin}/introspect`, request);
    expect([response.status, response.headers.get('x-seen'), await response.text()]).toEqual([
      400,
      'POST Basic eA==',
      'a=b+c',
    ]);
  });

  test('a port that is never fetched from: told', async () => {
    await expect(clientOf().fetch('http://127.0.0.1:6000/')).rejects.toThrow('its port is one of those');
  });

  test('time-out: told with its length', async () => {
    const origin = await serve(() => undefined);
    await expect(clientOf({ timeout: 60 }).fetch(origin)).rejects.toThrow(/^no answer within 0\.06 s$/);
  });

  test('time-out after the head: told, too', async () => {
    const origin = await serve((_, response) => response.writeHead(200).write('{'));
    await expect(clientOf({ timeout: 200 }).fetch(origin)).rejects.toThrow('no answer within 0.2 s');
  });
});

describe('the proxy of the environment', () => {
  const start = async (options: ForwardProxyOptions = {}): Promise<ForwardProxy> => {
    const proxy = await startForwardProxy(options);
    closing.push(() => proxy.close());
    return proxy;
  };
  const answer =
    (text: string): RequestListener =>
    (_, response) =>
      response.end(text);
  const textOf = async (client: IssuerClient, url: string) => (await client.fetch(url)).text();
  const basic = (pair: string, encoding: BufferEncoding = 'utf8') =>
    `Basic ${Buffer.from(pair, encoding).toString('base64')}`;

  test('https: a tunnel; the certificate of the issuer is checked by ca_file and by name', async () => {
    const { authority: at, requests } = await start();
    const proxy = { http: undefined, https: `http://user:word@${at}`, except: '' };
    const port = await serveSecurely(answer('yes'), 'DNS:login.example');
    const client = clientOf({ caFile: authority.file, proxy });
    expect(await textOf(client, `https://login.example:${port}/jwks`)).toBe('yes');
    expect(requests).toEqual([{ line: `CONNECT login.example:${port}`, authorization: basic('user:word') }]);
    await expect(client.fetch(`https://other.example:${port}/jwks`)).rejects.toThrow(
      'its certificate is for another name',
    );
    await expect(clientOf({ proxy }).fetch(`https://login.example:${port}/jwks`)).rejects.toThrow('not trusted here');
  });

  test('http: asked of the proxy itself, which may open tunnels to port 443 only', async () => {
    const { authority: at, requests } = await start({ tunnels: 403 });
    const port = new URL(await serve((request, response) => response.end(`${request.url} ${request.headers.host}`)))
      .port;
    const client = clientOf({ proxy: { http: `http://user:word@${at}`, https: undefined, except: '' } });
    const url = `http://login.example:${port}/jwks?a=b`;
    expect(await textOf(client, url)).toBe(`/jwks?a=b login.example:${port}`);
    const posted = await client.fetch(url, { method: 'POST', body: new URLSearchParams({ token: 'x' }) });
    expect(posted.status).toBe(200);
    expect(requests).toEqual([
      { line: `GET ${url}`, authorization: basic('user:word') },
      { line: `POST ${url}`, authorization: basic('user:word') },
    ]);
  });

  test('a proxy over TLS: its certificate is checked, ca_file says nothing of it', async () => {
    const { authority: at } = await start({ certificate: authority.issue('DNS:localhost') });
    const uri = `https://localhost:${at.split(':')[1]}`;
    const port = await serveSecurely(answer('yes'), 'DNS:login.example');
    const client = clientOf({ caFile: authority.file, proxy: { http: uri, https: uri, except: '' } });
    await expect(client.fetch(`https://login.example:${port}/jwks`)).rejects.toThrow(`asked through the proxy ${uri}`);
  });

  test.each([
    ['a name alone', 'user', 'user:', 'utf8'],
    ['an empty password', 'user:', 'user:', 'utf8'],
    ['encoded characters', 'a%40b:c%3A%2Fd%25', 'a@b:c:/d%', 'utf8'],
    ['a percent sign by itself', 'a:100%', 'a:100%', 'utf8'],
    ['octets that are no UTF-8', 'a:%ff', 'a:\xff', 'latin1'],
  ] as const)('credentials, %s: sent as they are', async (_name, written, sent, encoding) => {
    const { authority: at, requests } = await start();
    const origin = await serve(answer('yes'));
    const url = origin.replace('127.0.0.1', 'login.example');
    const proxy = { http: `http://${written}@${at}`, https: undefined, except: '' };
    expect(await textOf(clientOf({ proxy }), url)).toBe('yes');
    expect(requests[0]?.authorization).toBe(basic(sent, encoding));
  });

  test('one proxy each for http and https; none for an exception, and for this machine', async () => {
    const { authority: at, requests } = await start();
    const uri = `http://${at}`;
    const { port } = new URL(await serve(answer('yes')));
    const countFor = async (host: string, proxy: IssuerClientSettings['proxy']) => {
      requests.length = 0;
      const reached = await clientOf({ proxy })
        .fetch(`http://${host}:${port}/`)
        .then(
          ({ status }) => status,
          () => 0,
        );
      return [reached, requests.length];
    };
    expect(await countFor('a.example', { http: uri, https: undefined, except: '' })).toEqual([200, 1]);
    expect(await countFor('a.invalid', { http: undefined, https: uri, except: '' })).toEqual([0, 0]);
    expect(await countFor('a.invalid', { http: uri, https: uri, except: 'b, invalid' })).toEqual([0, 0]);
    expect(await countFor('127.0.0.1', { http: uri, https: uri, except: '' })).toEqual([200, 0]);
    const https = await serveSecurely(answer('yes'), 'IP:127.0.0.1');
    const client = clientOf({ caFile: authority.file, proxy: { http: uri, https: undefined, except: '' } });
    expect(await textOf(client, `https://127.0.0.1:${https}/`)).toBe('yes');
  });

  test.each(['http', 'https'] as const)('%s, it refuses or is not there: told, without its password', async scheme => {
    const { authority: at } = await start({ tunnels: 407, requests: 407 });
    const messageBy = (uri: string) =>
      clientOf({ proxy: { http: uri, https: uri, except: '' } })
        .fetch(`${scheme}://login.example/jwks`)
        .then(({ status }) => `status ${status}`, String);
    const refused = 'the proxy refuses the connection (407)';
    expect(await messageBy(`http://user:word@${at}`)).toBe(`Error: ${refused}; asked through the proxy http://${at}`);
    const gone = 'http://127.0.0.1:2';
    expect(await messageBy(gone.replace('//', '//user:word@'))).toBe(
      `Error: no answer (ECONNREFUSED); asked through the proxy ${gone}`,
    );
  });

  test('it never answered, and does now: as many calls as there may be connections do not hold up the next', async () => {
    const options: ForwardProxyOptions = { tunnels: 'never' };
    const { authority: at } = await start(options);
    const port = await serveSecurely(answer('yes'), 'DNS:login.example');
    const proxy = { http: undefined, https: `http://${at}`, except: '' };
    const client = clientOf({ caFile: authority.file, proxy, timeout: 1_000 });
    const fetchOnce = () => textOf(client, `https://login.example:${port}/jwks`).catch(String);
    const late = await Promise.all(Array.from({ length: 64 }, fetchOnce));
    expect(new Set(late)).toEqual(new Set([`Error: no answer within 1 s; asked through the proxy http://${at}`]));
    options.tunnels = undefined;
    await expect.poll(fetchOnce, { timeout: 20_000 }).toBe('yes');
  }, 30_000);

  test('it never answers: told at the time-out', async () => {
    const { authority: at } = await start({ tunnels: 'never' });
    const proxy = { http: undefined, https: `http://${at}`, except: '' };
    await expect(clientOf({ proxy, timeout: 200 }).fetch('https://login.example/jwks')).rejects.toThrow(
      `no answer within 0.2 s; asked through the proxy http://${at}`,
    );
  });
});
