/**
 * Each recipe of an MCP server: valid without a warning, the challenge and the metadata lead a client to that product, and a token of
 * that product opens what its scopes say. The keys alone are replaced, by that of the test.
 */

import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { PRODUCT_TOKENS } from './product-tokens.ts';
import { checkRecipe, FOLDER, type RecipeWorld, startRecipeWorld } from './recipe-world.ts';

const RESOURCE = 'https://tools.example.com/mcp';
const METADATA = '/.well-known/oauth-protected-resource/mcp';

interface Recipe {
  /** Whose tokens, in `PRODUCT_TOKENS`. */
  readonly product: string;
  /** What a token that may use the server has in place of the product's other claims. */
  readonly user: Readonly<Record<string, unknown>>;
  /** The same of one that may use the tool with a rule, too; absent where the product has no scope for it. */
  readonly admin?: Readonly<Record<string, unknown>>;
  /** What the first challenge tells a client to ask for. */
  readonly initial: string;
}

const AS_SCOPE = { user: { aud: RESOURCE, scope: 'mcp:use' }, admin: { aud: RESOURCE, scope: 'mcp:use users:admin' } };
const RECIPES: Readonly<Record<string, Recipe>> = {
  'auth0-mcp': { ...AS_SCOPE, product: 'auth0', initial: 'mcp:use' },
  'entra-mcp': {
    product: 'entra-v2',
    user: { scp: 'mcp.use' },
    admin: { scp: 'mcp.use', roles: ['Users.Admin'] },
    initial: 'api://6731de76-14a6-49ae-97bc-6eba6914391e/mcp.use',
  },
  'keycloak-mcp': { ...AS_SCOPE, product: 'keycloak', initial: 'mcp:use users:admin' },
  'oidc-provider-mcp': { ...AS_SCOPE, product: 'oidc-provider', initial: 'mcp:use users:admin' },
  'workos-authkit-mcp': { product: 'workos-authkit', user: { aud: RESOURCE }, initial: 'openid' },
};

let world: RecipeWorld;

beforeAll(async () => {
  world = await startRecipeWorld();
});
afterAll(() => world.close());

test('the table: has every recipe of an MCP server', () => {
  const files = readdirSync(FOLDER).filter(file => file.endsWith('-mcp.yaml'));
  expect(files.map(file => file.replace(/\.yaml$/, '')).sort()).toEqual(Object.keys(RECIPES));
});

describe.each(Object.entries(RECIPES))('%s', (name, { product, user, admin, initial }) => {
  const { header, claims, other } = PRODUCT_TOKENS[product] ?? { header: {}, claims: {}, other: {} };
  let gateway: RunningGateway;
  let issuer: string;

  beforeAll(async () => {
    const recipe = world.read(name, '/mcp');
    issuer = recipe.issuer;
    gateway = await startGateway(recipe.yaml);
  });
  afterAll(() => gateway.close());

  async function call(tool: string, own?: Readonly<Record<string, unknown>>): Promise<Response> {
    const token = await world.sign(issuer, { header, claims: { ...claims, ...own } });
    return fetch(`${gateway.origin}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(own && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool } }),
    });
  }

  test('check: valid, without a warning', () => {
    expect(checkRecipe(name)).toEqual([]);
  });

  test('a client without a token: is told the scopes to ask for, and where', async () => {
    const refused = await call('add');
    expect(refused.status).toBe(401);
    const challenge = `Bearer scope="${initial}", resource_metadata="https://tools.example.com${METADATA}"`;
    expect(refused.headers.get('www-authenticate')).toBe(challenge);
    const document = await (await fetch(`${gateway.origin}${METADATA}`)).json();
    expect(document).toMatchObject({ resource: RESOURCE, authorization_servers: [issuer] });
  });

  test('a token for this server: calls a tool without a rule', async () => {
    expect((await call('add', user)).status).toBe(200);
  });

  test('the tool with a rule, where the product has a scope for it: needs that scope', async () => {
    const statuses = [(await call('delete_user', user)).status, (await call('delete_user', admin ?? user)).status];
    expect(statuses).toEqual(admin === undefined ? [200, 200] : [403, 200]);
  });

  test('a token for something else: 401', async () => {
    const refused = await call('add', { ...user, ...other });
    expect(await refused.json()).toMatchObject({ status: 401, reason: 'wrong_audience' });
  });
});
