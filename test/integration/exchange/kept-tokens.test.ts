/** How many exchanges are made for how many requests: what an issued token is kept by, and for how long. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sendJson } from '../../support/exchange-server.ts';
import type { RunningGateway } from '../../support/gateway.ts';
import { eventually } from '../../support/waiting.ts';
import {
  authorizationsIn,
  countExchanges,
  createHold,
  createWorld,
  INNER,
  type Settings,
  send,
  type World,
} from './fixture.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const soon = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** Sends `count` requests one after the other. @returns the exchanges that they made. */
async function exchangesOf(gateway: RunningGateway, count: number, token: string, path = '/inner/1'): Promise<number> {
  const before = world.endpoint.calls.length;
  for (let sent = 0; sent < count; sent += 1) expect(await send(gateway, token, path)).toBe('forwarded');
  return world.endpoint.calls.length - before;
}

/**
 * Sends 50 requests at once, and calls `release` when each waits for the issued token. The gateway verifies the token before, on a route
 * without exchange, so that a request which has found it among the verified tokens waits from then on.
 * @returns what they came to, and the exchanges that they made.
 */
async function sendAtOnce(release: () => void) {
  const plain = world.route({ upstream_token: undefined, exchange: undefined });
  const gateway = await world.start({ '/inner': world.route(), '/plain': plain });
  const token = await world.tokenFor();
  expect(await send(gateway, token, '/plain')).toBe('forwarded');
  const before = world.endpoint.calls.length;
  const sent = Array.from({ length: 50 }, () => send(gateway, token));
  await eventually(async () => (await gateway.sample('audgate_token_cache_lookups_total{outcome="hit"}')) === 50);
  release();
  const outcomes = new Set(await Promise.all(sent));
  return { outcomes, exchanges: world.endpoint.calls.length - before, counted: await countExchanges(gateway) };
}

test('one token, 50 requests: 1 exchange, and each request has the issued token', async () => {
  const gateway = await world.start();
  world.forget();
  const token = await world.tokenFor();
  expect(await exchangesOf(gateway, 50, token)).toBe(1);
  expect(await countExchanges(gateway)).toEqual({ hit: 49, success: 1, refused: 0, failure: 0 });
  expect(new Set(authorizationsIn(world.bytes()))).toEqual(
    new Set([`Authorization: Bearer ${world.endpoint.issued.at(-1)}`]),
  );
  expect(world.bytes()).not.toContain(token);
});

test('50 requests at once: 1 exchange', async () => {
  const { held, release } = createHold();
  world.endpoint.hold = held;
  const counted = { hit: 49, success: 1, refused: 0, failure: 0 };
  expect(await sendAtOnce(release)).toEqual({ outcomes: new Set(['forwarded']), exchanges: 1, counted });
});

test('50 requests at once that are refused: 1 exchange, and each is refused', async () => {
  const { held, release } = createHold();
  world.endpoint.answer = async response => {
    await held;
    sendJson(response, 400, { error: 'invalid_target' });
  };
  const counted = { hit: 0, success: 0, refused: 1, failure: 0 };
  expect(await sendAtOnce(release)).toEqual({ outcomes: new Set(['403 exchange_refused']), exchanges: 1, counted });
});

describe('what makes an exchange of its own, with one token on two routes', () => {
  const OTHER = 'https://other.example.com/';
  test.each<[string, Settings, Settings, number]>([
    ['the same settings: none', {}, {}, 1],
    ['the same scopes in another order: none', { scopes: ['a', 'b'] }, { scopes: ['b', 'a'] }, 1],
    ['another resource', {}, { resource: OTHER }, 2],
    ['an audience beside', {}, { audience: 'inner' }, 2],
    ['another audience', { audience: 'inner' }, { audience: 'other' }, 2],
    [
      'a resource that is the audience of the other',
      { resource: 'urn:x' },
      { resource: undefined, audience: 'urn:x' },
      2,
    ],
    ['other scopes', { scopes: ['a'] }, { scopes: ['b'] }, 2],
    ['one scope more', { scopes: ['a'] }, { scopes: ['a', 'b'] }, 2],
    ['another client', {}, { client_id: 'another' }, 2],
    ['opaque tokens allowed', {}, { opaque: true }, 2],
    ['another grant', { scopes: [`${INNER}x`] }, { scopes: [`${INNER}x`], grant: 'jwt-bearer' }, 2],
  ])('%s', async (_what, one, two, expected) => {
    const gateway = await world.start({ '/inner': world.route({}, one), '/second': world.route({}, two) });
    const before = world.endpoint.calls.length;
    const token = await world.tokenFor();
    for (const path of ['/inner/1', '/second/1', '/inner/1', '/second/1']) {
      expect(await send(gateway, token, path)).toBe('forwarded');
    }
    expect(world.endpoint.calls.length - before).toBe(expected);
  });

  test('another endpoint', async () => {
    const second = world.route({}, { token_endpoint: `${world.endpoint.origin}/second` });
    const gateway = await world.start({ '/inner': world.route(), '/second': second });
    const token = await world.tokenFor();
    const before = world.endpoint.calls.length;
    for (const path of ['/inner/1', '/second/1']) expect(await send(gateway, token, path)).toBe('forwarded');
    expect(world.endpoint.calls.length - before).toBe(2);
  });
});

test('another token of the same caller, and another caller: an exchange each', async () => {
  const gateway = await world.start();
  const tokens = await Promise.all([world.tokenFor(), world.tokenFor(), world.tokenFor({ sub: 'bob' })]);
  const counts = [];
  for (const token of tokens) counts.push(await exchangesOf(gateway, 2, token));
  expect(counts).toEqual([1, 1, 1]);
  const subjects = world.endpoint.calls.slice(-3).map(({ form }) => form.get('subject_token'));
  expect(subjects).toEqual(tokens);
});

describe('how long an issued token is kept', () => {
  const FAR = 1e12;
  test.each<[string, Settings, Settings, Settings, number]>([
    ['all far away: kept', {}, { exp: soon(3_000) }, { exp: soon(3_000) }, 1],
    ['expires_in 0', { expires_in: 0 }, {}, {}, 3],
    ['expires_in negative', { expires_in: -300 }, {}, {}, 3],
    ['expires_in no number', { expires_in: {} }, {}, {}, 3],
    ['expires_in text that is no number', { expires_in: '5 minutes' }, {}, {}, 3],
    ['expires_in a number as text: kept', { expires_in: '300' }, {}, {}, 1],
    ['expires_in huge: kept, at most as long as the tokens', { expires_in: FAR }, {}, {}, 1],
    ['no expires_in, exp of the issued token: kept', { expires_in: undefined }, {}, {}, 1],
    ['neither of them: kept, for a minute', { expires_in: undefined }, { exp: undefined }, {}, 1],
    ['the issued token has expired', {}, { exp: 1_700_000_000 }, {}, 3],
    ['exp of the issued token is no number', {}, { exp: 'never' }, {}, 3],
  ])('%s', async (_what, members, issued, subject, expected) => {
    const gateway = await world.start();
    Object.assign(world.endpoint, { members, claims: issued });
    expect(await exchangesOf(gateway, 3, await world.tokenFor(subject))).toBe(expected);
  });

  test('expires_in 1: exchanged again once it has passed', async () => {
    const gateway = await world.start();
    world.endpoint.members = { expires_in: 1 };
    const token = await world.tokenFor();
    const before = world.endpoint.calls.length;
    await eventually(async () => {
      expect(await send(gateway, token)).toBe('forwarded');
      return world.endpoint.calls.length - before === 2;
    });
  });

  test('the subject token ends soon: neither it nor the issued token opens anything afterwards', async () => {
    const gateway = await world.start();
    const token = await world.tokenFor({ exp: soon(5) });
    world.endpoint.members = { expires_in: 3_600 };
    expect(await send(gateway, token)).toBe('forwarded');
    await eventually(async () => (await send(gateway, token)) === '401 token_expired');
  });

  test('the subject token has ended, though its issuer has a leeway: exchanged, and not kept', async () => {
    const gateway = await world.start({ '/inner': world.route() }, { expiry_leeway: '5m' });
    expect(await exchangesOf(gateway, 3, await world.tokenFor({ exp: soon(-10) }))).toBe(3);
  });
});
