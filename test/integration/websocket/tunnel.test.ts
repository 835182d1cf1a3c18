/** An accepted WebSocket: messages, subprotocol, close codes, log and metrics. */

import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { readSample } from '../../support/gateway.ts';
import { openConnected } from '../../support/raw-connection.ts';
import { SWITCHING } from '../../support/switching.ts';
import type { Upstream } from '../../support/upstream.ts';
import {
  authorization,
  expectNoConnections,
  gateway,
  handshake,
  nextLine,
  openWebSocket,
  rude,
  textFrame,
  upstream,
  useWebSocketFixture,
} from './fixture.ts';

useWebSocketFixture();

describe('a tunnel', () => {
  test('text and a binary message of 1 MiB: forwarded both ways', async () => {
    const client = await openWebSocket('/live/a');
    const binary = Buffer.alloc(1024 * 1024, 'binary');
    for (const message of ['hello', 'grüße ☂', binary]) {
      const echoed = once(client, 'message');
      client.send(message);
      const [data, isBinary] = await echoed;
      expect(isBinary).toBe(message === binary);
      expect(Buffer.from(message).equals(data)).toBe(true);
    }
    client.close();
    await once(client, 'close');
  });

  test('bytes in one piece with the 101: forwarded', async () => {
    rude.respond = socket => socket.write(Buffer.concat([Buffer.from(SWITCHING), textFrame('first')]));
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/rude'));
    await wire.until('first');
  });

  test('bytes in one piece with the handshake: forwarded', async () => {
    rude.respond = socket => socket.write(SWITCHING);
    const wire = await openConnected(gateway.port);
    wire.send(`${handshake('/rude')}early bird`);
    await rude.until('early bird');
  });

  test('subprotocol: offered to the upstream, its choice returned to the client', async () => {
    upstream.handleUpgrade = accept({ handleProtocols: offered => [...offered].at(-1) ?? false });
    const client = await openWebSocket('/live/a', ['v1.chat', 'v2.chat']);
    expect(client.protocol).toBe('v2.chat');
    client.terminate();
  });

  test('close code and reason of the client: forwarded', async () => {
    const closed = new Promise<[number, string]>(resolve => {
      upstream.handleUpgrade = accept({}, server => server.on('close', (code, why) => resolve([code, String(why)])));
    });
    const client = await openWebSocket('/live/a');
    client.close(4001, 'going home');
    expect(await closed).toEqual([4001, 'going home']);
    const [code] = await once(client, 'close');
    expect(code).toBe(4001);
  });

  test('close code and reason of the upstream: forwarded', async () => {
    upstream.handleUpgrade = accept({}, server => server.close(4002, 'no more'));
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/live/a`, { headers: authorization() });
    const [code, why] = await once(client, 'close');
    expect([code, String(why)]).toEqual([4002, 'no more']);
  });

  test('the end of a tunnel: logged and counted with status 101', async () => {
    const before = readSample(await gateway.scrape(), COUNTED_101);
    const lines = gateway.log.length;
    const client = await openWebSocket('/live/a?secret=s3cret');
    expect(await gateway.sample('audgate_open_connections{kind="upgraded"}')).toBe(1);
    expect(await gateway.sample('audgate_open_connections{kind="http"}')).toBe(0);
    expect(gateway.log.length).toBe(lines);
    client.close();
    await once(client, 'close');
    const line = await nextLine(lines);
    expect(line).toMatchObject({
      status: 101,
      outcome: 'forwarded',
      route: '/live',
      path: '/live/a',
      sub: 'alice',
      method: 'GET',
    });
    expect(JSON.stringify(line)).not.toContain('s3cret');
    expect(await gateway.sample(COUNTED_101)).toBe(before + 1);
  });

  test('twenty tunnels: the gauge counts each and returns to 0', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => openWebSocket('/live/a')));
    expect(await gateway.sample('audgate_open_connections{kind="upgraded"}')).toBe(20);
    for (const client of clients) client.close();
    await expectNoConnections();
  });
});

const COUNTED_101 = 'audgate_requests_total{route="/live",method="GET",status="101"}';

function accept(
  options: ConstructorParameters<typeof WebSocketServer>[0],
  onOpen: (server: WebSocket) => unknown = () => undefined,
): Upstream['handleUpgrade'] {
  const server = new WebSocketServer({ ...options, noServer: true });
  return (req, socket, head) => server.handleUpgrade(req, socket, head, onOpen);
}
