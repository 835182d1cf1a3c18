/** What is fetched from issuers: authorities, time-outs, the proxy of the environment. Every peer is a real server. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { IssuerClient, type IssuerClientSettings } from '../../../../src/token/fetching/issuer-client.ts';
import { type Authority, createAuthority } from '../../../support/certificates.ts';
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
  let asked: string[];
  const startProxy = async (status = 200) => {
    asked = [];
    const sockets = new Set<Socket>();
    const proxy = createServer((_, response) => response.writeHead(501).end());
    proxy.on('connect', ({ url = '', headers }, socket: Socket) => {
      asked.push(`${url} ${headers['proxy-authorization'] ?? ''}`.trim());
      sockets.add(socket.on('error', () => undefined));
      if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      const target = connect(Number(url.split(':').at(-1)), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(target).pipe(socket);
      });
      sockets.add(target.on('error', () => undefined));
    });
    closeLater(proxy);
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
    });
    return `127.0.0.1:${await listenOnLoopback(proxy)}`;
  };

  test('https through it: a tunnel, and the certificate of the issuer is checked by ca_file and by name', async () => {
    const proxy = { http: undefined, https: `http://user:word@${await startProxy()}`, except: '' };
    const port = await serveSecurely((_, response) => response.end('yes'), 'DNS:login.example');
    const client = clientOf({ caFile: authority.file, proxy });
    expect(await (await client.fetch(`https://login.example:${port}/jwks`)).text()).toBe('yes');
    expect(asked).toEqual([`login.example:${port} Basic ${Buffer.from('user:word').toString('base64')}`]);
    await expect(client.fetch(`https://other.example:${port}/jwks`)).rejects.toThrow(
      'its certificate is for another name',
    );
    await expect(clientOf({ proxy }).fetch(`https://login.example:${port}/jwks`)).rejects.toThrow('not trusted here');
  });

  test('http through it: not with a proxy for https only, and not to a host of no_proxy', async () => {
    const uri = `http://${await startProxy()}`;
    const origin = await serve((_, response) => response.end('yes'));
    const fetchBy = async (proxy: IssuerClientSettings['proxy']) => {
      asked.length = 0;
      expect(await (await clientOf({ proxy }).fetch(origin)).text()).toBe('yes');
      return asked.length;
    };
    expect(await fetchBy({ http: uri, https: undefined, except: '' })).toBe(1);
    expect(await fetchBy({ http: undefined, https: uri, except: '' })).toBe(0);
    expect(await fetchBy({ http: uri, https: uri, except: 'a.example, 127.0.0.1' })).toBe(0);
    const https = await serveSecurely((_, response) => response.end('yes'), 'IP:127.0.0.1');
    asked.length = 0;
    const client = clientOf({ caFile: authority.file, proxy: { http: uri, https: undefined, except: '' } });
    expect(await (await client.fetch(`https://127.0.0.1:${https}/`)).text()).toBe('yes');
    expect(asked).toEqual([]);
  });

  test('it refuses, or is not there: told, without its password', async () => {
    const refusing = { http: undefined, https: `http://user:word@${await startProxy(407)}`, except: '' };
    const told = await clientOf({ proxy: refusing }).fetch('https://login.example/jwks').then(String, String);
    expect(told).toBe('Error: the proxy refuses the connection (407); the environment names a proxy');
    const gone = { http: undefined, https: 'http://user:word@127.0.0.1:9', except: '' };
    const absent = await clientOf({ proxy: gone }).fetch('https://login.example/jwks').then(String, String);
    expect(absent).toBe('Error: no answer (ECONNREFUSED); the environment names a proxy');
  });
});
