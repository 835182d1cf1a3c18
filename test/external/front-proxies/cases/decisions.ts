/** The decision at the client and at the API: what is forwarded with which fields, and each refusal as the gateway would give it. */

import { expect } from 'vitest';
import { HOST, lineOf, problemOf, resourceOf, send, textOf, valuesLike, type World } from '../world.ts';
import type { Case } from './case.ts';

const METADATA = `resource_metadata="https://${HOST}/.well-known/oauth-protected-resource/billing"`;

/** @returns a token for `route` with every scope but the administrator's. */
export function tokenFor({ issuer }: World, route: string, claims: Record<string, unknown> = {}): Promise<string> {
  const scope = 'billing:read billing:write';
  return issuer.sign({ claims: { aud: resourceOf(route), scope, ...claims } });
}

export const DECISIONS: readonly Case[] = [
  {
    name: 'right token',
    expected: 'forwarded with identity, without Authorization',
    run: async world => {
      const token = await tokenFor(world, 'billing', { sub: 'right-token' });
      const { status, received } = await send(world, '/billing/invoices?from=2026', { token });
      const [seen] = received;
      expect({ status, url: seen?.url, method: seen?.method }).toEqual({
        status: 200,
        url: '/billing/invoices?from=2026',
        method: 'GET',
      });
      expect(seen && valuesLike(seen, 'x-user')).toEqual(['right-token']);
      expect(seen && valuesLike(seen, 'authorization')).toEqual([]);
      expect(seen && valuesLike(seen, 'host')).toEqual([HOST]);
      const line = await lineOf(world, 'right-token');
      expect(line).toMatchObject({
        ...{ via: 'authorizer', route: '/billing', method: 'GET', host: HOST, path: '/billing/invoices' },
        ...{ outcome: 'forwarded', client: '127.0.0.1' },
      });
      return '200';
    },
  },
  {
    name: 'no token',
    expected: '401 with the challenge that names the metadata',
    run: async world => {
      const answer = await send(world, '/billing/invoices');
      expect(answer).toMatchObject({ status: 401, received: [] });
      const challenge = textOf(answer, 'www-authenticate');
      expect(challenge).toMatch(/^Bearer /);
      expect(challenge).toContain(METADATA);
      expect(challenge).toContain('scope="billing:read"');
      expect(challenge).not.toContain('error=');
      expect(problemOf(answer)).toMatchObject({ status: 401, reason: 'missing_token' });
      return '401 + challenge';
    },
  },
  {
    name: "sibling's token",
    expected: '401 with the full challenge and its document',
    run: async world => {
      const answer = await send(world, '/billing/invoices', { token: await tokenFor(world, 'profile') });
      expect(answer).toMatchObject({ status: 401, received: [] });
      const challenge = textOf(answer, 'www-authenticate');
      expect(challenge).toContain(METADATA);
      expect(challenge).toContain('error="invalid_token"');
      expect(problemOf(answer)).toMatchObject({ status: 401, reason: 'wrong_audience' });
      expect(problemOf(answer)['request_id']).toMatch(/./);
      return '401 + challenge';
    },
  },
  {
    name: 'missing scope',
    expected: '403 with the challenge that names it',
    run: async world => {
      const token = await tokenFor(world, 'billing', { scope: 'billing:read' });
      const answer = await send(world, '/billing/invoices', { method: 'POST', token, body: 'x=1' });
      expect(answer).toMatchObject({ status: 403, received: [] });
      expect(textOf(answer, 'www-authenticate')).toContain('error="insufficient_scope"');
      expect(textOf(answer, 'www-authenticate')).toContain('scope="billing:write"');
      expect(problemOf(answer)).toMatchObject({ status: 403, reason: 'insufficient_scope' });
      return '403 + challenge';
    },
  },
  {
    name: 'other method',
    expected: '405 with Allow',
    run: async world => {
      const answer = await send(world, '/billing/invoices', {
        method: 'DELETE',
        token: await tokenFor(world, 'billing'),
      });
      expect(answer).toMatchObject({ status: 405, received: [] });
      expect(textOf(answer, 'allow')?.split(/, ?/)).toEqual(expect.arrayContaining(['GET', 'HEAD', 'POST']));
      expect(problemOf(answer)).toMatchObject({ status: 405, reason: 'method_not_allowed' });
      return '405 + Allow';
    },
  },
  {
    name: 'no route',
    expected: '404',
    run: async world => {
      const answer = await send(world, '/nowhere', { token: await tokenFor(world, 'billing') });
      expect(answer).toMatchObject({ status: 404, received: [] });
      expect(problemOf(answer)).toMatchObject({ status: 404, reason: 'no_route' });
      return '404';
    },
  },
  {
    name: 'ambiguous path',
    expected: '400',
    run: async world => {
      const answer = await send(world, '/billing/x;y=z/w', { token: await tokenFor(world, 'billing') });
      expect(answer).toMatchObject({ status: 400, received: [] });
      expect(problemOf(answer)).toMatchObject({ status: 400, reason: 'ambiguous_path' });
      return '400';
    },
  },
  {
    name: 'report mode',
    expected: "a sibling's token is forwarded as it came, and reported",
    run: async world => {
      const token = await tokenFor(world, 'profile', { sub: 'reported' });
      const series = 'audgate_denials_total{route="/legacy",reason="wrong_audience",action="forwarded"}';
      const before = await world.audgate.sample(series);
      const answer = await send(world, '/legacy/x', { token });
      const { status, received } = answer;
      // Traefik passes no field of a permission to the client.
      const told = world.kind.name === 'Traefik' ? undefined : 'wrong_audience';
      expect(textOf(answer, 'audgate-would-deny')).toBe(told);
      expect({ status, count: received.length }).toEqual({ status: 200, count: 1 });
      expect(received.flatMap(seen => valuesLike(seen, 'authorization'))).toEqual([`Bearer ${token}`]);
      expect(received.flatMap(seen => valuesLike(seen, 'x-user'))).toEqual(['reported']);
      expect(await lineOf(world, 'reported')).toMatchObject({ outcome: 'reported', reason: 'wrong_audience' });
      expect(await world.audgate.sample(series)).toBe(before + 1);
      return '200, reported';
    },
  },
  {
    name: 'exchanged token',
    expected: "in the place of the client's; refused where there is none",
    run: async world => {
      const { exchange } = world;
      const answer = await send(world, '/inner', { token: await tokenFor(world, 'inner', { sub: 'alice' }) });
      expect(answer.status).toBe(200);
      const arrived = answer.received.flatMap(seen => valuesLike(seen, 'authorization'));
      expect(arrived).toEqual([`Bearer ${exchange.issued.at(-1)}`]);
      exchange.answer = response => response.writeHead(400).end('{"error":"invalid_target"}');
      const refused = await send(world, '/inner', { token: await tokenFor(world, 'inner', { sub: 'bob' }) });
      exchange.answer = undefined;
      expect(refused.received).toEqual([]);
      expect(problemOf(refused)).toMatchObject({ status: refused.status, reason: 'exchange_refused' });
      return `200, ${refused.status}`;
    },
  },
  {
    name: 'request id',
    expected: 'one in the log and at the API, where the proxy makes one',
    run: async world => {
      const token = await tokenFor(world, 'profile', { sub: 'request-id' });
      const { received } = await send(world, '/profile', { token });
      const ids = received.flatMap(seen => valuesLike(seen, 'x-request-id'));
      if (world.kind.name === 'Traefik' && ids.length === 0) return 'none';
      expect(ids).toEqual([(await lineOf(world, 'request-id'))['request_id']]);
      return 'the same';
    },
  },
];
