/**
 * A drain loses no accepted request.
 *
 * Seen in: node:http (`server.close()` waits for kept-alive sockets, 5 s, unless the last answers say `Connection: close`).
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { openConnection } from '../../support/raw-connection.ts';
import { headerValues, parseResponses } from '../../support/raw-http.ts';
import {
  connected,
  drain,
  GET,
  gateway,
  hold,
  isDrained,
  LONG,
  refusesConnections,
  start,
  upstream,
  useDrainedGateway,
} from './drained-gateway.ts';

useDrainedGateway();

describe('before the listener closes', () => {
  beforeEach(async () => {
    await gateway.close();
    await start(LONG, 700);
  });

  test('/readyz: 200 before, 503 from now on', async () => {
    const ready = () => fetch(`http://127.0.0.1:${gateway.adminPort}/readyz`).then(({ status }) => status);
    expect(await ready()).toBe(200);
    // Keeps the drain from ending until /readyz was requested.
    const release = hold();
    const client = openConnection(gateway.port, GET);
    await vi.waitFor(() => expect(upstream.received).toHaveLength(1));
    const drained = drain();
    expect(await ready()).toBe(503);
    release();
    await Promise.all([drained, client.closed]);
  });

  test('new connections: served, with Connection: close', async () => {
    const drained = drain();
    const client = openConnection(gateway.port, GET);
    await client.closed;
    const [response] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(response).toMatchObject({ status: 200, complete: true });
    expect(headerValues(response?.headers ?? [], 'connection')).toEqual(['close']);
    await drained;
  });

  test('kept-alive connections: served, with Connection: close', async () => {
    const client = openConnection(gateway.port, GET);
    await client.until('"url"');
    const drained = drain();
    client.socket.write(GET);
    await client.closed;
    const responses = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    expect(headerValues(responses[1]?.headers ?? [], 'connection')).toEqual(['close']);
    await drained;
  });

  test('a response that was under way: has Connection: close', async () => {
    const release = hold();
    const client = openConnection(gateway.port, GET);
    await vi.waitFor(() => expect(upstream.received).toHaveLength(1));
    const drained = drain();
    release();
    await client.closed;
    const [response] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(headerValues(response?.headers ?? [], 'connection')).toEqual(['close']);
    await drained;
  });

  test('a request in the queue behind a response whose head was sent: served, with Connection: close', async () => {
    let finish = () => {};
    upstream.handle = (request, response) => {
      if (request.method === 'GET') return response.end('second');
      finish = () => response.end('first');
      return response.flushHeaders();
    };
    const body = 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\nhi';
    const client = openConnection(gateway.port, `${body}${GET}`);
    await client.until('\r\n\r\n');
    const drained = drain();
    finish();
    await client.closed;
    const responses = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(responses.map(({ status, complete }) => [status, complete])).toEqual([
      [200, true],
      [200, true],
    ]);
    expect(headerValues(responses[1]?.headers ?? [], 'connection')).toEqual(['close']);
    await drained;
  });

  test('a refusal: has Connection: close', async () => {
    const drained = drain();
    const client = openConnection(gateway.port, 'GET /nowhere HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await client.closed;
    const [response] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(response?.status).toBe(404);
    expect(headerValues(response?.headers ?? [], 'connection')).toEqual(['close']);
    await drained;
  });
});

describe('requests that were accepted', () => {
  test.each([
    ['a request whose answer takes its time', GET],
    ['an upload that is on its way', 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhello'],
    [
      'a chunked upload that is on its way',
      'POST /x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    ],
    ['half a head', 'GET /x HTTP/1.1\r\nHost: a.ex'],
  ])('%s', async (name, bytes) => {
    const release = hold();
    const client = openConnection(gateway.port, bytes);
    const rest = { 'an u': 'hello', 'a ch': '5\r\nhello\r\n0\r\n\r\n', half: 'ample\r\n\r\n' }[name.slice(0, 4)] ?? '';
    await connected(client.socket);
    if (name !== 'half a head') await vi.waitFor(() => expect(upstream.received).toHaveLength(1));
    const drained = drain();
    await refusesConnections();
    client.socket.write(rest);
    await vi.waitFor(() => expect(upstream.received).toHaveLength(1));
    release();
    await client.closed;
    const [response] = parseResponses(Buffer.from(client.text(), 'latin1'));
    expect(response).toMatchObject({ status: 200, complete: true });
    await drained;
  });

  test('a hundred requests at once: all are answered', async () => {
    const release = hold();
    const asked = Array.from({ length: 100 }, () => openConnection(gateway.port, GET));
    await vi.waitFor(() => expect(upstream.received).toHaveLength(100), { timeout: 5000 });
    const drained = drain();
    await refusesConnections();
    release();
    await Promise.all(asked.map(({ closed }) => closed));
    const responses = asked.flatMap(client => parseResponses(Buffer.from(client.text(), 'latin1')));
    expect(responses.filter(({ status, complete }) => status === 200 && complete)).toHaveLength(100);
    await drained;
  });

  test('requests sent while the drain begins: answered where their connection was accepted', async () => {
    const accepted = new Set<number>();
    const note = (message: unknown) => {
      const { socket } = message as { readonly socket: Socket };
      if (socket.localPort === gateway.port && socket.remotePort !== undefined) accepted.add(socket.remotePort);
    };
    subscribe('net.server.socket', note);
    const outcomes: string[] = [];
    const asking = (async () => {
      while (!isDrained && outcomes.at(-1) !== 'not accepted') outcomes.push(await ask(accepted));
    })();
    await drain();
    await asking;
    unsubscribe('net.server.socket', note);
    expect(outcomes.length).toBeGreaterThan(2);
    expect(outcomes.filter(outcome => outcome !== 'answered' && outcome !== 'not accepted')).toEqual([]);
  });
});

/** A listener that closes resets connections that the kernel has accepted and it has not: `accepted` tells the two apart. */
async function ask(accepted: ReadonlySet<number>): Promise<string> {
  const client = openConnection(gateway.port, GET);
  await Promise.race([connected(client.socket).catch(() => undefined), client.closed]);
  const port = client.socket.localPort;
  await client.closed;
  const [response] = parseResponses(Buffer.from(client.text(), 'latin1'));
  if (response?.status === 200 && response.complete) return 'answered';
  return port !== undefined && accepted.has(port) ? `lost: ${client.text()}` : 'not accepted';
}
