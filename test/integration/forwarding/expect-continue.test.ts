/** `Expect: 100-continue` (RFC 9110 section 10.1.1). */

import { describe, expect, test } from 'vitest';
import { openConnected } from '../../support/raw-connection.ts';
import { bearer, type HeaderPair, headerValues, parseResponses, sendRaw } from '../../support/raw-http.ts';
import { call, gateway, head, issuer, onlyRequest, token, upstream, useForwardingFixture } from './fixture.ts';

useForwardingFixture();

describe('Expect: 100-continue', () => {
  const expecting = (...more: HeaderPair[]): HeaderPair[] => [
    ...more,
    ['Expect', '100-continue'],
    ['Content-Length', '5'],
  ];

  test('an authorised request: 100 Continue, then its body; the upstream does not get the field', async () => {
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('POST /api/a', expecting(bearer(token), ['Connection', 'close'])));
    await wire.until('HTTP/1.1 100 Continue\r\n\r\n');
    expect(wire.text()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    wire.socket.write('hello');
    await wire.closed;
    const answers = parseResponses(Buffer.from(wire.text(), 'latin1'));
    expect(answers.map(({ status }) => status)).toEqual([100, 200]);
    expect(onlyRequest()).toMatchObject({ body: { text: 'hello' } });
    expect(headerValues(onlyRequest().rawHeaders, 'expect')).toEqual([]);
  });

  test.each([
    ['without a token', [], 401, 'missing_token'],
    ['with an empty token', [['Authorization', 'Bearer']], 400, 'malformed_credentials'],
  ] as const)(
    'a request %s: refused without 100 Continue, its connection ends',
    async (_name, fields, status, reason) => {
      const wire = await openConnected(gateway.port);
      wire.socket.write(head('POST /api/a', expecting(...fields)));
      await wire.closed;
      const answers = parseResponses(Buffer.from(wire.text(), 'latin1'));
      expect(answers.map(answer => answer.status)).toEqual([status]);
      expect(JSON.parse(String(answers[0]?.body))).toMatchObject({ reason });
      expect(upstream.received).toEqual([]);
    },
  );

  test('a token for another resource: refused without 100 Continue', async () => {
    const foreign = await issuer.sign({ claims: { aud: 'https://other.example.com/' } });
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('POST /api/a', expecting(bearer(foreign))));
    await wire.closed;
    expect(wire.text()).toMatch(/^HTTP\/1\.1 401 /);
    expect(wire.text()).not.toContain('100 Continue');
    expect(upstream.received).toEqual([]);
  });

  test('another expectation: refused, not forwarded', async () => {
    const answer = await call({ method: 'POST', path: '/api/a', headers: [['Expect', '200-maybe']], body: 'x' });
    expect(answer.status).toBe(417);
    expect(JSON.parse(String(answer.body))).toMatchObject({ reason: 'expectation_failed' });
    expect(upstream.received).toEqual([]);
  });

  test('an HTTP/1.0 client: no interim response (RFC 9110 section 10.1.1)', async () => {
    const fields = expecting(bearer(token));
    const bytes = head('POST /api/a', fields).replace('HTTP/1.1', 'HTTP/1.0');
    const answer = (await sendRaw(gateway.port, `${bytes}hello`)).toString('latin1');
    expect(answer).toContain('200 OK');
    expect(answer).not.toContain('100 Continue');
  });

  test('a public route: 100 Continue', async () => {
    const wire = await openConnected(gateway.port);
    wire.socket.write(head('POST /open/a', expecting(['Connection', 'close'])));
    await wire.until('HTTP/1.1 100 Continue\r\n\r\n');
    wire.socket.write('hello');
    await wire.closed;
    expect(onlyRequest()).toMatchObject({ body: { text: 'hello' } });
  });
});
