/** Fields of a WebSocket handshake: what is forwarded, removed and added. */

import { describe, expect, test } from 'vitest';
import { headerValues } from '../../support/raw-http.ts';
import { gateway, openWebSocket, token, upstream, useWebSocketFixture } from './fixture.ts';

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

  test('forward_token: the token is forwarded', async () => {
    (await openWebSocket('/forwarding/a')).terminate();
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'authorization')).toEqual([`Bearer ${token}`]);
  });

  test('a public route: the token is removed', async () => {
    (await openWebSocket('/open/a')).terminate();
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'authorization')).toEqual([]);
  });
});
