/**
 * A real Keycloak, set up as config/recipes/keycloak.yaml says: which of its tokens open an API, what `explain` says of the others,
 * and what its introspection endpoint answers.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { init } from '../../../src/cli/init.ts';
import { runExplain } from '../../support/commands.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { Realm } from './realm.ts';
import { isKeycloakHere, type KeycloakServer, startKeycloak } from './server.ts';

const BILLING = 'https://billing.example.com/';
const PROFILE = 'https://profile.example.com/';
const RECIPES = join(import.meta.dirname, '../../../config/recipes');
const AT_JWT = { 'access.token.header.type.rfc9068': 'true' };
const SCOPES = ['billing:read', 'profile:read'];
/** Half a minute on an idle machine, for the start with its own build. */
const START = 400_000;

describe.skipIf(!isKeycloakHere)('Keycloak (needs KEYCLOAK_HOME, an unpacked distribution)', () => {
  let server: KeycloakServer;
  let realm: Realm;
  let upstream: Upstream;
  let folder: string | undefined;
  let gateway: RunningGateway | undefined;

  beforeAll(async () => {
    server = await startKeycloak();
    upstream = await startUpstream();
    folder = mkdtempSync(join(tmpdir(), 'audgate-keycloak-'));
    realm = await Realm.create(server.origin);
    await realm.addScope('billing:read', BILLING);
    await realm.addScope('profile:read', PROFILE);
    const exchanging = { 'standard.token.exchange.enabled': 'true' };
    for (const clientId of [BILLING, PROFILE]) {
      await realm.addClient({ clientId, scopes: SCOPES, attributes: { ...exchanging, ...AT_JWT } });
    }
    await realm.addClient({ clientId: 'web', scopes: SCOPES, attributes: AT_JWT });
    await realm.addClient({ clientId: 'registered', scopes: SCOPES });
    await realm.addClient({ clientId: 'default', scopes: SCOPES, fullScope: true, attributes: AT_JWT });
    const lightweight = { 'client.use.lightweight.access.token.enabled': 'true' };
    await realm.addClient({ clientId: 'light', scopes: SCOPES, attributes: { ...AT_JWT, ...lightweight } });
    const unchecked = { 'allow.token.introspection.without.audience.check': 'true' };
    await realm.addClient({ clientId: 'unchecked', attributes: unchecked });
  }, START);

  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
  });

  afterAll(async () => {
    await realm?.remove();
    await upstream?.close();
    if (folder) rmSync(folder, { recursive: true });
  }, START);

  type Settings = Readonly<Record<string, unknown>>;

  /** The recipe with this realm as its issuer, `settings` beside, and a second route for the sibling. */
  function yamlOf(recipe: string, settings: Settings = {}, introspection: Settings = {}): string {
    const text = readFileSync(join(RECIPES, `${recipe}.yaml`), 'utf8').replaceAll(
      /https:\/\/keycloak\.sso\.svc:8443\/realms\/shop|https:\/\/sso\.example\.com\/realms\/shop/g,
      realm.issuer,
    );
    const { issuers, routes } = parse(text.replace('${KEYCLOAK_SECRET:-change-me}', 'secret'));
    const issuer = { ...issuers[realm.issuer], ...settings, keys: { cooldown: '100ms' } };
    if (issuer.introspection) issuer.introspection = { ...issuer.introspection, ...introspection };
    const billing = { ...routes['/billing'], upstream: upstream.origin };
    const profile = { ...billing, resource: PROFILE, scopes: ['profile:read'] };
    return stringify({ issuers: { [realm.issuer]: issuer }, routes: { '/billing': billing, '/profile': profile } });
  }

  async function start(yaml: string): Promise<RunningGateway> {
    gateway = await startGateway(yaml);
    return gateway;
  }

  async function send(token: string, path = '/billing/1') {
    const response = await fetch(`${gateway?.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const body = await response.text();
    return response.status === 200 ? 'forwarded' : String(JSON.parse(body).reason);
  }

  async function explain(yaml: string, token: string) {
    const file = join(folder ?? '', 'audgate.yaml');
    writeFileSync(file, yaml);
    const url = 'https://gateway.example.com/billing/1';
    const { stdout } = await runExplain(['--config', file, '--token-file', '-', '--json', url], token);
    const { reason, cause, remedy } = JSON.parse(stdout);
    return { reason, text: `${cause}; ${remedy?.text}` };
  }

  const access = async (client: string, scope: string) => (await realm.requestTokens(client, scope)).access_token;

  test('audgate init: recognised, and its file forwards tokens of either type on enforce, none for the sibling', async () => {
    const lines: string[] = [];
    const write = (line: string) => lines.push(line);
    const routes = [{ key: '/billing', resource: BILLING, upstream: upstream.origin }];
    expect(await init({ issuer: realm.issuer, routes }, { environment: {}, write, writeError: write })).toBe(0);
    const yaml = lines.join('\n');
    expect(yaml).toContain('\n  # Keycloak. Into aud it writes ');
    await start(yaml.replace(/^(?:listen|admin): .*$/gm, '').replace('enforcement: report', 'enforcement: enforce'));
    expect(await send(await access('web', 'billing:read'))).toBe('forwarded');
    const registered = await access('registered', 'billing:read');
    expect(decodeProtectedHeader(registered)).toMatchObject({ typ: 'JWT' });
    expect(await send(registered)).toBe('forwarded');
    expect(await send(await access('web', 'profile:read'))).toBe('wrong_audience');
  });

  describe('the recipe', () => {
    test('a token for this API: forwarded here, refused at the sibling', async () => {
      await start(yamlOf('keycloak'));
      const token = await access('web', 'billing:read');
      expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
      expect(decodeJwt(token)).toMatchObject({ aud: BILLING, azp: 'web', typ: 'Bearer' });
      expect(String(decodeJwt(token)['scope']).split(' ')).toContain('billing:read');
      expect(await send(token)).toBe('forwarded');
      expect(await send(token, '/profile/1')).toBe('wrong_audience');
      expect(await send(await access('web', 'profile:read'))).toBe('wrong_audience');
    });

    test('a lightweight token: forwarded, since the mapper has lightweight.claim', async () => {
      await start(yamlOf('keycloak'));
      const token = await access('light', 'billing:read');
      expect(String(decodeJwt(token).jti)).toMatch(/^trlt/);
      expect(await send(token)).toBe('forwarded');
    });

    test('the token of an exchange at the sibling: forwarded at the sibling alone', async () => {
      await start(yamlOf('keycloak'));
      const subject = await access('web', 'openid billing:read');
      const { access_token: token } = await realm.exchange(BILLING, subject, PROFILE, 'profile:read');
      expect(decodeJwt(token)).toMatchObject({ aud: PROFILE, azp: BILLING });
      expect([await send(token, '/profile/1'), await send(token)]).toEqual(['forwarded', 'wrong_audience']);
    });

    test('ID, refresh and offline token: refused, also where typ JWT is allowed and the audience is the client', async () => {
      const allowing = { token_types: ['at+jwt', 'JWT'] };
      const yaml = yamlOf('keycloak', allowing).replace(
        'resource: https://billing',
        'audiences: [web]\n    resource: https://billing',
      );
      await start(yaml);
      const { id_token: id = '', refresh_token: refresh = '' } = await realm.requestTokens(
        'web',
        'openid billing:read',
      );
      const offline = await realm.requestTokens('web', 'openid billing:read offline_access');
      expect(decodeProtectedHeader(id).typ).toBe('JWT');
      expect(await send(id)).toBe('wrong_token_type');
      expect(await send(refresh)).toBe('bad_signature');
      expect(await send(offline.refresh_token ?? '')).toBe('bad_signature');
      expect((await explain(yaml, id)).text).toContain('an ID token');
      expect((await explain(yaml, refresh)).text).toContain('a refresh token');
    });

    test('a new signing key: its tokens are forwarded at once, and those of the old key as before', async () => {
      const { requestLines } = await start(yamlOf('keycloak'));
      const before = await access('web', 'billing:read');
      expect(await send(before)).toBe('forwarded');
      await realm.rotateKeys();
      const after = await access('web', 'billing:read');
      expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
      expect([await send(after), await send(before)]).toEqual(['forwarded', 'forwarded']);
      expect((await requestLines(3)).map(line => line['status'])).toEqual([200, 200, 200]);
    });
  });

  describe('explain', () => {
    test('typ JWT: where the setting is', async () => {
      const { reason, text } = await explain(yamlOf('keycloak'), await access('registered', 'billing:read'));
      expect(reason).toBe('wrong_token_type');
      expect(text).toContain('Use "at+jwt" as access token header type');
    });

    test('the parameter resource: ignored by Keycloak, so a scope is named', async () => {
      const { access_token: token } = await realm.requestTokens('web', '', { resource: BILLING });
      expect(decodeJwt(token).aud).toBeUndefined();
      const { reason, text } = await explain(yamlOf('keycloak'), token);
      expect(reason).toBe('wrong_audience');
      expect(text).toMatch(/audience mapper/);
    });

    test('"Full scope allowed": the clients of which the user has a role', async () => {
      const token = await access('default', 'openid');
      expect(decodeJwt(token).aud).toBe('account');
      expect((await explain(yamlOf('keycloak'), token)).text).toContain('Full scope allowed');
    });
  });

  describe('introspection', () => {
    test('a token of this API: active until the logout, then inactive', async () => {
      const { sample } = await start(yamlOf('keycloak-introspection', {}, { cache: '0s' }));
      const token = await access('web', 'openid billing:read');
      expect(await send(token)).toBe('forwarded');
      await realm.logOut();
      expect(await send(token)).toBe('inactive_token');
      const outcome = (name: string) =>
        sample(`audgate_introspections_total{issuer="${realm.issuer}",outcome="${name}"}`);
      expect([await outcome('active'), await outcome('inactive')]).toEqual([1, 1]);
    });

    test('a lightweight token: what it leaves out comes from the answer', async () => {
      await start(
        yamlOf('keycloak-introspection').replace('upstream:', 'claims_to_headers: { X-User: username }\n    upstream:'),
      );
      const token = await access('light', 'openid billing:read');
      expect(decodeJwt(token)['username']).toBeUndefined();
      expect(await send(token)).toBe('forwarded');
      expect(upstream.received.at(-1)?.rawHeaders).toContainEqual(['X-User', 'alice']);
    });

    test('a client that is not in the audience: every token is inactive, and explain says what to look for', async () => {
      await start(yamlOf('keycloak-introspection', {}, { client_id: PROFILE }));
      expect(await send(await access('web', 'billing:read'))).toBe('inactive_token');
      const { reason, text } = await explain(yamlOf('keycloak-introspection'), '{"active":false}');
      expect(reason).toBe('inactive_token');
      expect(text).toContain('not in the audience');
    });

    test('a client without the check of the audience: ID, refresh and offline token are active there, and refused here', async () => {
      // Without keys, so that nothing but the answer can refuse them.
      const yaml = yamlOf(
        'keycloak-introspection',
        { jwks_uri: undefined, token_types: ['at+jwt', 'JWT'] },
        { client_id: 'unchecked' },
      );
      const { sample } = await start(yaml);
      const { id_token: id = '', refresh_token: refresh = '' } = await realm.requestTokens(
        'web',
        'openid billing:read',
      );
      const offline = await realm.requestTokens('web', 'openid billing:read offline_access');
      expect(await send(await access('web', 'billing:read'))).toBe('forwarded');
      expect(await send(id)).toBe('wrong_token_type');
      expect(await send(refresh)).toBe('wrong_token_type');
      expect(await send(offline.refresh_token ?? '')).toBe('wrong_token_type');
      expect(await sample(`audgate_introspections_total{issuer="${realm.issuer}",outcome="active"}`)).toBe(4);
    });

    test('a wrong secret: 503, not a 401 that blames the caller', async () => {
      await start(yamlOf('keycloak-introspection', {}, { client_secret: 'wrong' }));
      expect(await send(await access('web', 'billing:read'))).toBe('keys_unavailable');
      expect(gateway?.log.find(line => line['msg'] === 'tokens could not be looked up')).toMatchObject({
        issuer: realm.issuer,
        error: expect.stringContaining('status 401: see that client_id'),
      });
    });
  });
});
