/**
 * Advisories of other proxies and parsers, played against these connections, alone and in the built gateway. Each test is named for the
 * advisory, and asks what it was about: may bytes that stood for one thing be taken for another?
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startWatchedGateway } from '../fuzz/watched-gateway.ts';
import { HANDSHAKE_FIELDS } from '../support/switching.ts';
import { pause, RawClient, until } from './client.ts';
import { startRelay } from './relay.ts';
import { ScriptedUpstream } from './scripted-upstream.ts';

interface Tested {
  readonly port: number;
  /** What must not have happened. */
  faults(): readonly unknown[];
  close(): Promise<void> | void;
}

const TESTED = [
  { name: 'the connections alone', isApart: false, start: startAlone },
  { name: 'the built gateway', isApart: true, start: startGateway },
];

async function startAlone(upstreamPort: number): Promise<Tested> {
  const { port, faults, close } = await startRelay(upstreamPort);
  return { port, faults: () => faults, close };
}

async function startGateway(upstreamPort: number): Promise<Tested> {
  const gateway = await startWatchedGateway(`
timeouts: { headers: 2s, body: 2s, keep_alive: 5s }
routes: { /: { public: true, upstream: 'http://127.0.0.1:${upstreamPort}' } }
`);
  const faults = () => {
    gateway.log.read();
    return [...gateway.log.faults, gateway.failure()].filter(fault => fault !== undefined);
  };
  return { port: gateway.port, faults, close: gateway.kill };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

let upstream: ScriptedUpstream;
let tested: Tested;
const clients: RawClient[] = [];

async function open(sent: string): Promise<RawClient> {
  const client = await RawClient.open(tested.port, sent);
  clients.push(client);
  return client;
}

const seen = () => upstream.connections.map(({ received }) => received).join('');

describe.each(TESTED)('$name', ({ isApart, start }) => {
  beforeAll(async () => {
    upstream = await ScriptedUpstream.listen();
    tested = await start(upstream.port);
  });
  beforeEach(() => upstream.answer(OK));
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await upstream.reset();
    expect(tested.faults()).toEqual([]);
  });
  afterAll(async () => {
    await tested.close();
    await upstream.close();
  });

  describe('CVE-2025-4366 (Pingora): a body that was not drained is taken for the next request', () => {
    test.each([
      ['a length', `POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length}\r\n\r\n`, HIDDEN],
      [
        'chunks',
        'POST /none HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
        `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
      ],
    ])(
      '%s, answered before the body was read: what is in it is no request, what follows it is',
      async (_name, head, body) => {
        upstream.onData = ({ socket }, piece) => {
          if (piece.startsWith('POST')) socket.destroy();
          else socket.write(OK);
        };
        const client = await open(`${head}${body}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
        await client.wholeResponses(2);
        expect(client.responses().map(({ status }) => status)).toEqual([502, 200]);
        expect(upstream.connections.map(({ received }) => received.split(' HTTP')[0])).toEqual([
          'POST /none',
          'GET /next',
        ]);
      },
    );

    test.each([
      ['a length', `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length + 1}\r\n\r\nx`, HIDDEN],
      [
        'chunks',
        'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n',
        `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`,
      ],
    ])(
      '%s, answered whole by the upstream before the rest has come: what comes then is no request',
      async (_name, head, rest) => {
        upstream.onData = ({ socket }) => socket.write(OK);
        const client = await open(head);
        await client.wholeResponses(1);
        client.send(`${rest}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
        await until(() => client.isEnded || client.responses().length === 2);
        // The connection may close instead.
        expect(client.responses().map(({ status }) => status)).toEqual(client.isEnded ? [200] : [200, 200]);
        expect(seen()).not.toMatch(/^GET \/hidden/m);
        expect(upstream.connections.map(({ received }) => received.split(' HTTP')[0])).toEqual(
          client.isEnded ? ['POST /x'] : ['POST /x', 'GET /next'],
        );
      },
    );

    test.each([
      ['a length', `POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length + 1}\r\n\r\nx`],
      ['chunks', 'POST /none HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n'],
    ])('%s, answered before all of the body has come: what comes then is no request', async (_name, head) => {
      upstream.onData = ({ socket }) => socket.destroy();
      const client = await open(head);
      await client.wholeResponses(1);
      upstream.answer(OK);
      client.send(HIDDEN);
      await client.closed();
      expect(client.responses().map(({ status }) => status)).toEqual([502]);
      expect(seen()).not.toContain('hidden');
    });
  });

  describe('CVE-2026-2833 (Pingora): bytes behind an Upgrade are passed on before the 101', () => {
    const UPGRADE = `GET /ws HTTP/1.1\r\nHost: a\r\n${HANDSHAKE_FIELDS}\r\n`;

    test('the upstream is silent: it has the handshake and nothing else', async () => {
      upstream.onData = () => undefined;
      await open(`${UPGRADE}${HIDDEN}`);
      await until(() => upstream.connections.length === 1);
      await pause(150);
      expect(seen()).toMatch(/^GET \/ws HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)+\r\n$/);
    });

    test('the upstream does not switch: what stood behind is a request like any other, on its own', async () => {
      const client = await open(`${UPGRADE}${HIDDEN}`);
      await until(() => client.isEnded || client.responses().length === 2);
      // The gateway may close instead.
      const statuses = client.responses().map(({ status }) => status);
      expect(statuses).toEqual(client.isEnded ? [200] : [200, 200]);
      const lines = upstream.connections.flatMap(({ received }) => received.match(/^(?:GET|Host)/gim) ?? []);
      expect(lines.map(line => line.toUpperCase())).toEqual(statuses.flatMap(() => ['GET', 'HOST']));
    });

    test('the upstream switches to something else: 502, and nothing was passed on in either direction', async () => {
      upstream.answer('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nPOISON');
      const client = await open(`${UPGRADE}${HIDDEN}`);
      await client.wholeResponses(1);
      expect(client.responses()[0]?.status).toBe(502);
      expect(client.text).not.toContain('POISON');
    });
  });

  test.each(['DELETE', 'OPTIONS', 'GET'])(
    'CVE-2026-29057 (http-proxy): a chunked %s stays one request',
    async method => {
      upstream.onData = ({ socket, received }) => {
        if (received.endsWith('0\r\n\r\n')) socket.write(OK);
      };
      const body = `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`;
      const client = await open(`${method} /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
      expect((await client.wholeResponses(1)).length).toBe(1);
      expect(seen()).toMatch(
        /^\w+ \/x HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)*Transfer-Encoding: chunked\r\n\r\n21\r\nGET \/hidden/i,
      );
      expect(seen()).not.toMatch(/content-length/i);
    },
  );

  describe('CVE-2022-35256 and CVE-2023-30589 (llhttp): a field that does not end with CRLF', () => {
    test.each([
      ['a bare CR before Transfer-Encoding', 'X: y\rTransfer-Encoding: chunked\r\n'],
      ['a bare CR behind an empty value', 'X:\rTransfer-Encoding: chunked\r\n'],
      ['a bare CR before Content-Length', `X: y\rContent-Length: ${HIDDEN.length}\r\n`],
      ['CR CR LF', `X: y\r\r\nContent-Length: ${HIDDEN.length}\r\n`],
      ['a bare LF', `X: y\nContent-Length: ${HIDDEN.length}\r\n`],
      ['LF CR', `X: y\n\rContent-Length: ${HIDDEN.length}\r\n`],
      ['a bare CR before the empty line', 'X: y\r\r\n'],
      ['a value of a bare CR', 'Transfer-Encoding: chunked\r\nX: \r\r\n'],
    ])('%s: 400, and nothing is passed on', async (_name, fields) => {
      const client = await open(`POST /x HTTP/1.1\r\nHost: a\r\n${fields}\r\n${HIDDEN}`);
      await client.closed();
      expect(client.responses().map(({ status }) => status)).toEqual([400]);
      expect(upstream.connections).toEqual([]);
    });
  });

  describe('CVE-2024-22019 (node:http): extensions of chunks without a bound', () => {
    test('16 KiB of them: 400, and the upload ends', async () => {
      upstream.onData = () => undefined;
      const client = await open('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;');
      for (let count = 0; count < 100 && !client.isEnded; count += 1) {
        client.send('a'.repeat(1_000));
        await pause(1);
      }
      await client.closed();
      expect(client.responses()[0]?.status).toBe(400);
    });
  });

  describe('GHSA-35p6-xmwp-9g52 (undici): bytes that wait on a kept connection are the next response', () => {
    test('they were there before the request: it gets a connection of its own', async () => {
      const client = await open('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.wholeResponses(1);
      const poison = () => upstream.connections[0]?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON');
      // Another process may look between the two.
      if (isApart) poison();
      client.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
      // In one turn with the request, and behind it: both are there when the event loop looks, and it sees the request first.
      if (!isApart) poison();
      await client.wholeResponses(2);
      expect(client.text).not.toContain('POISON');
      expect(upstream.connections.length).toBe(2);
    });
  });
});
