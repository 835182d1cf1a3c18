/**
 * Each recipe of config/recipes for an issuer: valid without a warning, a token of that product is forwarded, one for another API is refused, and
 * the operator reads why. The keys alone are replaced, by that of the test.
 */

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { PRODUCT_TOKENS } from './product-tokens.ts';
import { checkRecipe, FOLDER, type RecipeWorld, startRecipeWorld } from './recipe-world.ts';

/** Asks about each token: its test has an endpoint to ask (test/integration/introspection, and a real Keycloak). */
const ASKING = ['keycloak-introspection'];
/** Those of MCP servers are in mcp-recipes.test.ts, those of front proxies in folders. */
const NAMES = readdirSync(FOLDER)
  .filter(file => file.endsWith('.yaml') && !file.endsWith('-mcp.yaml'))
  .map(file => file.replace(/\.yaml$/, ''));

let world: RecipeWorld;

beforeAll(async () => {
  world = await startRecipeWorld();
});
afterAll(() => world.close());

test('the table of tokens: has every recipe', () => {
  expect([...Object.keys(PRODUCT_TOKENS), ...ASKING].sort()).toEqual(NAMES.sort());
});

test.each(NAMES)('%s: valid, without a warning', name => {
  expect(checkRecipe(name)).toEqual([]);
});

describe.each(Object.entries(PRODUCT_TOKENS))('%s', (name, product) => {
  let gateway: RunningGateway;
  let issuer: string;
  let file: string;

  beforeAll(async () => {
    const recipe = world.read(name, '/billing');
    issuer = recipe.issuer;
    file = join(world.folder, `${name}.yaml`);
    writeFileSync(file, recipe.yaml);
    gateway = await startGateway(recipe.yaml);
  });
  afterAll(() => gateway.close());

  const get = async (token: string) => {
    const response = await fetch(`${gateway.origin}/billing/1`, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, body: await response.text() };
  };
  const other = () => world.sign(issuer, { header: product.header, claims: { ...product.claims, ...product.other } });

  test('a token for this API: forwarded', async () => {
    expect((await get(await world.sign(issuer, product))).status).toBe(200);
  });

  test('a token that is for something else: refused', async () => {
    const { status, body } = await get(await other());
    expect(JSON.parse(body)).toMatchObject({ status, reason: product.reason });
    expect(status).toBe(product.reason === 'wrong_claim' ? 403 : 401);
  });

  test('explain: the operator reads why', async () => {
    const url = 'https://gateway.example.com/billing/1';
    const args = ['--config', file, '--token-file', '-', '--json', url];
    const right = await runExplain(args, await world.sign(issuer, product));
    expect(JSON.parse(right.stdout)).toMatchObject({ decision: 'forwarded', reason: null });
    const wrong = await runExplain(args, await other());
    const { reason, cause, remedy } = JSON.parse(wrong.stdout);
    expect([wrong.code, reason]).toEqual([2, product.reason]);
    expect(cause).toMatch(product.cause);
    expect(remedy?.text ?? '').toMatch(product.remedy);
  });
});
