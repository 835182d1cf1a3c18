/** What a server tells of its connections, and what a handler may do with a request at any moment. Every client is a bare socket. */

import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RequestHandler } from '../../src/http/message.ts';
import type { IncomingRequest } from '../../src/http/server/incoming-request.ts';
import { HttpServer } from '../../src/http/server/server.ts';
import { Sweeper } from '../../src/http/sweeper.ts';
import { listenOnLoopback } from '../support/listener.ts';
import { headerValues } from '../support/raw-http.ts';
import { RawClient, until } from './client.ts';

const TIMEOUTS = { headers: 400, body: 5_000, keepAlive: 400 };

let server: HttpServer;
let listener: Server;
let port: number;
let onRequest: (request: IncomingRequest) => void;
let slowHeads: number;
let faults: unknown[];
const clients: RawClient[] = [];

beforeEach(async () => {
  slowHeads = 0;
  faults = [];
  onRequest = request => reply(request, request.unparsed === 'request_timeout' ? 408 : 200, request.head.target);
  const events = {
    onRequest: (request: IncomingRequest) => onRequest(request),
    onSlowHead: () => {
      slowHeads += 1;
    },
    onFault: (fault: unknown) => {
      faults.push(fault);
    },
  };
  server = new HttpServer({ headLimit: 16 * 1024, timeouts: TIMEOUTS }, events, new Sweeper());
  listener = createServer({ allowHalfOpen: true }, socket => server.accept(socket));
  port = await listenOnLoopback(listener);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  server.destroy();
  await new Promise(resolve => listener.close(resolve));
});

async function open(sent = ''): Promise<RawClient> {
  const client = await RawClient.open(port, sent);
  clients.push(client);
  return client;
}

const get = (target = '/', fields = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const upload = (sent: string, length = 100) =>
  `POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${sent}`;
const head = (status: number) => ({ status, reason: '', fields: [], body: 'unknown' }) as const;
const statuses = (client: RawClient) => client.responses().map(({ status }) => status);

function reply(request: IncomingRequest, status: number, text = ''): void {
  request.respond({ status, reason: '', fields: [] }, Buffer.from(text));
}

/** A handler that keeps what it is told. */
class Handler implements RequestHandler {
  readonly told: string[] = [];
  onBody(_piece: Buffer): boolean {
    return true;
  }
  onBodyEnd(): void {
    this.told.push('body end');
  }
  onBodyError(reason: string): void {
    this.told.push(reason);
  }
  onClientReady(): void {
    // Not needed here.
  }
  onClose(end: string): void {
    this.told.push(end);
  }
  onFault(fault: unknown): void {
    this.told.push(String(fault));
  }
}

/** Hands the next requests to handlers. @returns them. */
function handleWith(create: (request: IncomingRequest) => Handler): Handler[] {
  const handlers: Handler[] = [];
  onRequest = request => {
    const handler = create(request);
    request.handler = handler;
    handlers.push(handler);
    request.startBody();
  };
  return handlers;
}

describe('a handler that throws', () => {
  test('and then responds: the response arrives, the connection closes, others are served', async () => {
    const handlers = handleWith(
      request =>
        new (class extends Handler {
          override onBody(): boolean {
            throw new Error('a fault');
          }
          override onFault(fault: unknown): void {
            super.onFault(fault);
            reply(request, 503);
          }
        })(),
    );
    const client = await open(upload('abc') + get('/hidden'));
    await client.closed();
    expect(statuses(client)).toEqual([503]);
    expect(handlers.map(({ told }) => told)).toEqual([['Error: a fault', 'complete']]);
    expect(faults).toEqual([]);
    onRequest = request => reply(request, 200);
    expect((await (await open(get())).wholeResponses(1))[0]?.status).toBe(200);
  });

  test('and does nothing: its connection ends', async () => {
    const handlers = handleWith(
      () =>
        new (class extends Handler {
          override onBody(): boolean {
            throw new Error('a fault');
          }
        })(),
    );
    const client = await open(upload('abc'));
    await client.closed();
    expect(statuses(client)).toEqual([]);
    expect(handlers[0]?.told).toEqual(['Error: a fault', 'client_gone']);
  });

  test.each(['onFault', 'onClose'] as const)('in %s: the server is told, and the connection ends', async last => {
    handleWith(() =>
      Object.assign(new Handler(), {
        onBody: () => {
          throw new Error('first');
        },
        [last]: () => {
          throw new Error(last);
        },
      }),
    );
    const client = await open(upload('abc'));
    await client.closed();
    expect(faults.map(String)).toEqual([`Error: ${last}`]);
  });
});

describe('a reply where another response has begun', () => {
  test('in the same turn: nothing of it has left, so the reply takes its place, and the connection goes on', async () => {
    onRequest = request => {
      request.start({ ...head(200), fields: ['X-First', 'yes'] });
      request.write(Buffer.from('abc'));
      reply(request, 502, 'bad');
    };
    const client = await open(get() + get());
    await client.wholeResponses(2);
    expect(statuses(client)).toEqual([502, 502]);
    expect(client.text).not.toContain('X-First');
  });

  test('a turn later: reset', async () => {
    onRequest = request => {
      request.start(head(200));
      request.write(Buffer.from('abc'));
      setImmediate(() => reply(request, 502, 'bad'));
    };
    const client = await open(get());
    await until(() => client.isClosed || client.isEnded);
    expect(client.text).toMatch(/^HTTP\/1\.1 200 /);
    expect(client.responses()[0]?.complete).toBe(false);
    expect(client.text).not.toContain('502');
  });
});

describe('a head that does not come in time', () => {
  test.each([
    ['a part of it', 'GET / HTTP/1.1\r\n', [408]],
    ['an empty line', '\r\n', [408]],
    ['nothing', '', []],
    ['a part of the second one', `${get()}GET /`, [200, 408]],
  ])('%s: told, and the connection closes', async (_name, sent, expected) => {
    const client = await open(sent);
    await client.closed();
    expect([statuses(client), slowHeads]).toEqual([expected, 1]);
  });

  test('nothing behind a response: not told', async () => {
    const client = await open(get());
    await client.closed();
    expect([statuses(client), slowHeads]).toEqual([[200], 0]);
  });
});

test('startBody with a time of its own: told request_timeout then', async () => {
  const started = performance.now();
  const handler = new Handler();
  onRequest = request => {
    request.handler = handler;
    request.startBody(300);
  };
  await open(upload('abc'));
  await until(() => handler.told.includes('request_timeout'));
  expect(performance.now() - started).toBeGreaterThan(290);
});

test('settings that are replaced: a request under way keeps those that it began with, the next one gets the new ones', async () => {
  const handlers = handleWith(() => new Handler());
  const first = await open(upload('abc'));
  await until(() => handlers.length === 1);
  server.settings = { headLimit: 16 * 1024, timeouts: { ...TIMEOUTS, body: 200 } };
  await open(upload('abc'));
  await until(() => handlers[1]?.told.includes('request_timeout') ?? false);
  first.send('x'.repeat(10));
  expect(handlers[0]?.told).toEqual([]);
});

test('closeAfter: the response says so, and what follows is no request', async () => {
  onRequest = request => {
    request.closeAfter();
    reply(request, 200);
  };
  const client = await open(get() + get('/hidden'));
  await client.closed();
  expect(statuses(client)).toEqual([200]);
  expect(headerValues(client.responses()[0]?.headers ?? [], 'connection')).toEqual(['close']);
});

test.each([
  ['kept', '', 'Upgrade'],
  ['closed', 'Connection: close\r\n', 'close, Upgrade'],
])(
  'a protocol that is offered on a connection that is %s: in Upgrade, which Connection names',
  async (_name, fields, connection) => {
    onRequest = request =>
      request.respond({ status: 426, reason: '', fields: [], offered: 'websocket' }, Buffer.alloc(0));
    const client = await open(get('/', fields));
    const [response] = await client.wholeResponses(1);
    expect(headerValues(response?.headers ?? [], 'upgrade')).toEqual(['websocket']);
    expect(headerValues(response?.headers ?? [], 'connection')).toEqual([connection]);
  },
);

test('endKeepAlive behind a head that has left: the connection closes after the next response', async () => {
  let finish = () => {};
  onRequest = request => {
    if (request.head.target !== '/first') return reply(request, 200);
    request.start({ ...head(200), body: 2 });
    finish = () => {
      request.write(Buffer.from('ok'));
      request.end();
    };
  };
  const client = await open(get('/first') + get('/second') + get('/third'));
  await until(() => client.text.includes('\r\n\r\n'));
  server.endKeepAlive();
  finish();
  await client.closed();
  expect(client.responses().map(({ headers }) => headerValues(headers, 'connection'))).toEqual([[], ['close']]);
});

test('end with a patience of its own: a client that does not read is ended then', async () => {
  const handler = new Handler();
  onRequest = request => {
    request.handler = handler;
    request.start(head(200));
    request.write(Buffer.alloc(16 * 1024 * 1024));
    request.end(300);
  };
  const client = await open();
  client.socket.pause();
  client.send(get());
  await until(() => handler.told.length > 0);
  expect(handler.told).toEqual(['slow_reader']);
});
