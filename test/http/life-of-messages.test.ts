/**
 * The life of messages: what each side may do at any moment, and what becomes of both connections (RFC 9112 sections 6, 8 and 9).
 * Every upstream and every client is a bare socket.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { headerValues } from '../support/raw-http.ts';
import { pause, RawClient, until } from './client.ts';
import { type RunningRelay, respond, SETTINGS, startRelay, TIMES } from './relay.ts';
import { ScriptedUpstream } from './scripted-upstream.ts';

const clients: RawClient[] = [];
let upstream: ScriptedUpstream;
let relay: RunningRelay;

// For each test its own: what it leaves under way must not reach another one.
beforeEach(async () => {
  upstream = await ScriptedUpstream.listen();
  const timeouts = { headers: 800, body: 800, keepAlive: 1_500 };
  relay = await startRelay(upstream.port, { ...SETTINGS, timeouts }, { ...TIMES, response: 1_500 });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all([relay.close(), upstream.close()]);
  expect(relay.faults).toEqual([]);
});

async function open(sent = ''): Promise<RawClient> {
  const client = await RawClient.open(relay.port, sent);
  clients.push(client);
  return client;
}

const get = (target = '/', fields = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON';
const upload = (length: number, fields = '') =>
  `POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n${fields}\r\n`;
const statuses = (client: RawClient, methods: readonly string[] = []) =>
  client.responses(methods).map(({ status }) => status);

/** A further request of the same client, which must get its own response. */
async function expectNext(client: RawClient, before: number, methods: readonly string[] = []) {
  upstream.answer('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
  client.send(get('/next'));
  const responses = await client.wholeResponses(before + 1, methods);
  expect(responses.at(-1)?.body.toString()).toBe('next');
}

describe('a response before the request has ended', () => {
  test('it is passed on while the body is still coming, which is passed on as well', async () => {
    upstream.onData = ({ socket }, piece) => {
      if (piece.startsWith('POST')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    };
    const client = await open(`${upload(6)}abc`);
    await until(() => client.text.endsWith('abc'));
    client.send('def');
    await until(() => upstream.connections[0]?.received.endsWith('abcdef') ?? false);
    upstream.connections[0]?.socket.write('def');
    expect((await client.wholeResponses(1))[0]?.body.toString()).toBe('abcdef');
    await expectNext(client, 1);
    expect(upstream.connections.length).toBe(1);
  });

  test('it ends first: the upstream connection is not used again, the rest is dropped, the next request is served', async () => {
    upstream.onData = ({ socket }, piece) => {
      if (piece.startsWith('POST')) socket.write(OK);
    };
    const client = await open(`${upload(6)}abc`);
    await client.wholeResponses(1);
    await until(() => upstream.connections[0]?.isEnded ?? false);
    client.send(`def${get('/next')}`);
    upstream.answer('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
    expect((await client.wholeResponses(2))[1]?.body.toString()).toBe('next');
    expect(upstream.connections.map(({ received }) => received.split(' ')[1])).toEqual(['/up', '/next']);
    expect(upstream.connections[0]?.received).not.toContain('next');
  });

  test('it ends first and the rest does not come: the connection closes within a second or two, nothing of it is a request', async () => {
    upstream.onData = ({ socket }) => socket.write(OK);
    const client = await open(`${upload(60)}${get('/hidden')}`);
    await client.wholeResponses(1);
    await client.closed();
    expect(statuses(client)).toEqual([200]);
    expect(upstream.connections.every(({ received }) => received.startsWith('POST /up'))).toBe(true);
    expect(upstream.connections.length).toBe(1);
  });

  test('with a response of the upstream that closes: the client has it whole', async () => {
    upstream.onData = ({ socket }) =>
      socket.end('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno');
    const client = await open(`${upload(6)}abc`);
    expect((await client.wholeResponses(1))[0]).toMatchObject({ status: 413, complete: true });
  });
});

describe('an unread request body: a local reply at once', () => {
  beforeEach(() => {
    relay.server.events.onRequest = request => respond(request, request.unparsed ? 400 : 403, request.head.target);
  });
  const chunked = (body: string) => `POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;

  test('no body: the connection goes on', async () => {
    const client = await open(`${get()}${get('/next')}`);
    await client.wholeResponses(2);
    expect(client.responses().map(({ status }) => status)).toEqual([403, 403]);
    expect(client.responses()[1]?.body.toString()).toBe('/next');
  });

  test.each([
    ['a length, all there', `${upload(6)}abcdef`],
    ['chunks, all there', chunked('3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n')],
    ['a part of a length', `${upload(600)}abcdef`],
    ['a part of chunks', chunked('3\r\nabc\r\n3\r\nd')],
    ['malformed chunks', chunked('3\r\nabc\r\nzz\r\n')],
  ])('%s: the connection closes, and what follows is no request', async (_name, sent) => {
    const client = await open(`${sent}${get('/hidden')}`);
    await client.closed();
    expect(client.responses().map(({ status }) => status)).toEqual([403]);
    expect(client.text).toContain('Connection: close');
  });
});

describe('an unread request body', () => {
  const malformed = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n';

  test('a chunked body that turns out malformed: 400, and what follows is no request', async () => {
    const client = await open(`${malformed}${get('/hidden')}`);
    await client.closed();
    expect(statuses(client)).toEqual([400]);
    expect(upstream.connections.some(({ received }) => received.includes('hidden'))).toBe(false);
  });

  test('after a 502 before its end: small and already there, the connection goes on', async () => {
    upstream.onData = ({ socket }) => socket.destroy();
    const client = await open(`${upload(6)}abcdef`);
    expect((await client.wholeResponses(1))[0]?.status).toBe(502);
    await expectNext(client, 1);
  });

  test('after a 502: not all there, the connection closes, and the response is read whole by a client that writes on', async () => {
    upstream.onData = ({ socket }) => socket.destroy();
    const client = await open(upload(8_000_000));
    const piece = 'x'.repeat(100_000);
    for (let count = 0; count < 80 && !client.isClosed; count += 1) {
      client.send(piece);
      await pause(1);
    }
    client.send(get('/hidden'));
    await client.closed();
    expect(client.responses()).toMatchObject([{ status: 502, complete: true }]);
    expect(headerValues(client.responses()[0]?.headers ?? [], 'connection')).toEqual(['close']);
    expect(client.isReset).toBe(false);
  });

  test('Expect: 100-continue is answered when the body is wanted', async () => {
    upstream.onData = ({ socket, received }) => {
      if (received.endsWith('abcdef')) socket.write(OK);
    };
    const client = await open(upload(6, 'Expect: 100-continue\r\n'));
    await until(() => client.text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    client.send('abcdef');
    await client.wholeResponses(2);
    expect(statuses(client)).toEqual([100, 200]);
    expect(upstream.connections[0]?.received).not.toMatch(/expect/i);
  });
});

describe('responses without a body', () => {
  test.each<readonly [string, string, string]>([
    ['HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['HEAD with chunked', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['HEAD without framing', 'HEAD', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'],
    ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
    ['a length of 0', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])('%s: ends with its head, the next request is served', async (_name, method, answer) => {
    upstream.answer(answer);
    const client = await open(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
    const [response] = await client.wholeResponses(1, [method]);
    expect(response?.body.length).toBe(0);
    const lengths = headerValues(response?.headers ?? [], 'content-length');
    expect(lengths).toEqual(answer.includes(' 204 ') ? [] : (/Content-Length: (\d)/.exec(answer)?.slice(1) ?? []));
    await expectNext(client, 1, [method]);
  });

  test.each<readonly [string, string, string]>([
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON'],
    ['a 204', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nPOISON'],
    ['a 304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nPOISON'],
    ['a length', 'GET', `${OK}POISON`],
    ['a length, a whole response', 'GET', `${OK}${POISON}`],
    ['chunks', 'GET', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${POISON}`],
  ])(
    'bytes behind %s: they are dropped, and the upstream connection is not used again',
    async (_name, method, answer) => {
      upstream.answer(answer);
      const client = await open(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.wholeResponses(1, [method]);
      await expectNext(client, 1, [method]);
      expect(client.text).not.toContain('POISON');
      expect(upstream.connections.length).toBe(2);
    },
  );

  test.each([0, 1, 20])('bytes that come %i ms behind a response: they are dropped', async delay => {
    upstream.onData = ({ socket }) => {
      socket.write(OK);
      setTimeout(() => socket.write(POISON), delay);
    };
    const client = await open(get());
    await client.wholeResponses(1);
    await until(() => upstream.connections[0]?.isEnded ?? false);
    await expectNext(client, 1);
    expect(client.text).not.toContain('POISON');
  });
});

describe('a connection to an upstream is used again only when both directions have finished', () => {
  test('one after the other: one connection', async () => {
    upstream.answer(OK);
    const client = await open();
    for (let count = 1; count <= 5; count += 1) {
      client.send(get());
      await client.wholeResponses(count);
      await pause(5);
    }
    expect(upstream.connections.length).toBe(1);
  });

  test.each<readonly [string, string]>([
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['Connection: x, Close', 'HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['Keep-Alive: timeout=1', 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok'],
  ])('%s: not again', async (_name, answer) => {
    upstream.answer(answer);
    const client = await open(get());
    await client.wholeResponses(1);
    await until(() => upstream.connections[0]?.isEnded ?? false);
    await expectNext(client, 1);
    expect(upstream.connections.length).toBe(2);
  });

  test('HTTP/1.0 with keep-alive: again', async () => {
    upstream.answer('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok');
    const client = await open(get());
    await client.wholeResponses(1);
    await pause(5);
    await expectNext(client, 1);
    expect(upstream.connections.length).toBe(1);
  });

  test('closed by the upstream right behind its response: a POST goes out on a new one, whole, a hundred times', async () => {
    upstream.onData = ({ socket, received }) => {
      if (received.endsWith('abcdef')) socket.end(OK);
    };
    const client = await open();
    for (let count = 1; count <= 100; count += 1) {
      client.send(`${upload(6)}abcdef`);
      await client.wholeResponses(count);
    }
    expect(new Set(statuses(client))).toEqual(new Set([200]));
    expect(relay.failures).toEqual([]);
  });

  test('reset when the next request comes: GET is sent once more, POST is not', async () => {
    upstream.answer(OK);
    const client = await open(get());
    await client.wholeResponses(1);
    await pause(5);
    upstream.onData = (connection, piece) => {
      if (connection === upstream.connections[0]) connection.socket.resetAndDestroy();
      else if (piece.endsWith('\r\n\r\n')) connection.socket.write(OK);
    };
    client.send(get('/again'));
    await client.wholeResponses(2);
    expect(upstream.connections.map(({ received }) => received.includes('/again'))).toEqual([true, true]);

    upstream.onData = connection => connection.socket.resetAndDestroy();
    client.send(`${upload(6)}abcdef`);
    await client.wholeResponses(3);
    expect(statuses(client)).toEqual([200, 200, 502]);
    expect(relay.failures).toMatchObject([{ cause: 'reset', stage: 'stale' }]);
    expect(upstream.connections.filter(({ received }) => received.includes('POST')).length).toBe(1);
  });
});

describe('no usable response', () => {
  test.each<readonly [string, string, number, string]>([
    ['no byte', '', 502, 'reset'],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le', 502, 'reset'],
    [
      'Transfer-Encoding with HTTP/1.0',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      502,
      'malformed_response',
    ],
    [
      'gzip, chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      502,
      'malformed_response',
    ],
    [
      'an unasked 101',
      'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nPOISON',
      502,
      'malformed_response',
    ],
    ['too many interim responses', 'HTTP/1.1 102 x\r\n\r\n'.repeat(17), 502, 'malformed_response'],
    ['a head of 17 KB', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(17_000)}\r\n\r\n`, 502, 'response_headers_too_large'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2p1\r\n', 502, 'malformed_response'],
  ])('%s: %i', async (_name, answer, status, cause) => {
    upstream.onData = ({ socket }) => socket.end(answer, 'latin1');
    const client = await open(get());
    expect((await client.wholeResponses(1))[0]?.status).toBe(status);
    expect(relay.failures).toMatchObject([{ cause, stage: 'sent' }]);
    expect(client.text).not.toContain('POISON');
    await expectNext(client, 1);
  });

  const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  test.each<readonly [string, string]>([
    ['less than a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'],
    ['no last chunk', `${CHUNKED}5\r\nhello\r\n`],
    ['half a trailer', `${CHUNKED}5\r\nhello\r\n0\r\nX-T: `],
    ['a malformed chunk', `${CHUNKED}5\r\nhello\r\nzz\r\n0\r\n\r\n`],
  ])('a body that is cut looks cut: %s', async (_name, answer) => {
    upstream.onData = ({ socket }) => {
      socket.write(answer);
      setTimeout(() => socket.end(), 20);
    };
    const client = await open(get());
    await client.closed();
    expect(client.responses()[0]?.complete ?? false).toBe(false);
  });

  test.each<readonly [string, (reset: () => void) => void]>([
    ['a reset behind it', reset => setTimeout(reset, 20)],
    // Both are there when the event loop looks, and it reports the end of the connection.
    ['a reset in the same moment', reset => reset()],
  ])('a body until the end of the connection, and %s: it looks cut', async (_name, soon) => {
    upstream.onData = ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhello');
      soon(() => socket.resetAndDestroy());
    };
    const client = await open(get());
    await client.closed();
    expect(client.responses()[0]?.complete ?? false).toBe(false);
  });

  test('a body until the end of the connection: whole, and chunked for the client', async () => {
    upstream.onData = ({ socket }) => socket.end('HTTP/1.0 200 OK\r\n\r\nhello');
    const client = await open(get());
    expect((await client.wholeResponses(1))[0]?.body.toString()).toBe('hello');
    await expectNext(client, 1);
  });

  test('for a client of HTTP/1.0 the end of the connection ends it', async () => {
    upstream.onData = ({ socket }) => socket.end('HTTP/1.1 200 OK\r\n\r\nhello');
    const client = await open('GET / HTTP/1.0\r\n\r\n');
    await client.closed();
    expect(client.text).toMatch(/Connection: close\r\n\r\nhello$/);
    expect(client.text).not.toMatch(/chunked/);
  });
});

describe('interim responses', () => {
  test('an unsolicited 100, 102 and 103: read, and passed on only where the client knows of them', async () => {
    const answer = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 x\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`;
    upstream.answer(answer);
    const client = await open(get());
    await client.wholeResponses(2);
    expect(statuses(client)).toEqual([103, 200]);
    const old = await open('GET / HTTP/1.0\r\n\r\n');
    await old.wholeResponses(1);
    expect(statuses(old)).toEqual([200]);
  });
});

describe('pipelining', () => {
  test('a hundred in one write: each gets its own response, in order, and there is one at a time', async () => {
    let underWay = 0;
    let most = 0;
    upstream.onData = ({ socket }, piece) => {
      const target = piece.split(' ')[1] ?? '';
      underWay += 1;
      most = Math.max(most, underWay);
      setImmediate(() => {
        underWay -= 1;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`);
      });
    };
    const targets = Array.from({ length: 100 }, (_, index) => `/${index}`);
    const client = await open(targets.map(target => get(target)).join(''));
    expect((await client.wholeResponses(100)).map(({ body }) => body.toString())).toEqual(targets);
    expect(most).toBe(1);
  });

  test('a refusal in between: the connection closes with it', async () => {
    upstream.answer(OK);
    const client = await open(`${get('/none').repeat(2)}NO HTTP\r\n\r\n${get('/hidden')}`);
    await client.closed();
    expect(statuses(client)).toEqual([200, 200, 400]);
    expect(upstream.connections.some(({ received }) => received.includes('hidden'))).toBe(false);
  });

  test('bytes that are no request behind a slow one: its response comes first, then 400, then the connection closes', async () => {
    let answer = () => {};
    upstream.onData = ({ socket }) => {
      answer = () => socket.write(OK);
    };
    const client = await open(`${get()}NO HTTP\r\n\r\n${get('/hidden')}`);
    await until(() => upstream.connections.length === 1);
    await pause(50);
    expect(client.text).toBe('');
    answer();
    await client.closed();
    expect(statuses(client)).toEqual([200, 400]);
  });
});

describe('what is read while a request is under way', () => {
  const LARGE = get('/large', `A: ${'x'.repeat(15_000)}\r\n`);

  test.each<readonly [string, string]>([
    ['heads of 15 KB', LARGE.repeat(300)],
    ['the smallest heads', 'GET / HTTP/1.1\r\n\r\n'.repeat(200_000)],
    ['one head without an end', 'GET / HTTP/1.1\r\nA: '.padEnd(4_000_000, 'x')],
    ['empty lines', '\r\n'.repeat(2_000_000)],
  ])('%s: no more than a head and one piece, then reading stops', async (_name, bytes) => {
    const sockets: { bytesRead: number }[] = [];
    const remember = (socket: { bytesRead: number }) => sockets.push(socket);
    relay.listener.on('connection', remember);
    await open(get('/slow') + bytes);
    await until(() => upstream.connections.length === 1);
    await pause(200);
    relay.listener.off('connection', remember);
    expect(sockets[0]?.bytesRead).toBeLessThanOrEqual((16 + 64 + 64) * 1024);
    expect(upstream.connections.length).toBe(1);
  });

  const behind: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['half a head', get().slice(0, 20)],
    ['one head', get()],
    ['one head of 15 KB', LARGE],
    ['a hundred small heads', get().repeat(100)],
  ];
  test.each(behind.flatMap(([name, bytes]) => (['resets', 'closes'] as const).map(how => [name, how, bytes] as const)))(
    '%s behind it, and the client %s: the upstream connection ends within 250 ms',
    async (_name, how, bytes) => {
      const client = await open(get('/slow') + bytes);
      await until(() => upstream.connections.length === 1);
      await pause(30);
      if (how === 'resets') client.socket.resetAndDestroy();
      else client.destroy();
      expect(await until(() => upstream.connections[0]?.isEnded ?? false)).toBeLessThan(250);
    },
  );

  test.each(['resets', 'closes'] as const)(
    'in the middle of its body the client %s: the upstream connection ends within 250 ms',
    async how => {
      const client = await open(`${upload(60)}abc`);
      await until(() => upstream.connections[0]?.received.endsWith('abc') ?? false);
      if (how === 'resets') client.socket.resetAndDestroy();
      else client.destroy();
      expect(
        await until(() => upstream.connections[0]?.socket.destroyed || (upstream.connections[0]?.isEnded ?? false)),
      ).toBeLessThan(250);
    },
  );

  test('in the middle of its response: the upstream connection ends within 250 ms', async () => {
    upstream.onData = ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel');
    const client = await open(get());
    await until(() => client.text.endsWith('hel'));
    client.destroy();
    expect(await until(() => upstream.connections[0]?.isEnded ?? false)).toBeLessThan(250);
  });
});

describe('back-pressure', () => {
  test('a client that does not read: the upstream is held back, and the client ends in time', async () => {
    upstream.onData = ({ socket }) =>
      socket.write(
        Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n'), Buffer.alloc(60_000_000)]),
      );
    const client = await open();
    client.socket.pause();
    client.send(get());
    await until(() => upstream.connections.length === 1);
    await pause(400);
    expect(upstream.connections[0]?.socket.writableLength).toBeGreaterThan(30_000_000);
    await until(() => upstream.connections[0]?.socket.destroyed ?? false);
    await until(() => relay.server.size === 0);
  });

  test('an upstream that does not read: the client is held back', async () => {
    upstream.onOpen = ({ socket }) => socket.pause();
    const client = await open(upload(60_000_000));
    client.socket.write(Buffer.alloc(60_000_000));
    await until(() => upstream.connections.length === 1);
    await pause(300);
    expect(client.socket.writableLength).toBeGreaterThan(30_000_000);
  });

  test.each([1, 1_000, 100_000, 5_000_000])(
    '%i bytes both ways, framed by length and by chunks: the same bytes',
    async size => {
      const body = Buffer.alloc(size, 'abcdefghijklmnop');
      upstream.onData = connection => {
        const at = connection.received.indexOf('\r\n\r\n') + 4;
        if (at === 3) return;
        const came = connection.received.slice(at);
        const isChunked = /chunked/i.test(connection.received.slice(0, at));
        if (isChunked ? !came.endsWith('0\r\n\r\n') : came.length < size) return;
        const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${came.length}`;
        connection.socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${came}`, 'latin1');
        connection.received = '';
      };
      const client = await open();
      client.send(upload(size));
      client.socket.write(body);
      client.send('POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let at = 0; at < size; at += 70_001) {
        const piece = body.subarray(at, at + 70_001);
        client.send(`${piece.length.toString(16)}\r\n`);
        client.socket.write(piece);
        client.send('\r\n');
      }
      client.send('0\r\n\r\n');
      await until(() => client.received.length > 2 * size);
      const responses = await client.wholeResponses(2);
      expect(responses.map(each => each.body.equals(body))).toEqual([true, true]);
    },
  );
});

describe('time', () => {
  test('a head that does not come to its end: 408', async () => {
    const client = await open('GET / HTTP/1.1\r\nHo');
    await client.closed();
    expect(statuses(client)).toEqual([408]);
  });

  test('a second head that does not come to its end: 408', async () => {
    upstream.answer(OK);
    const client = await open(get());
    await client.wholeResponses(1);
    client.send('GET / HTTP/1.1\r\nHo');
    await client.closed();
    expect(statuses(client)).toEqual([200, 408]);
  });

  test('a connection that never sends a byte: closed without a response', async () => {
    const client = await open();
    await client.closed();
    expect(client.text).toBe('');
  });

  test('a kept connection that asks nothing more: closed without a response', async () => {
    upstream.answer(OK);
    const client = await open(get());
    await client.closed();
    expect(statuses(client)).toEqual([200]);
  });

  test('a body that stops coming: 408, and the upstream connection ends', async () => {
    const client = await open(`${upload(60)}abc`);
    await client.closed();
    expect(statuses(client)).toEqual([408]);
    await until(() => upstream.connections[0]?.isEnded ?? false);
  });

  test('an upstream that does not accept or answer in time: 504', async () => {
    const client = await open(get());
    const [response] = await client.wholeResponses(1);
    expect(response?.status).toBe(504);
    expect(relay.failures).toMatchObject([{ cause: 'response_timeout', stage: 'sent' }]);
  }, 10_000);
});

describe('the end of a connection', () => {
  test('endKeepAlive, closeSilent: the response under way says so, and what has sent nothing closes', async () => {
    let answer = () => {};
    upstream.onData = ({ socket }) => {
      answer = () => socket.write(OK);
    };
    const busy = await open(get());
    const idle = await open();
    await until(() => upstream.connections.length === 1);
    relay.server.endKeepAlive();
    relay.server.closeSilent();
    answer();
    await Promise.all([busy.closed(), idle.closed()]);
    expect(headerValues(busy.responses()[0]?.headers ?? [], 'connection')).toEqual(['close']);
  });

  test('half a request, and then its end: 400', async () => {
    const client = await open('GET / HTTP/1.1\r\nHo');
    client.socket.end();
    await client.closed();
    expect(statuses(client)).toEqual([400]);
  });
});

describe('Upgrade', () => {
  const HANDSHAKE = get(
    '/ws',
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  );
  const SWITCH =
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: x\r\n\r\n';

  test('to something else than a WebSocket: ignored, and the field dropped', async () => {
    upstream.answer(OK);
    const client = await open(get('/', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n'));
    await client.wholeResponses(1);
    expect(upstream.connections[0]?.received).not.toMatch(/upgrade/i);
    await expectNext(client, 1);
  });

  test('bytes on both sides of the 101 reach the other side, in order', async () => {
    upstream.onData = (connection, piece) => {
      if (piece.includes('GET /ws')) connection.socket.write(`${SWITCH}hello `);
      else connection.socket.write('world');
    };
    const client = await open(`${HANDSHAKE}early`);
    await until(() => client.text.endsWith('hello world'));
    expect(upstream.connections[0]?.received).toMatch(/\r\n\r\nearly$/);
  });

  test('before the 101 nothing that stands behind the handshake is passed on', async () => {
    const client = await open(`${HANDSHAKE}${get('/hidden')}`);
    await until(() => upstream.connections.length === 1);
    await pause(100);
    expect(upstream.connections[0]?.received).not.toContain('hidden');
    upstream.connections[0]?.socket.write(SWITCH);
    await until(() => upstream.connections[0]?.received.includes('hidden') ?? false);
    client.destroy();
  });

  test('a 101 to another protocol: 502', async () => {
    upstream.answer(SWITCH.replace('WebSocket\r\n', 'h2c\r\n'));
    const client = await open(HANDSHAKE);
    expect((await client.wholeResponses(1))[0]?.status).toBe(502);
  });

  test('an answer that is no 101: passed on, and what stood behind is the next request', async () => {
    upstream.answer(OK);
    const client = await open(`${HANDSHAKE}${get('/next')}`);
    await client.wholeResponses(2);
    expect(statuses(client)).toEqual([200, 200]);
    expect(upstream.connections.flatMap(({ received }) => received.match(/GET \/\w+/g))).toEqual([
      'GET /ws',
      'GET /next',
    ]);
  });
});
