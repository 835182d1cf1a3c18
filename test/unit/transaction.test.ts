import { describe, expect, test } from 'vitest';
import { authorize } from '../../src/authorization/authorize.ts';
import { deny } from '../../src/denial.ts';
import { IncomingRequest, type RequestChannel } from '../../src/http/server/incoming-request.ts';
import { readRequestHead } from '../../src/route/request-head.ts';
import { Transaction } from '../../src/transaction.ts';
import { protectedRoute } from './route/example-route.ts';

/** Nothing is sent. */
const NO_CHANNEL = { peer: { address: '192.0.2.7', isSecure: false } } as RequestChannel;
const nothing = () => undefined;
const NO_EVENTS = { onForwarded: nothing, onUpgraded: nothing, onFault: nothing, onFinished: nothing };

/** A transaction as the gateway has it once the head of its request has been read. */
function transactionOf(url: string, host = 'api.example'): Transaction {
  const parsed = { method: 'GET', target: url, version: '1.1', fields: ['Host', host] } as const;
  const sent = { ...parsed, body: 'none', expects: 'nothing' } as const;
  const request = new IncomingRequest(NO_CHANNEL, { ...sent, protocol: undefined });
  const transaction = new Transaction(request, NO_EVENTS);
  const head = readRequestHead(sent);
  if (head.ok) transaction.head = head;
  return transaction;
}

describe('the recorded path: no query in any spelling, also where the head was refused', () => {
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
    const recorded = transactionOf(url).finish().path;
    expect(recorded).not.toContain('secret');
    expect(recorded).toBe(path);
  });
});

test.each(['a b', 'user:pass@api.example', 'a"b', ''])('invalid Host %j: recorded as empty', host => {
  expect(transactionOf('/a', host).finish().host).toBe('');
});

describe('the recorded outcome', () => {
  const route = protectedRoute({ prefix: '/a', enforcement: 'report' });
  const match = { ok: true, route, path: '/a', rest: '', otherRests: [] } as const;

  test('no decision and no refusal: forwarded', () => {
    expect(transactionOf('/a').finish()).toMatchObject({ outcome: 'forwarded', denial: undefined, route: undefined });
  });

  test('a denial that is only reported: reported, with the denial', () => {
    const transaction = transactionOf('/a');
    transaction.match = match;
    transaction.decision = authorize(new Map(), match, 'GET', deny('missing_token'), 0);
    expect(transaction.finish()).toMatchObject({ outcome: 'reported', denial: { reason: 'missing_token' }, route });
  });

  test('a fault after a reported denial: denied, with the reason internal', () => {
    const transaction = transactionOf('/a');
    transaction.match = match;
    transaction.decision = authorize(new Map(), match, 'GET', deny('missing_token'), 0);
    transaction.refusedFor = 'internal';
    expect(transaction.finish()).toMatchObject({ outcome: 'denied', denial: { reason: 'internal' } });
  });

  test('a failure of the upstream: failed, with its cause', () => {
    const transaction = transactionOf('/a');
    transaction.failure = { reason: 'upstream_timeout', cause: 'response_timeout' };
    expect(transaction.finish()).toMatchObject({
      outcome: 'failed',
      failure: { reason: 'upstream_timeout', cause: 'response_timeout' },
    });
  });

  test('a client that closed before the response: status 499', () => {
    expect(transactionOf('/a').finish()).toMatchObject({ status: 499 });
  });

  test('two transactions: two request ids', () => {
    expect(transactionOf('/a').requestId).not.toBe(transactionOf('/a').requestId);
  });
});
