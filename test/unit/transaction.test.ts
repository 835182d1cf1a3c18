import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { authorize } from '../../src/authorization/authorize.ts';
import { deny } from '../../src/denial.ts';
import { readRequestHead } from '../../src/route/request-head.ts';
import { Exchange } from '../../src/transaction.ts';
import { protectedRoute } from './route/example-route.ts';

/** An exchange as the gateway has it once the head of its request has been read. */
function exchangeOf(url: string, host = 'api.example'): Exchange {
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { url, method: 'GET', headers: { host } });
  const exchange = new Exchange(request, new ServerResponse(request));
  const head = readRequestHead({ method: 'GET', url, httpVersion: '1.1', rawHeaders: ['Host', host] });
  if (head.ok) exchange.head = head;
  return exchange;
}

describe('the path that is told has no query, in whatever disguise, however far the request came', () => {
  test.each([
    ['/a?secret', '/a'],
    ['/a/../b?secret', '/a/../b'],
    ['/a#secret', '/a#…'],
    ['/a b?secret', '/a b'],
    ['http://other.example/a?secret', '/a'],
    ['/a%3Fsecret', '/a%3F…'],
    ['/a%3fsecret', '/a%3f…'],
    ['/a%253Fsecret', '/a%253F…'],
    ['/a;v=secret/;/other', '/a;v=…/;/other'],
  ])('%s → %s', (url, path) => {
    const told = exchangeOf(url).finish().path;
    expect(told).not.toContain('secret');
    expect(told).toBe(path);
  });
});

test.each(['a b', 'user:pass@api.example', 'a"b', ''])('a Host that is none is not told: %j', host => {
  expect(exchangeOf('/a', host).finish().host).toBe('');
});

describe('what became of it', () => {
  const route = protectedRoute({ prefix: '/a', enforcement: 'report' });
  const match = { ok: true, route, path: '/a', rest: '', otherRests: [] } as const;

  test('nothing was decided and nothing refused: forwarded', () => {
    expect(exchangeOf('/a').finish()).toMatchObject({ outcome: 'forwarded', denial: undefined, route: undefined });
  });

  test('a denial that was only reported', () => {
    const exchange = exchangeOf('/a');
    exchange.match = match;
    exchange.decision = authorize(new Map(), match, 'GET', deny('missing_token'));
    expect(exchange.finish()).toMatchObject({ outcome: 'reported', denial: { reason: 'missing_token' }, route });
  });

  test('a fault after a reported denial is told as the fault', () => {
    const exchange = exchangeOf('/a');
    exchange.match = match;
    exchange.decision = authorize(new Map(), match, 'GET', deny('missing_token'));
    exchange.refused = 'internal';
    expect(exchange.finish()).toMatchObject({ outcome: 'denied', denial: { reason: 'internal' } });
  });

  test('a failure of the upstream', () => {
    const exchange = exchangeOf('/a');
    exchange.failure = { reason: 'upstream_timeout', cause: 'response_timeout' };
    expect(exchange.finish()).toMatchObject({
      outcome: 'failed',
      failure: { reason: 'upstream_timeout', cause: 'response_timeout' },
    });
  });

  test('a client that left before it was answered: 499', () => {
    expect(exchangeOf('/a').finish()).toMatchObject({ status: 499 });
  });

  test('each has an id of its own', () => {
    expect(exchangeOf('/a').requestId).not.toBe(exchangeOf('/a').requestId);
  });
});
