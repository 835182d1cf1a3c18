/** A handshake that the gateway refuses. */

import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  bearer,
  type HeaderPair,
  headerValues,
  type RawRequest,
  type RawResponse,
  request,
} from '../../support/raw-http.ts';
import { gateway, issuer, KEY, OTHER, RESOURCE, token, untilClosed, upstream, useWebSocketFixture } from './fixture.ts';

useWebSocketFixture();

describe('a refused handshake', () => {
  test('without a token: 401 with its challenge, then the connection ends', async () => {
    const answer = await refused({ path: '/live/a', headers: [...HANDSHAKE] });
    expect(answer.status).toBe(401);
    expect(headerValues(answer.headers, 'www-authenticate')).toEqual([
      'Bearer resource_metadata="https://live.example.com/.well-known/oauth-protected-resource"',
    ]);
    expect(JSON.parse(String(answer.body))).toMatchObject({ status: 401, reason: 'missing_token' });
  });

  test('with a token for another resource: 401, the challenge, and the confused-deputy counter', async () => {
    const series = `audgate_confused_deputy_rejections_total{route="/other",resource="${OTHER}",presented="${RESOURCE}",issuer="${issuer.issuer}",action="refused"}`;
    const before = await gateway.sample(series);
    const answer = await refused({ path: '/other/a', headers: [...HANDSHAKE, bearer(token)] });
    expect(answer.status).toBe(401);
    expect(headerValues(answer.headers, 'www-authenticate').join()).toContain('error="invalid_token"');
    expect(headerValues(answer.headers, 'content-type')).toEqual(['application/problem+json']);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'wrong_audience' });
    expect(await gateway.sample(series)).toBe(before + 1);
  });

  test('ws as the client: reports the 401', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/live/a`);
    client.on('error', () => undefined);
    const [, answer] = await once(client, 'unexpected-response');
    expect(answer.statusCode).toBe(401);
    client.terminate();
  });

  const without = (...names: string[]) => HANDSHAKE.filter(([name]) => !names.includes(name));
  const malformed: [string, RawRequest][] = [
    ['without a Sec-WebSocket-Key', { path: '/live/a', headers: without('Sec-WebSocket-Key') }],
    [
      'with a bad Sec-WebSocket-Key',
      { path: '/live/a', headers: [...without('Sec-WebSocket-Key'), ['Sec-WebSocket-Key', 'short']] },
    ],
    ['with two Sec-WebSocket-Key', { path: '/live/a', headers: [...HANDSHAKE, ['Sec-WebSocket-Key', KEY]] }],
    ['without a version', { path: '/live/a', headers: without('Sec-WebSocket-Version') }],
    ['by POST', { method: 'POST', path: '/live/a', headers: HANDSHAKE }],
    ['by OPTIONS', { method: 'OPTIONS', path: '/live/a', headers: HANDSHAKE }],
    ['with a body', { path: '/live/a', headers: [...HANDSHAKE, ['Content-Length', '2']], body: 'hi' }],
    [
      'with a chunked body',
      { path: '/live/a', headers: [...HANDSHAKE, ['Transfer-Encoding', 'chunked']], body: '0\r\n\r\n' },
    ],
  ];
  test.each(malformed)('%s: malformed_request, whatever the token', async (_name, raw) => {
    const answer = await refused({ ...raw, headers: [...(raw.headers ?? []), bearer(token)] });
    expect(answer.status).toBe(400);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'malformed_request' });
  });

  test.each(['0', '8', '14'])('of version %s: 426, which names version 13 (RFC 6455 section 4.4)', async version => {
    const fields: HeaderPair[] = [...without('Sec-WebSocket-Version'), ['Sec-WebSocket-Version', version]];
    const answer = await refused({ path: '/live/a', headers: [...fields, bearer(token)] });
    expect(answer.status).toBe(426);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'upgrade_required' });
    expect(headerValues(answer.headers, 'sec-websocket-version')).toEqual(['13']);
    expect(headerValues(answer.headers, 'upgrade')).toEqual(['websocket']);
    expect(headerValues(answer.headers, 'connection').join()).toContain('Upgrade');
  });

  test('CONNECT: malformed_request', async () => {
    const answer = await refused({ method: 'CONNECT', path: 'internal:22', headers: [bearer(token)] });
    expect(answer.status).toBe(400);
  });

  const connecting = (fields: string): HeaderPair[] => [...without('Connection'), ['Connection', fields]];
  test.each<[string, HeaderPair[]]>([
    ['that Connection does not list', connecting('close')],
    [
      'to h2c',
      [
        ...connecting('Upgrade, HTTP2-Settings, close').filter(([name]) => name !== 'Upgrade'),
        ['Upgrade', 'h2c'],
        ['HTTP2-Settings', 'AAMAAABk'],
      ],
    ],
    [
      'to an unknown protocol',
      [...connecting('Upgrade, close').filter(([name]) => name !== 'Upgrade'), ['Upgrade', 'teleport/1']],
    ],
  ])('Upgrade %s: forwarded as a request without it (RFC 9110 section 7.8)', async (_name, fields) => {
    const answer = await request(gateway.port, { path: '/live/a', headers: [...fields, bearer(token)] });
    expect(answer.status).toBe(200);
    const received = upstream.received[0]?.rawHeaders ?? [];
    expect([headerValues(received, 'upgrade'), headerValues(received, 'http2-settings')]).toEqual([[], []]);
  });

  async function refused(raw: RawRequest): Promise<RawResponse> {
    const answer = await untilClosed(raw);
    expect(upstream.received).toEqual([]);
    return answer;
  }
});

const HANDSHAKE: readonly HeaderPair[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', KEY],
];
