/**
 * A login that authenticates a connection instead of a request (NTLM, Negotiate; RFC 4559 section 6): the upstream takes the
 * next user of the connection for the first. Such a connection to the upstream is used for the connection of one client, and
 * closed with it.
 *
 * Seen in: haproxy#581, express-ntlm#76, fluxzy.core#751.
 */

import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { parseResponses, type RawResponse } from '../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const RESOURCE = 'https://api.example/';

/** What an upstream of NTLM keeps with a connection. */
interface Login {
  readonly connection: number;
  step: 'none' | 'challenged' | 'done';
}

let issuer: TokenIssuer;
let upstream: Upstream;
let second: Upstream;
let gateway: RunningGateway;
let bearer: string;
const logins = new WeakMap<Socket, Login>();
const open = new Set<Client>();
let connections = 0;

beforeAll(async () => {
  [issuer, upstream, second] = await Promise.all([startTokenIssuer(), startUpstream(), startUpstream()]);
  const route = (more: string) => `{ upstream: "${upstream.origin}", ${more} }`;
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /legacy: ${route(`resource: "${RESOURCE}", enforcement: report, forward_token: true`)}
  /forwarding: ${route('public: true, forward_token: true')}
  /public: ${route('public: true')}
  /several: { public: true, forward_token: true, upstream: ["${upstream.origin}", "${second.origin}"] }
  /slow: ${route('public: true, forward_token: true, timeouts: { connect: 7s }')}
  /enforced: ${route(`resource: "${RESOURCE}"`)}
`);
  bearer = `Authorization: Bearer ${await issuer.sign({ claims: { aud: RESOURCE } })}`;
});

afterEach(async () => {
  for (const client of open) client.leave();
  open.clear();
  await vi.waitFor(async () => expect(await gateway.sample('audgate_open_connections{kind="http"}')).toBe(0));
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close(), second.close()]);
});

describe('a login in three steps', () => {
  test.each(['/legacy', '/forwarding'])(
    'on %s: succeeds on one connection, whose later requests need no credentials',
    async path => {
      upstream.handle = answerNtlm;
      const alice = await openClient();
      const steps = [await alice.ask(path), await alice.ask(path, 'Authorization: NTLM type1')];
      steps.push(await alice.ask(path, 'Authorization: NTLM type3'), await alice.ask(path));
      expect(steps.map(step => step.status)).toEqual([401, 401, 200, 200]);
      expect(steps.map(step => step.user)).toEqual(['anonymous', 'anonymous', 'alice', 'alice']);
      expect(new Set(steps.map(step => step.connection)).size).toBe(1);
    },
  );

  test.each(['/legacy', '/forwarding', '/public', '/slow', '/enforced'])(
    '%s: no other client gets the authenticated connection',
    async path => {
      upstream.handle = answerNtlm;
      const alice = await openClient();
      for (const type of ['type1', 'type3']) await alice.ask('/legacy', `Authorization: NTLM ${type}`);
      const { connection } = await alice.ask('/legacy');
      for (let count = 0; count < 10; count += 1) {
        const other = await openClient();
        const fields = path === '/enforced' ? [bearer] : [];
        expect(await other.ask(path, ...fields)).toMatchObject({ user: 'anonymous' });
        expect((await other.ask(path, ...fields)).connection).not.toBe(connection);
        expect((await alice.ask('/legacy')).user).toBe('alice');
      }
    },
  );

  test('other routes to that upstream, with other time-outs: the same client stays authenticated', async () => {
    upstream.handle = answerNtlm;
    const alice = await openClient();
    for (const type of ['type1', 'type3']) await alice.ask('/legacy', `Authorization: NTLM ${type}`);
    for (const path of ['/legacy', '/forwarding', '/public', '/slow'])
      expect((await alice.ask(path)).user).toBe('alice');
    expect((await alice.ask('/enforced', bearer)).user).toBe('alice');
  });

  test('several endpoints: the login, and what follows it, stay at the one that it began at', async () => {
    upstream.handle = answerNtlm;
    second.handle = answerNtlm;
    const users: unknown[] = [];
    const connections = new Set<unknown>();
    for (let count = 0; count < 3; count += 1) {
      const alice = await openClient();
      for (const credentials of ['type1', 'type3']) await alice.ask('/several', `Authorization: NTLM ${credentials}`);
      const [one, two, three] = [await alice.ask('/several'), await alice.ask('/several'), await alice.ask('/several')];
      users.push(one.user, two.user, three.user);
      expect(new Set([one.connection, two.connection, three.connection]).size).toBe(1);
      connections.add(one.connection);
    }
    expect(users).toEqual(Array(9).fill('alice'));
    expect(connections.size).toBe(3);
    expect([upstream, second].map(({ received }) => received.some(({ url }) => url === '/several'))).toEqual([
      true,
      true,
    ]);
  });

  test.each(['destroys', 'resets', 'ends'])(
    'a client that %s its connection: the connection to the upstream closes too',
    async how => {
      upstream.handle = answerNtlm;
      const alice = await openClient();
      await alice.ask('/legacy', 'Authorization: NTLM type1');
      await alice.ask('/legacy', 'Authorization: NTLM type3');
      const before = upstream.sockets.open;
      if (how === 'ends') alice.socket.end();
      else alice.leave(how === 'resets');
      await vi.waitFor(() => expect(upstream.sockets.open).toBe(before - 1));
    },
  );

  test('a client that leaves during a request that logs in: its connection to the upstream is not used again', async () => {
    const arrived = new Promise<Socket>(resolve => {
      upstream.handle = (req: IncomingMessage) => resolve(req.socket);
    });
    const alice = await openClient();
    alice.send('/legacy', ['Authorization: NTLM type3']);
    const socket = await arrived;
    const closed = once(socket, 'close');
    alice.leave();
    await closed;
  });
});

describe('credentials of a scheme that authenticates the connection, in any spelling', () => {
  test.each([
    'NTLM TlRMTVNTUAAD',
    'ntlm TlRMTVNTUAAD',
    'nTlM TlRMTVNTUAAD',
    'NTLM\tTlRMTVNTUAAD',
    'NTLM  \t TlRMTVNTUAAD',
    '\t NTLM TlRMTVNTUAAD',
    'NTLM',
    'Negotiate YIIabc==',
    'NEGOTIATE\xa0YIIabc==',
    'Nego2 YIIabc==',
    'Kerberos YIIabc==',
    'SPNEGO YIIabc==',
    'GSSAPI YIIabc==',
    'GSS-SPNEGO YIIabc==',
    'Basic YTpi, NTLM TlRMTVNTUAAD',
    'Basic YTpi,Negotiate YIIabc==',
    'Bearer x NTLM TlRMTVNTUAAD',
  ])('%j: a connection of its own', async value => {
    expect(await isShared(`Authorization: ${value}`)).toBe(false);
  });

  test('in the second of two fields: a connection of its own', async () => {
    expect(await isShared('Authorization: Basic YTpi', 'Authorization: NTLM x')).toBe(false);
  });

  test.each([
    'Bearer abc.def.ghi',
    'Basic YTpi',
    'Digest username="ntlm", realm="a"',
    'DPoP ntlm.negotiate.gssapi',
    'Bearer a-ntlm',
    'ApiKey 12345',
    'NT LM',
  ])('%j: a connection that is shared', async value => {
    expect(await isShared(`Authorization: ${value}`)).toBe(true);
  });

  test('that are not forwarded: a connection that is shared', async () => {
    expect(await isShared.call('/public', 'Authorization: NTLM TlRMTVNTUAAD')).toBe(true);
  });
});

describe('a response that asks for such a scheme, or says that the connection is authenticated', () => {
  test.each([
    ['WWW-Authenticate: NTLM'],
    ['WWW-Authenticate: Negotiate'],
    ['www-authenticate: negotiate YIIabc=='],
    ['WWW-Authenticate: Basic realm="a, b", NTLM'],
    ['WWW-Authenticate: Bearer realm="a",Negotiate , Basic realm="b"'],
    ['WWW-Authenticate: Basic realm="a"', 'WWW-Authenticate:\tNTLM'],
    ['Proxy-Authenticate: Negotiate'],
    ['Authentication-Info: Negotiate YIIabc=='],
    ['Proxy-Authentication-Info: NTLM YIIabc=='],
    ['Persistent-Auth: true'],
    ['Persistent-Auth: false'],
  ])('%j: a connection of its own, with 401 and with 200', async (...fields) => {
    expect(await isSharedAfter(401, fields)).toBe(false);
    expect(await isSharedAfter(200, fields)).toBe(false);
  });

  test.each([
    ['WWW-Authenticate: Bearer realm="ntlm"'],
    ['WWW-Authenticate: Digest realm="a", nonce="negotiate"'],
    ['Authentication-Info: nextnonce="abc"'],
    ['X-Authenticate: NTLM'],
  ])('%j: a connection that is shared', async (...fields) => {
    expect(await isSharedAfter(401, fields)).toBe(true);
  });
});

/** @returns whether the next client gets the connection that a request with `fields` used. */
async function isShared(this: unknown, ...fields: readonly string[]): Promise<boolean> {
  upstream.handle = (req, res) => res.end(bodyOf(req, 'anonymous'));
  return isNextOn(typeof this === 'string' ? this : '/forwarding', fields);
}

async function isSharedAfter(status: number, fields: readonly string[]): Promise<boolean> {
  upstream.handle = (req, res) => {
    const body = bodyOf(req, 'anonymous');
    if (!req.url?.startsWith('/public')) return res.end(body);
    const pairs = fields.map(field => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1)]);
    return res.writeHead(status, pairs.flat()).end(body);
  };
  return isNextOn('/public', []);
}

async function isNextOn(path: string, fields: readonly string[]): Promise<boolean> {
  const first = await openClient();
  const { connection } = await first.ask(path, ...fields);
  const second = await openClient();
  const next = await second.ask('/forwarding');
  // The first client keeps using the same connection, in any case.
  expect((await first.ask(path, ...fields)).connection).toBe(connection);
  return next.connection === connection;
}

/** The part of NTLM that concerns connections. */
function answerNtlm(req: IncomingMessage, res: ServerResponse): void {
  const login = loginOf(req.socket);
  const { authorization } = req.headers;
  if (authorization === 'NTLM type1') login.step = 'challenged';
  else if (authorization === 'NTLM type3' && login.step === 'challenged') login.step = 'done';
  const isIn = login.step === 'done';
  if (!isIn) res.writeHead(401, { 'www-authenticate': login.step === 'challenged' ? 'NTLM type2' : 'NTLM' });
  res.end(bodyOf(req, isIn ? 'alice' : 'anonymous'));
}

function bodyOf(req: IncomingMessage, user: string): string {
  return JSON.stringify({ user, connection: loginOf(req.socket).connection });
}

function loginOf(socket: Socket): Login {
  const login = logins.get(socket) ?? { connection: connections++, step: 'none' };
  logins.set(socket, login);
  return login;
}

interface Said {
  readonly status: number;
  readonly user: string;
  readonly connection: number;
}

interface Client {
  readonly socket: Socket;
  send(path: string, fields: readonly string[]): void;
  ask(path: string, ...fields: readonly string[]): Promise<Said>;
  leave(isReset?: boolean): void;
}

/** A client that sends its requests one after the other on one connection. */
async function openClient(): Promise<Client> {
  const socket = connect(gateway.port, '127.0.0.1');
  const changes = new EventEmitter();
  let received: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy()).on('close', () => changes.emit('change'));
  socket.on('data', piece => {
    received = Buffer.concat([received, piece]);
    changes.emit('change');
  });
  await once(socket, 'connect');
  const send = (path: string, fields: readonly string[]) => {
    socket.write([`GET ${path} HTTP/1.1`, 'Host: a.example', ...fields, '', ''].join('\r\n'), 'latin1');
  };
  const next = async (): Promise<RawResponse> => {
    for (;;) {
      const [response] = parseResponses(received, { open: true });
      if (response?.complete) return response;
      if (socket.destroyed) throw new Error(`closed after ${JSON.stringify(received.toString('latin1'))}`);
      await once(changes, 'change');
    }
  };
  const client: Client = {
    socket,
    send,
    ask: async (path, ...fields) => {
      received = Buffer.alloc(0);
      send(path, fields);
      const { status, body } = await next();
      return { status, ...JSON.parse(body.toString()) };
    },
    leave: isReset => (isReset ? socket.resetAndDestroy() : socket.destroy()),
  };
  open.add(client);
  return client;
}
