import { expect, test } from 'vitest';
import { RecentDenials } from '../../../../src/telemetry/recent/recent-denials.ts';
import { protectedRoute } from '../../route/example-route.ts';
import { exampleToken } from '../../token/example-token.ts';
import { finishedRequest } from '../finished-example.ts';

const denied = (requestId: string) =>
  finishedRequest({ requestId, outcome: 'denied', denial: { reason: 'missing_token' } });

test('201 denials: the latest 200 are kept, newest first', () => {
  const denials = new RecentDenials();
  const ids = () => denials.list().map(({ requestId }) => requestId);
  expect(ids()).toEqual([]);
  for (const id of ['1', '2', '3']) denials.record(denied(id));
  expect(ids()).toEqual(['3', '2', '1']);
  for (let count = 4; count <= 450; count++) denials.record(denied(String(count)));
  expect(ids()).toEqual(Array.from({ length: 200 }, (_, index) => String(450 - index)));
});

test('a request without a denial: not kept', () => {
  const denials = new RecentDenials();
  denials.record(finishedRequest());
  denials.record(
    finishedRequest({ outcome: 'failed', failure: { reason: 'upstream_timeout', cause: 'response_timeout' } }),
  );
  expect(denials.list()).toEqual([]);
});

test('a denial: keeps issuer and client, and no other claim of the token', () => {
  const denials = new RecentDenials();
  const claims = { sub: 'alice', client_id: 'shop', email: 'alice@example.com', jti: 'x' };
  const verified = exampleToken({ claims });
  const denial = { reason: 'wrong_audience', presented: 'foreign' } as const;
  denials.record(finishedRequest({ route: protectedRoute({ prefix: '/a' }), outcome: 'reported', denial, verified }));
  const [kept] = denials.list();
  expect(kept).toEqual({
    at: expect.any(Number),
    requestId: finishedRequest().requestId,
    route: '/a',
    reason: 'wrong_audience',
    action: 'forwarded',
    status: 200,
    method: 'GET',
    host: 'api.example',
    path: '/a',
    presented: 'foreign',
    issuer: verified.issuer,
    clientId: 'shop',
  });
  expect(JSON.stringify(kept)).not.toMatch(/alice|email/);
});

test.each<[string, Readonly<Record<string, unknown>>, string | undefined]>([
  ['cid', { cid: 'd' }, 'd'],
  ['an empty client_id', { client_id: '', azp: 'b' }, undefined],
])('client id from %s', (_, claims, client) => {
  const denials = new RecentDenials();
  const denial = { reason: 'wrong_audience' } as const;
  denials.record(finishedRequest({ outcome: 'denied', denial, verified: exampleToken({ claims }) }));
  expect(denials.list()[0]?.clientId).toBe(client);
});

test('long method, Host, path and client id: cut', () => {
  const denials = new RecentDenials();
  const verified = exampleToken({ claims: { client_id: 'c'.repeat(10_000) } });
  const denial = { reason: 'insufficient_scope' } as const;
  denials.record(finishedRequest({ path: `/${'p'.repeat(10_000)}`, outcome: 'denied', denial, verified }));
  expect(denials.list()[0]?.path).toHaveLength(257);
  expect(denials.list()[0]?.clientId).toHaveLength(257);
});
