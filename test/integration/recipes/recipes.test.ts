/**
 * Each recipe of config/recipes for an issuer: valid without a warning, a token of that product is forwarded, one for another API is refused, and
 * the operator reads why. The keys alone are replaced, by that of the test.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { formatDiagnostic } from '../../../src/config/diagnostics/diagnostic.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { runExplain } from '../../support/commands.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { PRODUCT_TOKENS, type ProductToken } from './product-tokens.ts';

const FOLDER = join(import.meta.dirname, '../../../config/recipes');
/** Asks about each token: its test has an endpoint to ask (test/integration/introspection, and a real Keycloak). */
const ASKING = ['keycloak-introspection'];
/** Those of MCP servers are in mcp-recipes.test.ts, those of front proxies in folders. */
const NAMES = readdirSync(FOLDER)
  .filter(file => file.endsWith('.yaml') && !file.endsWith('-mcp.yaml'))
  .map(file => file.replace(/\.yaml$/, ''));

interface Recipe {
  readonly issuers: Record<string, Record<string, unknown>>;
  readonly routes: Record<string, Record<string, unknown>>;
}

let signer: TokenIssuer;
let upstream: Upstream;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-recipes-'));
  signer = await startTokenIssuer('RS256');
  upstream = await startUpstream();
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(signer.jwks));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await signer.close();
  await upstream.close();
});

test('the table of tokens: has every recipe', () => {
  expect([...Object.keys(PRODUCT_TOKENS), ...ASKING].sort()).toEqual(NAMES.sort());
});

test.each(NAMES)('%s: valid, without a warning', name => {
  const loaded = loadConfig(join(FOLDER, `${name}.yaml`), {});
  const diagnostics = loaded.ok ? loaded.warnings : loaded.diagnostics;
  expect(diagnostics.map(formatDiagnostic)).toEqual([]);
});

/** @returns the recipe, with the key of the test for each issuer and the test's upstream. */
function readRecipe(name: string): { readonly issuer: string; readonly yaml: string } {
  const { issuers, routes }: Recipe = parse(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8'));
  const [issuer = ''] = Object.keys(issuers);
  const settings = { ...issuers[issuer] };
  delete settings['jwks_uri'];
  delete settings['introspection'];
  const route = { ...routes['/billing'], upstream: upstream.origin };
  const keys = { ...settings, jwks_file: join(folder, 'keys.json') };
  return { issuer, yaml: stringify({ issuers: { [issuer]: keys }, routes: { '/billing': route } }) };
}

const sign = (iss: string, { header, claims }: Pick<ProductToken, 'header' | 'claims'>) =>
  signer.sign({
    header: { typ: undefined, ...header },
    claims: { iss, sub: undefined, client_id: undefined, jti: undefined, ...claims },
  });

describe.each(Object.entries(PRODUCT_TOKENS))('%s', (name, product) => {
  let gateway: RunningGateway;
  let issuer: string;
  let file: string;

  beforeAll(async () => {
    const recipe = readRecipe(name);
    issuer = recipe.issuer;
    file = join(folder, `${name}.yaml`);
    writeFileSync(file, recipe.yaml);
    gateway = await startGateway(recipe.yaml);
  });
  afterAll(() => gateway.close());

  const get = async (token: string) => {
    const response = await fetch(`${gateway.origin}/billing/1`, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, body: await response.text() };
  };
  const other = () => sign(issuer, { header: product.header, claims: { ...product.claims, ...product.other } });

  test('a token for this API: forwarded', async () => {
    expect((await get(await sign(issuer, product))).status).toBe(200);
  });

  test('a token that is for something else: refused', async () => {
    const { status, body } = await get(await other());
    expect(JSON.parse(body)).toMatchObject({ status, reason: product.reason });
    expect(status).toBe(product.reason === 'wrong_claim' ? 403 : 401);
  });

  test('explain: the operator reads why', async () => {
    const url = 'https://gateway.example.com/billing/1';
    const args = ['--config', file, '--token-file', '-', '--json', url];
    const right = await runExplain(args, await sign(issuer, product));
    expect(JSON.parse(right.stdout)).toMatchObject({ decision: 'forwarded', reason: null });
    const wrong = await runExplain(args, await other());
    const { reason, cause, remedy } = JSON.parse(wrong.stdout);
    expect([wrong.code, reason]).toEqual([2, product.reason]);
    expect(cause).toMatch(product.cause);
    expect(remedy?.text ?? '').toMatch(product.remedy);
  });
});
