/** `upstream_token: exchange`: what the endpoint is asked, what the upstream gets, and who is exchanged at all. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { sendJson } from '../../support/exchange-server.ts';
import { startGateway } from '../../support/gateway.ts';
import { eventually } from '../../support/waiting.ts';
import {
  authorizationsIn,
  countExchanges,
  createHold,
  createWorld,
  FRONT,
  INNER,
  send,
  type World,
} from './fixture.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
beforeEach(() => world.forget());
afterEach(async () => {
  await world.stop();
  Object.assign(world.endpoint, { answer: undefined, hold: undefined, members: {}, claims: {} });
});
afterAll(() => world.close());

const callsBefore = () => world.endpoint.calls.length;
const tokenFor = (claims = {}) => world.issuer.sign({ claims: { aud: FRONT, ...claims } });

describe('a token that every check accepts', () => {
  test('exchanged by RFC 8693, and the upstream gets the issued token alone', async () => {
    const before = callsBefore();
    const gateway = await world.start({
      '/inner': world.route({}, { audience: 'inner', scopes: ['inner:read', 'x'] }),
    });
    const token = await tokenFor();
    expect(await send(gateway, token)).toBe('forwarded');
    const [call] = world.endpoint.calls.slice(before);
    expect(Object.fromEntries(call?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: INNER,
      audience: 'inner',
      scope: 'inner:read x',
    });
    const basic = Buffer.from('gateway:a+secret+of+the+gateway').toString('base64');
    expect(call?.headers.authorization).toBe(`Basic ${basic}`);
    expect(authorizationsIn(world.bytes())).toEqual([`Authorization: Bearer ${world.endpoint.issued.at(-1)}`]);
    expect(world.bytes()).not.toContain(token);
    expect(await countExchanges(gateway)).toEqual({ hit: 0, success: 1, refused: 0, failure: 0 });
  });

  test('resource and audience: each sent only where it is configured', async () => {
    const before = callsBefore();
    const gateway = await world.start({ '/inner': world.route({}, { resource: undefined, audience: 'inner' }) });
    expect(await send(gateway, await tokenFor())).toBe('forwarded');
    const [call] = world.endpoint.calls.slice(before);
    expect([...(call?.form.keys() ?? [])].sort()).toEqual([
      ...['audience', 'grant_type', 'subject_token', 'subject_token_type'],
    ]);
  });

  test('grant jwt-bearer: the form of on-behalf-of, without resource and audience, by which the answer is checked', async () => {
    const before = callsBefore();
    const settings = { grant: 'jwt-bearer', scopes: [`${INNER}.default`] };
    const gateway = await world.start({ '/inner': world.route({}, settings) });
    world.endpoint.members = { issued_token_type: undefined };
    const token = await tokenFor();
    expect(await send(gateway, token)).toBe('forwarded');
    const [call] = world.endpoint.calls.slice(before);
    expect(Object.fromEntries(call?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: token,
      requested_token_use: 'on_behalf_of',
      scope: `${INNER}.default`,
    });
    world.endpoint.claims = { aud: 'https://other.example.com/' };
    expect(await send(gateway, await tokenFor())).toBe('403 exchange_refused');
  });

  test('a WebSocket: its handshake has the issued token', async () => {
    const gateway = await world.start();
    const token = await tokenFor();
    const url = `ws://127.0.0.1:${gateway.port}/inner/socket`;
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
    const echoed = new Promise((resolve, reject) => socket.once('message', resolve).once('error', reject));
    socket.once('open', () => socket.send('hello'));
    expect(String(await echoed)).toBe('hello');
    socket.terminate();
    expect(authorizationsIn(world.bytes())).toEqual([`Authorization: Bearer ${world.endpoint.issued.at(-1)}`]);
    expect(world.bytes()).not.toContain(token);
  });

  test('a body: forwarded behind the exchange, as it came', async () => {
    const gateway = await world.start();
    const headers = { authorization: `Bearer ${await tokenFor()}` };
    const body = 'x'.repeat(100_000);
    const response = await fetch(`${gateway.origin}/inner/1`, { method: 'POST', headers, body });
    expect(await response.json()).toMatchObject({ body: { length: 100_000 } });
  });
});

describe('a request that goes on although its token is not accepted', () => {
  test.each([
    ['no token', 'report', undefined],
    ['a token that does not verify', 'report', 'opaque'],
    ['a token for another resource', 'verify', { aud: 'https://other.example.com/' }],
    ['a token without the scope', 'verify', { scope: 'other' }],
    ['an expired token', 'report', { exp: 1_700_000_000 }],
  ] as const)('%s, on %s: nothing is exchanged, and there is no Authorization', async (_what, enforcement, claims) => {
    const before = callsBefore();
    const gateway = await world.start({ '/inner': world.route({ enforcement, scopes: ['inner'] }) });
    const token = typeof claims === 'object' ? await tokenFor({ scope: 'inner', ...claims }) : claims;
    const response = await fetch(
      `${gateway.origin}/inner/1`,
      token ? { headers: { authorization: `Bearer ${token}` } } : {},
    );
    expect(response.status).toBe(200);
    expect(callsBefore()).toBe(before);
    expect(authorizationsIn(world.bytes())).toEqual([]);
  });

  test.each(['report', 'verify'])('an accepted token on %s: exchanged', async enforcement => {
    const gateway = await world.start({ '/inner': world.route({ enforcement }) });
    expect(await send(gateway, await tokenFor())).toBe('forwarded');
    expect(authorizationsIn(world.bytes())).toEqual([`Authorization: Bearer ${world.endpoint.issued.at(-1)}`]);
  });
});

describe('refused and out of reach', () => {
  test.each([
    [400, 'invalid_target', '403 exchange_refused'],
    [400, 'invalid_request', '403 exchange_refused'],
    [400, 'invalid_scope', '403 exchange_refused'],
    [403, 'access_denied', '403 exchange_refused'],
    [400, 'invalid_client', '503 exchange_unavailable, in 5 s'],
    [400, 'unauthorized_client', '503 exchange_unavailable, in 5 s'],
    [401, 'invalid_target', '503 exchange_unavailable, in 5 s'],
    [429, 'slow_down', '503 exchange_unavailable, in 5 s'],
    [500, 'server_error', '503 exchange_unavailable, in 5 s'],
  ])('status %i with %s: %s, on report too, and logged', async (status, error, expected) => {
    const gateway = await world.start({ '/inner': world.route({ enforcement: 'report' }) });
    world.endpoint.answer = response => sendJson(response, status, { error, error_description: 'because' });
    expect(await send(gateway, await tokenFor())).toBe(expected);
    const line = gateway.log.find(({ msg }) => msg === 'a token was not exchanged');
    expect(line).toMatchObject({ level: 'warn', route: '/inner', status, error, error_description: 'because' });
    const reason = expected.split(/[ ,]/)[1];
    expect((await gateway.requestLines(1))[0]).toMatchObject({ outcome: 'denied', reason, route: '/inner' });
    const outcome = reason === 'exchange_refused' ? 'refused' : 'failure';
    expect((await countExchanges(gateway))[outcome]).toBe(1);
    expect(await gateway.sample(`audgate_denials_total{route="/inner",reason="${reason}",action="refused"}`)).toBe(1);
    expect(world.bytes()).toBe('');
  });

  test('after a refusal: asked again, since nothing of it is kept', async () => {
    const gateway = await world.start();
    const token = await tokenFor();
    world.endpoint.answer = response => sendJson(response, 400, { error: 'invalid_target' });
    expect(await send(gateway, token)).toBe('403 exchange_refused');
    world.endpoint.answer = undefined;
    expect(await send(gateway, token)).toBe('forwarded');
  });

  test('nobody listens, or nobody answers in time: 503', async () => {
    const closed = world.route({}, { token_endpoint: 'http://127.0.0.1:1/token' });
    const silent = world.route({}, { timeout: '100ms' });
    const gateway = await world.start({ '/closed': closed, '/silent': silent });
    world.endpoint.answer = () => undefined;
    expect(await send(gateway, await tokenFor(), '/closed')).toBe('503 exchange_unavailable, in 5 s');
    expect(await send(gateway, await tokenFor(), '/silent')).toBe('503 exchange_unavailable, in 5 s');
    const causes = gateway.log.filter(({ msg }) => msg === 'a token was not exchanged').map(({ cause }) => cause);
    expect(causes).toEqual([expect.stringMatching(/never fetched from|ECONNREFUSED/), 'no answer within 0.1 s']);
  });
});

test('an issued token that opens the front route or a sibling: logged once for each route, and forwarded', async () => {
  const sibling = { resource: 'https://sibling.example.com/', upstream: world.upstream.origin };
  const gateway = await world.start({ '/inner': world.route(), '/sibling': sibling });
  world.endpoint.claims = { aud: [INNER, FRONT, sibling.resource, 'https://foreign.example.com/'] };
  for (let count = 0; count < 3; count += 1) expect(await send(gateway, await tokenFor())).toBe('forwarded');
  const lines = gateway.log.filter(({ msg }) => String(msg).includes('opens routes of this gateway'));
  expect(lines).toMatchObject([{ level: 'warn', route: '/inner', resources: [FRONT, sibling.resource] }]);
});

test('the client leaves during the exchange: nothing is forwarded, and the request is recorded once', async () => {
  const gateway = await world.start();
  const { held, release } = createHold();
  world.endpoint.hold = held;
  const calls = callsBefore();
  const leaving = new AbortController();
  const headers = { authorization: `Bearer ${await tokenFor()}` };
  const request = fetch(`${gateway.origin}/inner/1`, { headers, signal: leaving.signal }).catch(() => 'left');
  await world.endpoint.called(calls + 1);
  leaving.abort();
  expect(await request).toBe('left');
  await eventually(async () => (await gateway.sample('audgate_open_connections{kind="http"}')) === 0);
  release();
  await eventually(async () => (await countExchanges(gateway))['success'] === 1);
  await gateway.requestLines(1);
  await world.stop();
  expect(await gateway.requestLines(1)).toMatchObject([{ status: 499, outcome: 'forwarded' }]);
  expect(world.bytes()).toBe('');
});

test('the limit of a drain ends during an exchange: the request is recorded, and the exchange ends', async () => {
  const yaml = world.yaml({ '/inner': world.route({}, { timeout: '1h' }) });
  const gateway = await startGateway(`drain: { delay: 1ms, limit: 100ms }\n${yaml}`);
  const { held, release } = createHold();
  world.endpoint.hold = held;
  const calls = callsBefore();
  const headers = { authorization: `Bearer ${await tokenFor()}` };
  const request = fetch(`${gateway.origin}/inner/1`, { headers }).catch(() => 'closed');
  await world.endpoint.called(calls + 1);
  await gateway.close();
  expect(await request).toBe('closed');
  expect(gateway.log.filter(({ msg }) => msg === 'request')).toMatchObject([{ status: 499, route: '/inner' }]);
  release();
});
