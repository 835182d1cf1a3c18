/** `explain` of tokens that the gateway would ask an issuer about: it asks nobody, and judges an answer that it is given. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { type IntrospectionServer, startIntrospectionServer } from '../../support/introspection-server.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

const BILLING = 'https://billing.example.com/';
const KEYCLOAK = 'https://sso.example.com/realms/shop';
const TOKEN = 'this-is-an-opaque-token-of-some-length';

let folder: string;
let endpoint: IntrospectionServer;
let signer: TokenIssuer;
const file = () => join(folder, 'audgate.yaml');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-explain-asked-'));
  [endpoint, signer] = await Promise.all([startIntrospectionServer(), startTokenIssuer()]);
  const asked = { endpoint: endpoint.endpoint, client_id: BILLING, client_secret: 'a-secret-of-the-gateway' };
  const issuers = {
    [KEYCLOAK]: { introspection: asked },
    [signer.issuer]: { jwks_uri: signer.jwksUri, introspection: { ...asked, jwt: true } },
    'https://plain.example': { introspection: { ...asked, auth: 'post' } },
  };
  const route = { resource: BILLING, upstream: 'http://127.0.0.1:1', scopes: { GET: ['billing:read'] } };
  const routes = {
    '/one': { ...route, issuers: [KEYCLOAK] },
    '/plain': { ...route, issuers: ['https://plain.example'] },
    '/jwt': { ...route, issuers: [signer.issuer] },
    '/several': route,
  };
  writeFileSync(file(), `issuers: ${JSON.stringify(issuers)}\nroutes: ${JSON.stringify(routes)}\n`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  expect(endpoint.questions).toEqual([]);
  await Promise.all([endpoint.close(), signer.close()]);
});

/** @returns the explanation; checks that neither the token nor the secret is in it. */
async function explain(path: string, input: string, ...more: readonly string[]) {
  const args = ['--config', file(), '--token-file', '-', ...more, `https://gateway.example.com${path}`];
  const [text, json] = [await runExplain(args, input), await runExplain([...args, '--json'], input)];
  for (const said of [text.stdout, text.stderr, json.stdout]) {
    for (const secret of [TOKEN, 'a-secret-of-the-gateway']) expect(said).not.toContain(secret);
  }
  const { decision, reason, cause, remedy, checks } = JSON.parse(json.stdout);
  const failed = checks.find((check: { verdict: string }) => check.verdict === 'fail')?.name;
  return { code: text.code, decision, reason, failed, cause, remedy: remedy?.text, text: text.stdout };
}

const answer = (members: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ active: true, aud: BILLING, scope: 'billing:read', exp: 4_000_000_000, ...members });

test('an opaque token: cannot be said, and how to ask by hand', async () => {
  const said = await explain('/one', TOKEN);
  expect(said).toMatchObject({ code: 1, decision: 'unknown', reason: null });
  expect(said.text).toContain('cannot be said');
  expect(said.cause).toContain(`"${KEYCLOAK}" would be asked`);
  expect(said.remedy).toContain(
    `--data-urlencode 'client_id=${BILLING}' --data-urlencode "client_secret=$CLIENT_SECRET" --data-urlencode "token=$(cat token.txt)" '${endpoint.endpoint}'`,
  );
});

test('a method that the route does not allow: refused, whatever the issuer would say', async () => {
  const said = await explain('/one', TOKEN, '--method', 'DELETE');
  expect(said).toMatchObject({ code: 2, decision: 'refused', reason: 'method_not_allowed' });
});

test('several issuers to ask: malformed_token', async () => {
  expect(await explain('/several', TOKEN)).toMatchObject({ code: 2, reason: 'malformed_token' });
});

test('a JWT that its keys refuse: refused; one that they verify: cannot be said', async () => {
  const expired = await signer.sign({ claims: { aud: BILLING, exp: 1 } });
  expect(await explain('/jwt', expired)).toMatchObject({ code: 2, reason: 'token_expired' });
  const right = await signer.sign({ claims: { aud: BILLING } });
  expect(await explain('/jwt', right)).toMatchObject({ code: 1, decision: 'unknown' });
});

test('a JWT of an issuer that is asked about opaque tokens alone: unknown_key', async () => {
  const token = await signer.sign({ claims: { iss: KEYCLOAK, aud: BILLING } });
  expect(await explain('/one', token)).toMatchObject({ code: 2, reason: 'unknown_key', failed: 'key' });
});

test('an answer, active and for this API: forwarded', async () => {
  expect(await explain('/one', answer({}))).toMatchObject({ code: 0, decision: 'forwarded' });
});

test.each([
  ['for another API', answer({ aud: 'https://other.example/' }), 'wrong_audience', 'audience'],
  ['of another issuer', answer({ iss: 'https://other.example' }), 'untrusted_issuer', 'issuer'],
  ['of a refresh token', answer({ typ: 'Refresh' }), 'wrong_token_type', 'kind'],
  ['without exp', answer({ exp: undefined }), 'malformed_token', 'claims'],
  ['expired', answer({ exp: 1 }), 'token_expired', 'time'],
  ['without the scope', answer({ scope: '' }), 'insufficient_scope', 'scope'],
])('an answer %s: refused', async (_, input, reason, failed) => {
  expect(await explain('/one', input)).toMatchObject({ code: 2, reason, failed });
});

test('not active: what to look for, at Keycloak and elsewhere', async () => {
  const atKeycloak = await explain('/one', '{"active":false}');
  expect(atKeycloak).toMatchObject({ code: 2, reason: 'inactive_token', failed: 'active' });
  expect(atKeycloak.cause).toContain(`"${BILLING}" is not in the audience`);
  const elsewhere = await explain('/plain', '{"active":false}');
  expect(elsewhere.remedy).toContain('whether this client may ask about tokens for this API');
});

test('an answer where it is open whose it is: told so', async () => {
  const said = await explain('/several', answer({}));
  expect(said).toMatchObject({ code: 2, reason: 'malformed_token', failed: 'form' });
  expect(said.cause).toContain('which issuer of this route gave it');
});
