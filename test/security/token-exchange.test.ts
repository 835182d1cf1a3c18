/**
 * A hostile or broken token endpoint, and hostile callers of a route with `exchange`: nothing but a checked token reaches the upstream, the
 * client's token reaches nobody but the endpoint, and neither stands in a log line, a metric or a response.
 */

import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  authorizationsIn,
  createHold,
  createWorld,
  FRONT,
  INNER,
  send,
  unsecuredJwt,
  type World,
} from '../integration/exchange/fixture.ts';
import { type ExchangeCall, sendJson } from '../support/exchange-server.ts';
import type { RunningGateway } from '../support/gateway.ts';
import { request } from '../support/raw-http.ts';
import { pause } from '../support/waiting.ts';

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

const tokenFor = (claims = {}) => world.issuer.sign({ claims: { aud: FRONT, ...claims } });
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const good = () => unsecuredJwt({ aud: INNER, exp: 4_000_000_000 });
const usual = (members = {}) => ({
  access_token: good(),
  issued_token_type: ACCESS_TOKEN,
  token_type: 'Bearer',
  ...members,
});
const UNAVAILABLE = '503 exchange_unavailable, in 5 s';
const REFUSED = '403 exchange_refused';

function sendText(response: ServerResponse, status: number, text: string, type?: string): void {
  response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(text);
}

/** Nothing of `token` is anywhere but at the endpoint. */
async function expectSecret(gateway: RunningGateway, token: string): Promise<void> {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const seen = [world.bytes(), JSON.stringify(gateway.log), await gateway.scrape()].join('\n');
  for (const part of [head, payload, signature]) expect(seen).not.toContain(part.slice(0, 24));
}

type Answer = (response: ServerResponse) => void;
const json =
  (members: unknown, status = 200): Answer =>
  response =>
    sendJson(response, status, members);
const text =
  (content: string, type?: string, status = 200): Answer =>
  response =>
    sendText(response, status, content, type);

describe('an answer that is not accepted', () => {
  test.each<[string, Answer, string]>([
    ['300 kB', response => sendJson(response, 200, usual({ padding: 'x'.repeat(300_000) })), UNAVAILABLE],
    ['10 MB', response => sendJson(response, 200, usual({ padding: 'x'.repeat(10_000_000) })), UNAVAILABLE],
    [
      'a redirect',
      response => response.writeHead(307, { location: `${world.endpoint.origin}/other` }).end(),
      UNAVAILABLE,
    ],
    [
      'a redirect with a token',
      response =>
        response
          .writeHead(302, { location: '/other', 'content-type': 'application/json' })
          .end(JSON.stringify(usual())),
      UNAVAILABLE,
    ],
    ['status 201', json(usual(), 201), UNAVAILABLE],
    ['status 204', response => response.writeHead(204).end(), UNAVAILABLE],
    ['a token with status 400', json(usual(), 400), UNAVAILABLE],
    ['an error with status 200', json({ error: 'invalid_target' }), UNAVAILABLE],
    ['an error that is no text', json({ error: 7 }, 400), UNAVAILABLE],
    ['an empty error', json({ error: '' }, 400), UNAVAILABLE],
    ['an error page', text('<h1>Bad Request</h1>', 'text/html', 400), UNAVAILABLE],
    ['JSON as text/html', text(JSON.stringify(usual()), 'text/html'), UNAVAILABLE],
    ['an error as text/html', text(JSON.stringify({ error: 'invalid_target' }), 'text/html', 400), UNAVAILABLE],
    ['nothing', text('', 'application/json'), UNAVAILABLE],
    ['no JSON', text('access_token=x', 'application/json'), UNAVAILABLE],
    ['a list', json([usual()]), UNAVAILABLE],
    ['null', json(null), UNAVAILABLE],
    [
      'two access tokens',
      text(`{"access_token":"${good()}",${JSON.stringify(usual()).slice(1)}`, 'application/json'),
      UNAVAILABLE,
    ],
    ['no access token', json(usual({ access_token: undefined })), UNAVAILABLE],
    ['an access token that is no text', json(usual({ access_token: { a: 1 } })), UNAVAILABLE],
    ['an empty access token', json(usual({ access_token: '' })), UNAVAILABLE],
    ['an access token of 100,000 characters', json(usual({ access_token: 'x'.repeat(100_000) })), UNAVAILABLE],
    ['line feeds in the access token', json(usual({ access_token: `${good()}\r\nX-Admin: true` })), UNAVAILABLE],
    ['a lone line feed behind it', json(usual({ access_token: `${good()}\n` })), UNAVAILABLE],
    ['a second credential behind a comma', json(usual({ access_token: `${good()},Basic` })), UNAVAILABLE],
    ['a blank in it', json(usual({ access_token: `${good()} x` })), UNAVAILABLE],
    ['NUL in it', json(usual({ access_token: `${good()}\0` })), UNAVAILABLE],
    ['letters beyond ASCII in it', json(usual({ access_token: `${good()}é` })), UNAVAILABLE],
    ['no issued_token_type', json(usual({ issued_token_type: undefined })), REFUSED],
    ['an ID token', json(usual({ issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' })), REFUSED],
    ['a refresh token', json(usual({ issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' })), REFUSED],
    ['a list of types', json(usual({ issued_token_type: [ACCESS_TOKEN] })), REFUSED],
    ['token_type DPoP', json(usual({ token_type: 'DPoP' })), REFUSED],
    ['token_type MAC', json(usual({ token_type: 'mac' })), REFUSED],
    ['no token_type', json(usual({ token_type: undefined })), REFUSED],
    ['an opaque token', json(usual({ access_token: 'opaque-token' })), REFUSED],
    ['aud of another API', json(usual({ access_token: unsecuredJwt({ aud: 'https://other.example.com/' }) })), REFUSED],
    ['aud with a slash less', json(usual({ access_token: unsecuredJwt({ aud: INNER.slice(0, -1) }) })), REFUSED],
    ['aud in upper case', json(usual({ access_token: unsecuredJwt({ aud: INNER.toUpperCase() }) })), REFUSED],
    ['no aud', json(usual({ access_token: unsecuredJwt({}) })), REFUSED],
    ['an empty aud', json(usual({ access_token: unsecuredJwt({ aud: [] }) })), REFUSED],
    ['aud null', json(usual({ access_token: unsecuredJwt({ aud: null }) })), REFUSED],
    ['aud an object', json(usual({ access_token: unsecuredJwt({ aud: { [INNER]: true } }) })), REFUSED],
    ['aud a list with an object', json(usual({ access_token: unsecuredJwt({ aud: [INNER, { a: 1 }] }) })), REFUSED],
    ['two aud', json(usual({ access_token: unsecuredJwt(`{"aud":"x","aud":"${INNER}"}`) })), REFUSED],
    ['an encrypted JWT', json(usual({ access_token: `${good()}.x.y` })), REFUSED],
    ['the connection is closed', response => response.destroy(), UNAVAILABLE],
    [
      'the answer breaks off',
      response => response.writeHead(200, { 'content-length': 500 }).write('{"acc', () => response.destroy()),
      UNAVAILABLE,
    ],
  ])('%s: %#', async (_what, answer, expected) => {
    const gateway = await world.start();
    world.endpoint.answer = answer;
    const token = await tokenFor();
    expect(await send(gateway, token)).toBe(expected);
    expect(world.bytes()).toBe('');
    await gateway.requestLines(1);
    await expectSecret(gateway, token);
  });

  test('the very token that was sent, though it is for both: refused', async () => {
    const gateway = await world.start();
    const token = await tokenFor({ aud: [FRONT, INNER] });
    world.endpoint.answer = json(usual({ access_token: token }));
    expect(await send(gateway, token)).toBe(REFUSED);
    expect(world.bytes()).toBe('');
  });

  test('an answer that never ends: 503 at the time-out', async () => {
    const gateway = await world.start({ '/inner': world.route({}, { timeout: '300ms' }) });
    let writing: NodeJS.Timeout | undefined;
    world.endpoint.answer = response => {
      response.writeHead(200, { 'content-type': 'application/json' });
      writing = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(writing));
    };
    expect(await send(gateway, await tokenFor())).toBe(UNAVAILABLE);
    expect(world.bytes()).toBe('');
  });
});

describe('an answer that is accepted', () => {
  test.each<[string, Answer]>([
    ['token_type bearer, in lower case', json(usual({ token_type: 'bearer' }))],
    [
      'token_type N_A, issued as a JWT',
      json(usual({ token_type: 'N_A', issued_token_type: 'urn:ietf:params:oauth:token-type:jwt' })),
    ],
    ['aud among others', json(usual({ access_token: unsecuredJwt({ aud: ['x', INNER] }) }))],
    ['JSON with a charset', text(JSON.stringify(usual()), 'application/json; charset=utf-8')],
    ['JSON of no named type', text(JSON.stringify(usual()))],
  ])('%s', async (_what, answer) => {
    const gateway = await world.start();
    world.endpoint.answer = answer;
    expect(await send(gateway, await tokenFor())).toBe('forwarded');
  });

  test('with opaque: true, an opaque token; a JWT is still checked', async () => {
    const gateway = await world.start({ '/inner': world.route({}, { opaque: true }) });
    world.endpoint.answer = json(usual({ access_token: 'opaque-token~1' }));
    expect(await send(gateway, await tokenFor())).toBe('forwarded');
    expect(authorizationsIn(world.bytes())).toEqual(['Authorization: Bearer opaque-token~1']);
    world.endpoint.answer = json(usual({ access_token: unsecuredJwt({ aud: 'x' }) }));
    expect(await send(gateway, await tokenFor())).toBe(REFUSED);
  });
});

test('an error that repeats the token, the secret and control characters: nothing of them is logged', async () => {
  const gateway = await world.start();
  const token = await tokenFor();
  world.endpoint.answer = (response: ServerResponse) =>
    sendJson(response, 400, {
      error: `invalid_request ${token}`,
      error_description: `\u001b[31m\u2028 token ${token} of a secret of the gateway\r\n${'x'.repeat(1_000)}`,
    });
  expect(await send(gateway, token)).toBe(REFUSED);
  const line = gateway.log.find(({ msg }) => msg === 'a token was not exchanged');
  expect(line?.['error']).toBe('invalid_request [removed]');
  expect(String(line?.['error_description'])).toMatch(
    /^\u001b\[31m\u2028 token \[removed\] of \[removed\]\r\nx{200,}$/,
  );
  expect(String(line?.['error_description'])).toHaveLength(256);
  await expectSecret(gateway, token);
});

test.each<[string, (call: ExchangeCall) => string]>([
  ['Authorization', ({ headers }) => String(headers.authorization)],
  ['the form', ({ form }) => String(form)],
  ['the form in base64', ({ form }) => Buffer.from(String(form)).toString('base64')],
  ['the secret in base64', ({ headers }) => `x ${String(headers.authorization).slice(6)}`],
])('an error that repeats %s: the log has neither secret nor token in any spelling', async (_what, repeat) => {
  const gateway = await world.start();
  const token = await tokenFor();
  world.endpoint.answer = (response, call) =>
    sendJson(response, 400, { error: 'invalid_request', error_description: repeat(call) });
  expect(await send(gateway, token)).toBe(REFUSED);
  const line = gateway.log.find(({ msg }) => msg === 'a token was not exchanged');
  const text = String(line?.['error_description']);
  expect(text).toContain('[removed]');
  const encoded = (shift: string) =>
    Buffer.from(shift + token.slice(0, 60))
      .toString('base64')
      .slice(4, -4);
  const basic = Buffer.from('gateway:a+secret+of+the+gateway').toString('base64');
  for (const secret of [basic, 'a+secret', 'secret of the', ...['', 'x', 'xx'].map(encoded)]) {
    expect(text).not.toContain(secret.slice(0, 24));
  }
  await expectSecret(gateway, token);
});

describe('the client', () => {
  test('its Authorization, in any spelling, never reaches the upstream beside the issued token', async () => {
    const gateway = await world.start();
    const token = await tokenFor();
    const answer = await request(gateway.port, {
      path: '/inner/1',
      headers: [
        ['authorization', `bearer   ${token}`],
        ['Connection', 'Authorization, close'],
        ['Proxy-Authorization', `Bearer ${token}`],
      ],
    });
    expect(answer.status).toBe(200);
    expect(authorizationsIn(world.bytes())).toEqual([`Authorization: Bearer ${world.endpoint.issued.at(-1)}`]);
    expect(world.bytes()).not.toContain(token);
  });

  test('two Authorization fields: refused, and nothing is exchanged', async () => {
    const gateway = await world.start();
    const before = world.endpoint.calls.length;
    const token = await tokenFor();
    const headers: [string, string][] = [
      ['Authorization', `Bearer ${token}`],
      ['Authorization', `Bearer ${token}`],
    ];
    expect((await request(gateway.port, { path: '/inner/1', headers })).status).toBe(400);
    expect(world.endpoint.calls.length).toBe(before);
  });

  test('a token that expires during a slow exchange: refused as expired', async () => {
    const gateway = await world.start();
    const exp = Math.floor(Date.now() / 1000) + 2;
    const token = await tokenFor({ exp });
    world.endpoint.answer = response => {
      setTimeout(() => sendJson(response, 200, usual()), exp * 1000 - Date.now() + 100);
    };
    expect(await send(gateway, token)).toBe('401 token_expired');
    expect(world.bytes()).toBe('');
  });

  test('a token that expires during an exchange of less than a second: refused as expired', async () => {
    const gateway = await world.start();
    const exp = Math.floor(Date.now() / 1000) + 2;
    const token = await tokenFor({ exp });
    world.endpoint.answer = response => {
      setTimeout(() => sendJson(response, 200, usual()), exp * 1000 - Date.now() + 100);
    };
    await pause(exp * 1000 - Date.now() - 500);
    expect(await send(gateway, token)).toBe('401 token_expired');
    expect(world.bytes()).toBe('');
  });

  test('limits.in_flight: requests that wait for an exchange count', async () => {
    const gateway = await world.start({ '/inner': world.route({ limits: { in_flight: 1 } }) });
    const { held, release } = createHold();
    world.endpoint.hold = held;
    const before = world.endpoint.calls.length;
    const first = send(gateway, await tokenFor());
    await world.endpoint.called(before + 1);
    expect(await send(gateway, await tokenFor())).toBe('503 overloaded, in 1 s');
    release();
    expect(await first).toBe('forwarded');
  });
});
