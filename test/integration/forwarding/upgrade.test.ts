/** Upgrade to anything but a WebSocket is ignored (RFC 9110 section 7.8): the request is served as if it had none. */

import { describe, expect, test } from 'vitest';
import { bearer, type HeaderPair, headerValues, parseResponses, sendRaw } from '../../support/raw-http.ts';
import { CHUNKED, gateway, head, issuer, token, upstream, useForwardingFixture } from './fixture.ts';

useForwardingFixture();

const SETTINGS: HeaderPair = ['HTTP2-Settings', 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA'];

const OFFERS: readonly (readonly [string, readonly HeaderPair[]])[] = [
  // In the order of fields in which these clients send them.
  ['Java 17 HttpClient: h2c', [['Connection', 'Upgrade, HTTP2-Settings'], SETTINGS, ['Upgrade', 'h2c']]],
  ['curl --http2: h2c', [['Connection', 'Upgrade, HTTP2-Settings'], ['Upgrade', 'h2c'], SETTINGS]],
  [
    'Apache HttpClient 5: TLS/1.2',
    [
      ['Upgrade', 'TLS/1.2'],
      ['Connection', 'Upgrade'],
    ],
  ],
  [
    'several protocols',
    [
      ['Upgrade', 'h2c, TLS/1.3, teleport'],
      ['Connection', 'keep-alive, Upgrade'],
    ],
  ],
  [
    'two fields',
    [
      ['Upgrade', 'h2c'],
      ['Upgrade', 'teleport'],
      ['Connection', 'Upgrade'],
    ],
  ],
  [
    'a protocol that only begins like websocket',
    [
      ['Upgrade', 'websocket2'],
      ['Connection', 'Upgrade'],
    ],
  ],
  [
    'an empty list',
    [
      ['Upgrade', ''],
      ['Connection', 'Upgrade'],
    ],
  ],
  ['websocket, which Connection does not list', [['Upgrade', 'websocket']]],
];

describe.each(OFFERS)('%s', (_name, offer) => {
  test('served; nothing of the offer reaches the upstream; the next request on the connection is served as well', async () => {
    const posted = head('POST /api/b', [...offer, bearer(token), ['Content-Length', '5']]);
    const chunked = head('PUT /api/c', [...offer, bearer(token), CHUNKED]);
    const bytes = [
      head('GET /api/a', [...offer, bearer(token), ['X-Kept', '1']]),
      `${posted}hello`,
      `${chunked}5\r\nhello\r\n0\r\n\r\n`,
      head('GET /api/d', [bearer(token)]),
    ].join('');
    const answers = parseResponses(await sendRaw(gateway.port, bytes, { responses: 4 }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const { headers } of answers) expect(headerValues(headers, 'upgrade')).toEqual([]);
    expect(upstream.received.map(({ url, body }) => `${url} ${body?.text}`)).toEqual([
      '/api/a ',
      '/api/b hello',
      '/api/c hello',
      '/api/d ',
    ]);
    for (const { rawHeaders } of upstream.received) {
      for (const name of ['upgrade', 'http2-settings']) expect(headerValues(rawHeaders, name), name).toEqual([]);
      expect(headerValues(rawHeaders, 'connection').join()).not.toMatch(/upgrade|http2/i);
    }
    expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'x-kept')).toEqual(['1']);
  });

  test('without a token, or with one for another API: refused as without the offer', async () => {
    const foreign = bearer(await issuer.sign({ claims: { aud: 'https://other.example.com/' } }));
    for (const fields of [[], [foreign]]) {
      const answers = parseResponses(
        await sendRaw(gateway.port, head('GET /api/a', [...offer, ...fields]), { responses: 1 }),
      );
      expect(answers.map(({ status }) => status)).toEqual([401]);
    }
    expect(upstream.received).toEqual([]);
  });
});

test('HTTP/2 behind an offer that was not accepted: 505, and none of it is served', async () => {
  const offer = head('GET /api/a', [...(OFFERS[0]?.[1] ?? []), bearer(token)]);
  const answers = parseResponses(await sendRaw(gateway.port, `${offer}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`));
  expect(answers.map(({ status }) => status)).toEqual([200, 505]);
  expect(upstream.received.map(({ url }) => url)).toEqual(['/api/a']);
});

test('HTTP/1.0: Upgrade is ignored, a whole WebSocket handshake as well', async () => {
  const handshake: readonly HeaderPair[] = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    bearer(token),
  ];
  const bytes = head('GET /api/a', handshake).replace('HTTP/1.1', 'HTTP/1.0');
  expect((await sendRaw(gateway.port, bytes)).toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  expect(headerValues(upstream.received[0]?.rawHeaders ?? [], 'upgrade')).toEqual([]);
});
