/** `upstream_token: exchange` at a real Keycloak: how it is set up, and what its answers mean here. */

import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';
import { Realm } from './realm.ts';
import { isKeycloakHere, type KeycloakServer, startKeycloak } from './server.ts';

/** Clients of Keycloak have these names: it knows no other audience. */
const FRONT = 'https://front.example.com/';
const INNER = 'https://inner.example.com/';
const SECOND = 'https://second.example.com/';
/** A client of whose scope the gateway has none, so that it may not be asked for. */
const CLOSED = 'https://closed.example.com/';
const AT_JWT = { 'access.token.header.type.rfc9068': 'true' };
const START = 400_000;

type Settings = Readonly<Record<string, unknown>>;

describe.skipIf(!isKeycloakHere)('Keycloak (needs KEYCLOAK_HOME, an unpacked distribution)', () => {
  let server: KeycloakServer;
  let realm: Realm;
  let upstream: Upstream;
  let gateway: RunningGateway | undefined;
  const pieces: Buffer[] = [];

  beforeAll(async () => {
    server = await startKeycloak();
    upstream = await startUpstream();
    upstream.server.on('connection', socket => socket.prependListener('data', piece => pieces.push(piece)));
    realm = await Realm.create(server.origin);
    await realm.addScope('front', FRONT);
    await realm.addScope('second-gateway', 'gateway-two');
    await realm.addScope('inner:read', INNER);
    await realm.addScope('inner:write', INNER);
    await realm.addScope('second:read', SECOND);
    const exchanging = { 'standard.token.exchange.enabled': 'true', 'access.token.lifespan': '600', ...AT_JWT };
    const scopes = ['front', 'inner:read', 'inner:write', 'second:read'];
    await realm.addClient({ clientId: FRONT, scopes, attributes: exchanging });
    await realm.addClient({ clientId: 'gateway-two', scopes, attributes: exchanging });
    for (const clientId of [INNER, SECOND, CLOSED]) await realm.addClient({ clientId, scopes: [] });
    await realm.addClient({ clientId: 'web', scopes: [...scopes, 'second-gateway'], attributes: AT_JWT });
    await realm.addClient({ clientId: 'short', scopes, attributes: { ...AT_JWT, 'access.token.lifespan': '6' } });
    await realm.addClient({ clientId: 'not-exchanging', scopes, attributes: AT_JWT });
  }, START);

  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
    pieces.splice(0);
  });

  afterAll(async () => {
    await realm?.remove();
    await upstream?.close();
  }, START);

  const exchange = (settings: Settings = {}) => ({
    token_endpoint: `${realm.issuer}/protocol/openid-connect/token`,
    ...{ client_id: FRONT, client_secret: 'secret', audience: INNER, scopes: ['inner:read'] },
    ...settings,
  });

  async function start(routes: Readonly<Record<string, Settings>>, issuer: Settings = {}): Promise<RunningGateway> {
    const entries = Object.entries(routes).map(([path, settings]) => {
      const common = { resource: FRONT, upstream: upstream.origin, upstream_token: 'exchange' };
      return [path, { ...common, exchange: exchange(settings) }];
    });
    gateway = await startGateway(
      stringify({ issuers: { [realm.issuer]: issuer }, routes: Object.fromEntries(entries) }),
    );
    return gateway;
  }

  async function send(token: string, path = '/inner') {
    const response = await fetch(`${gateway?.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const body = await response.text();
    return response.status === 200 ? 'forwarded' : `${response.status} ${JSON.parse(body).reason}`;
  }

  const subject = async (client = 'web') => (await realm.requestTokens(client, 'openid front')).access_token;
  const made = async (route = '/inner') => {
    const count = (outcome: string) =>
      gateway?.sample(`audgate_token_exchanges_total{route="${route}",outcome="${outcome}"}`);
    return { hit: await count('hit'), success: await count('success') };
  };
  /** The tokens that the upstream received. */
  const received = () =>
    [
      ...Buffer.concat(pieces)
        .toString('latin1')
        .matchAll(/^authorization: Bearer (.*)\r$/gim),
    ].map(([, token = '']) => token);

  test('20 requests with one token: 1 exchange, and the upstream gets a token of its own alone', async () => {
    await start({ '/inner': {} });
    const token = await subject();
    for (let count = 0; count < 20; count += 1) expect(await send(token)).toBe('forwarded');
    expect(await made()).toEqual({ hit: 19, success: 1 });
    expect(received()).toHaveLength(20);
    expect(new Set(received()).size).toBe(1);
    expect(decodeJwt(received()[0] ?? '')).toMatchObject({
      aud: INNER,
      azp: FRONT,
      scope: expect.stringContaining('inner:read'),
    });
    expect(Buffer.concat(pieces).toString('latin1')).not.toContain(token);
  });

  test('two audiences, two sets of scopes, two clients: an exchange each, with one token', async () => {
    await start({
      '/inner': {},
      '/second': { audience: SECOND, scopes: ['second:read'] },
      '/writing': { scopes: ['inner:write'] },
      '/same': {},
      '/client': { client_id: 'gateway-two' },
    });
    const { access_token: token } = await realm.requestTokens('web', 'openid front second-gateway');
    const paths = ['/inner', '/second', '/writing', '/same', '/client'];
    for (const path of [...paths, ...paths]) expect([path, await send(token, path)]).toEqual([path, 'forwarded']);
    const counts = await Promise.all(paths.map(made));
    expect(counts).toEqual([
      { hit: 1, success: 1 },
      { hit: 1, success: 1 },
      { hit: 1, success: 1 },
      { hit: 2, success: 0 },
      { hit: 1, success: 1 },
    ]);
    const [inner, second, writing, same, client] = received().map(each => decodeJwt(each));
    expect([inner?.aud, second?.aud, writing?.aud, same?.jti]).toEqual([INNER, SECOND, INNER, inner?.jti]);
    expect([inner?.['azp'], client?.['azp']]).toEqual([FRONT, 'gateway-two']);
    expect(String(writing?.['scope'])).toContain('inner:write');
  });

  test.each<[string, Settings, string, Settings]>([
    [
      'a wrong secret',
      { client_secret: 'wrong' },
      '503 exchange_unavailable',
      { status: 401, error: 'unauthorized_client' },
    ],
    ['no such client', { client_id: 'nobody' }, '503 exchange_unavailable', { status: 401, error: 'invalid_client' }],
    [
      'an audience that is no client',
      { audience: 'nobody' },
      '503 exchange_unavailable',
      { status: 400, error: 'invalid_client' },
    ],
    [
      'an audience that the scopes do not reach',
      { audience: CLOSED },
      '403 exchange_refused',
      { status: 400, error: 'invalid_request' },
    ],
    [
      'resource alone, which it ignores, with a scope of another audience',
      { audience: undefined, resource: INNER, scopes: ['second:read'] },
      '403 exchange_refused',
      { status: 200, cause: 'the issued token is for another audience' },
    ],
    [
      'a scope that the client may not ask for',
      { scopes: ['nothing'] },
      '403 exchange_refused',
      { status: 400, error: 'invalid_scope' },
    ],
    [
      'a client that the token is not for',
      { client_id: 'gateway-two' },
      '403 exchange_refused',
      { status: 403, error: 'access_denied' },
    ],
    [
      'a client that may not exchange',
      { client_id: 'not-exchanging' },
      '403 exchange_refused',
      { status: 400, error: 'invalid_request' },
    ],
  ])('%s: %#', async (_what, settings, expected, logged) => {
    await start({ '/inner': settings });
    expect(await send(await subject())).toBe(expected);
    const line = gateway?.log.find(({ msg }) => msg === 'a token was not exchanged');
    expect(line).toMatchObject({ level: 'warn', route: '/inner', ...logged });
    expect(received()).toEqual([]);
  });

  test('resource alone, with the scope whose mapper writes it: forwarded, since the audience fits', async () => {
    await start({ '/inner': { audience: undefined, resource: INNER } });
    expect(await send(await subject())).toBe('forwarded');
    expect(decodeJwt(received()[0] ?? '').aud).toContain(INNER);
  });

  test('expires_in beyond the subject token: not kept beyond it; an expired subject token is 400 invalid_request', async () => {
    await start({ '/inner': {} }, { expiry_leeway: '5m' });
    const token = await subject('short');
    expect(await send(token)).toBe('forwarded');
    const [first = ''] = received();
    expect(Number(decodeJwt(first).exp) - Number(decodeJwt(token).exp)).toBeGreaterThan(60);
    await eventually(async () => (await send(token)) === '403 exchange_refused');
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(Number(decodeJwt(token).exp));
    const line = gateway?.log.find(({ msg }) => msg === 'a token was not exchanged');
    expect(line).toMatchObject({ status: 400, error: 'invalid_request' });
  });
});
