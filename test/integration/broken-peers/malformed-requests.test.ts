/** Requests that break the grammar of RFC 9112: refused, and not forwarded. */

import { describe, expect, test } from 'vitest';
import { openConnected } from '../../support/raw-connection.ts';
import {
  bearer,
  type HeaderPair,
  headerValues,
  parseResponses,
  type RawResponse,
  request,
  sendRaw,
} from '../../support/raw-http.ts';
import { eventually, withTimeout } from '../../support/waiting.ts';
import { expectAlive, gateway, issuer, line, RESOURCE, token, upstream, useBrokenPeersFixture } from './fixture.ts';

useBrokenPeersFixture();

describe('a malformed request', () => {
  test.each([
    ['a token of 64 KB', `Authorization: Bearer ${'a'.repeat(64 * 1024)}\r\n`],
    ['a token of a million dots', `Authorization: Bearer ${'.'.repeat(1_000_000)}\r\n`],
    ['a thousand fields', 'X-Filler: 123456789012345678901234567890\r\n'.repeat(1000)],
    ['a target of 64 KB', ''],
  ])('%s: 431, logged and counted as headers_too_large', async (name, fields) => {
    const series = 'audgate_denials_total{route="(none)",reason="headers_too_large",action="refused"}';
    const before = await gateway.sample(series);
    const lines = gateway.log.length;
    const target = name.startsWith('a target') ? `/api/${'a'.repeat(64 * 1024)}` : '/api/a';
    const [answer] = await converse(`GET ${target} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`);
    expect(answer).toMatchObject({ status: 431, complete: true });
    expect(JSON.parse(String(answer?.body))).toMatchObject({ reason: 'headers_too_large', status: 431 });
    expect(await line(lines, { reason: 'headers_too_large' })).toMatchObject({
      status: 431,
      outcome: 'denied',
      reason: 'headers_too_large',
      route: '(none)',
    });
    expect(await gateway.sample(series)).toBe(before + 1);
    await expectAlive();
  });

  test('a token of as many dots as fit into the head: refused without delay', async () => {
    const startedAt = performance.now();
    const headers: HeaderPair[] = [bearer('.'.repeat(15_000))];
    const answer = await request(gateway.port, { path: '/api/a', headers });
    expect(answer.status).toBe(401);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'malformed_token' });
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test('each byte in a field value: forwarded only where RFC 9110 section 5.5 allows it', async () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const character = String.fromCharCode(byte);
      upstream.received.length = 0;
      const [answer] = await converse(
        `GET /open/a HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nX-A: a${character}X-B: b\r\n\r\n`,
      );
      const allowed = byte === 9 || (byte >= 32 && byte !== 127);
      expect(answer?.status, `byte ${byte}`).toBe(allowed ? 200 : 400);
      const fields = upstream.received[0]?.rawHeaders ?? [];
      expect(headerValues(fields, 'x-b'), `byte ${byte}`).toEqual([]);
      expect(headerValues(fields, 'x-a'), `byte ${byte}`).toEqual(allowed ? [`a${character}X-B: b`] : []);
    }
    await expectAlive();
  });

  test('each byte in a field name: forwarded only where it is a token character', async () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const character = String.fromCharCode(byte);
      upstream.received.length = 0;
      const [answer] = await converse(
        `GET /open/a HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nX-${character}A: a\r\n\r\n`,
      );
      const allowed = /[!#$%&'*+\-.^_`|~0-9A-Za-z:]/.test(character);
      expect(answer?.status, `byte ${byte}`).toBe(allowed ? 200 : 400);
      expect(upstream.received.length, `byte ${byte}`).toBe(allowed ? 1 : 0);
    }
    await expectAlive();
  });

  test.each([
    'Authorization',
    'Host',
    'Cookie',
    'Content-Length',
    'Transfer-Encoding',
    'Expect',
    'Connection',
    'Upgrade',
    'Content-Type',
  ])('arbitrary bytes in %s: refused or forwarded, never an internal error', async name => {
    const noise = Array.from({ length: 128 }, (_, index) => String.fromCharCode(0x80 + index)).join('');
    const host = name === 'Host' ? '' : 'Host: a.example\r\n';
    const [answer] = await converse(`POST /api/a HTTP/1.1\r\n${host}Connection: close\r\n${name}: ${noise}\r\n\r\n`);
    expect(answer?.status).toBeGreaterThanOrEqual(200);
    expect(answer?.status).toBeLessThan(500);
    expect(upstream.received).toEqual([]);
    await expectAlive();
  });

  test.each([
    'GARBAGE\r\n\r\n',
    '\r\n\r\n\r\nGARBAGE\r\n\r\n',
    'GET\r\n\r\n',
    'GET /open/a\r\n\r\n',
    'GET /open/a HTTP/1.1 extra\r\nHost: a\r\n\r\n',
    'GET /open/a XTTP/1.1\r\nHost: a\r\n\r\n',
    'FROB /open/a HTTP/1.1\r\nHost: a\r\n\r\n',
    'get /open/a HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /open/a\x00b HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET open/a HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET * HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET //a/open HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
    '{"json":true}\r\n\r\n',
    '\0\0\0\0\r\n\r\n',
  ])('%j: a complete refusal, not forwarded', bytes => expectRefusal(bytes, [400, 404]));

  test.each([
    'GET /open/a HTTP/2.0\r\nHost: a\r\n\r\n',
    'GET /open/a HTTP/1.2\r\nHost: a\r\n\r\n',
    'GET /open/a HTTP/0.9\r\nHost: a\r\n\r\n',
    'GET /open/a HTTP/9.9\r\nHost: a\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ])('%j: 505, not forwarded', bytes => expectRefusal(bytes, [505]));

  async function expectRefusal(bytes: string, statuses: readonly number[]): Promise<void> {
    const lines = gateway.log.length;
    const [answer] = await converse(bytes);
    expect(statuses).toContain(answer?.status);
    expect(answer?.complete).toBe(true);
    expect(headerValues(answer?.headers ?? [], 'content-type')).toEqual(['application/problem+json']);
    expect(await line(lines, { outcome: 'denied' })).toMatchObject({ status: answer?.status });
    expect(upstream.received).toEqual([]);
    await expectAlive();
  }

  test.each([
    ['two Hosts', 'Host: a.example\r\nHost: b.example\r\n'],
    ['the same Host twice', 'Host: a.example\r\nHost: a.example\r\n'],
    ['an empty Host', 'Host:\r\n'],
    ['a Host of spaces', 'Host:    \r\n'],
    ['no Host', ''],
    ['a Host with a path', 'Host: a.example/open\r\n'],
    ['a Host with userinfo', 'Host: b@a.example\r\n'],
    ['a Host with a comma', 'Host: a.example, b.example\r\n'],
    ['two lengths', 'Host: a.example\r\nContent-Length: 0\r\nContent-Length: 0\r\n'],
    ['a length and chunks', 'Host: a.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['a signed length', 'Host: a.example\r\nContent-Length: +5\r\n'],
    ['an unknown coding', 'Host: a.example\r\nTransfer-Encoding: gzip, chunked\r\n'],
    ['a coding that is not chunked', 'Host: a.example\r\nTransfer-Encoding: gzip\r\n'],
    ['chunked, but not last', 'Host: a.example\r\nTransfer-Encoding: chunked, gzip\r\n'],
    ['chunked twice', 'Host: a.example\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
    ['a coding that hides', 'Host: a.example\r\nTransfer-Encoding: \x0bchunked\r\n'],
    ['a space before the colon', 'Host: a.example\r\nTransfer-Encoding : chunked\r\n'],
    ['a folded line', 'Host: a.example\r\nX-A: b\r\n Transfer-Encoding: chunked\r\n'],
  ])('%s: 400, malformed_request', async (_name, fields) => {
    const [answer] = await converse(`GET /open/a HTTP/1.1\r\n${fields}\r\n`);
    expect(answer?.status).toBe(400);
    expect(JSON.parse(String(answer?.body))).toMatchObject({ reason: 'malformed_request' });
    expect(upstream.received).toEqual([]);
    await expectAlive();
  });

  test('malformed bytes behind a good request: it is answered, or not forwarded', async () => {
    for (let count = 0; count < 20; count += 1) {
      // A new token each time, so that its verification takes a while.
      const fresh = await issuer.sign({ claims: { aud: RESOURCE } });
      upstream.received.length = 0;
      const head = `GET /api/a HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer ${fresh}\r\n\r\n`;
      const answers = await converse(`${head}GARBAGE\r\n\r\n`);
      await expectAlive();
      const statuses = answers.map(({ status }) => status);
      const arrived = upstream.received.filter(({ url }) => url === '/api/a').length;
      expect({ arrived, answered: statuses.filter(status => status === 200).length }).toEqual({
        arrived,
        answered: arrived,
      });
      expect(statuses.filter(status => status !== 200 && status !== 400)).toEqual([]);
    }
  });

  test('malformed bytes behind a good request of a public route: not forwarded', async () => {
    await converse('GET /open/a HTTP/1.1\r\nHost: a.example\r\n\r\nGARBAGE /secret\r\n\r\n');
    await expectAlive();
    expect(JSON.stringify(upstream.received)).not.toContain('GARBAGE');
  });

  test('a chunked body that ends early: never complete for the upstream', async () => {
    const bodies: (string | undefined)[] = [];
    const failed = new Promise<void>(resolve => {
      upstream.handle = (req, res) => {
        req
          .on('error', () => resolve())
          .on('end', () => bodies.push('whole'))
          .resume();
        res.on('error', () => undefined);
      };
    });
    const wire = await openConnected(gateway.port);
    const head = `POST /api/a HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    wire.socket.write(`${head}5\r\nhello\r\n`);
    await eventually(() => upstream.received.length === 1);
    wire.socket.write('zz\r\n');
    await withTimeout(1000, failed, "the upstream's request did not end");
    expect(bodies).toEqual([]);
    await expectAlive();
  });
});

/** Sends these bytes, and reads until the gateway closes the connection. */
async function converse(bytes: string): Promise<RawResponse[]> {
  return parseResponses(await sendRaw(gateway.port, bytes));
}
