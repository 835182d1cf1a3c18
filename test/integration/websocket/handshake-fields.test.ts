/** Fields of a WebSocket handshake: what is forwarded, removed and added. */

import { describe, expect, test } from 'vitest';
import { openConnected } from '../../support/raw-connection.ts';
import { headerValues } from '../../support/raw-http.ts';
import { SWITCHING } from '../../support/switching.ts';
import { gateway, handshake, openWebSocket, token, upstream, useWebSocketFixture } from './fixture.ts';

useWebSocketFixture();

describe('fields of the handshake', () => {
  test('the upstream: its own Host, base path, identity fields, no token', async () => {
    const client = await openWebSocket('/live/a?q=%2e', [], {
      'X-User': 'forged',
      X_User: 'forged',
      'X-Forwarded-For': '6.6.6.6',
      'X-Kept': '1',
    });
    client.terminate();
    const [received] = upstream.received;
    const fields = received?.rawHeaders ?? [];
    expect(received?.url).toBe('/base/live/a?q=%2e');
    expect(headerValues(fields, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
    expect(headerValues(fields, 'x-user')).toEqual(['alice']);
    expect(headerValues(fields, 'x_user')).toEqual([]);
    expect(headerValues(fields, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(headerValues(fields, 'x-forwarded-host')).toEqual([`127.0.0.1:${gateway.port}`]);
    expect(headerValues(fields, 'via')).toEqual([]);
    expect(headerValues(fields, 'x-kept')).toEqual(['1']);
    expect(headerValues(fields, 'authorization')).toEqual([]);
    expect(headerValues(fields, 'connection')).toEqual(['Upgrade']);
    expect(headerValues(fields, 'upgrade')).toEqual(['websocket']);
  });

  test.each(['foo, websocket', 'WebSocket , h2c', 'h2c,websocket'])(
    'Upgrade: %s: a WebSocket, and the upstream is asked for this alone',
    async protocols => {
      const wire = await openConnected(gateway.port);
      const text = handshake('/open/a').replace('Upgrade: websocket', `Upgrade: ${protocols}`);
      wire.send(text.replace('Connection: Upgrade', 'Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk'));
      await wire.until('\r\n\r\n');
      expect(wire.text()).toMatch(/^HTTP\/1\.1 101 .*\r\nUpgrade: websocket\r\n/s);
      const fields = upstream.received[0]?.rawHeaders ?? [];
      expect(headerValues(fields, 'upgrade')).toEqual(['websocket']);
      expect(headerValues(fields, 'http2-settings')).toEqual([]);
      wire.socket.destroy();
    },
  );

  test('bytes from 0x80 on in a field of the 101: the same bytes', async () => {
    const { handleUpgrade } = upstream;
    upstream.handleUpgrade = (_request, socket) => {
      socket.write(SWITCHING.replace('\r\n\r\n', '\r\nX-Bytes: caf\xe9 \xc3\xbc\r\n\r\n'), 'latin1');
    };
    const wire = await openConnected(gateway.port);
    wire.send(handshake('/open/a'));
    await wire.until('\r\n\r\n');
    expect(wire.text()).toContain('\r\nX-Bytes: caf\xe9 \xc3\xbc\r\n');
    wire.socket.destroy();
    upstream.handleUpgrade = handleUpgrade;
  });

  test('forward_token: the token is forwarded', async () => {
    (await openWebSocket('/forwarding/a')).terminate();
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'authorization')).toEqual([`Bearer ${token}`]);
  });

  test('a public route: the token is removed', async () => {
    (await openWebSocket('/open/a')).terminate();
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'authorization')).toEqual([]);
  });
});
