/** The recipes of `config/recipes`, with the keys of the test for their issuer and the upstream of the test. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { formatDiagnostic } from '../../../src/config/diagnostics/diagnostic.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { startTokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream } from '../../support/upstream.ts';
import type { ProductToken } from './product-tokens.ts';

export const FOLDER = join(import.meta.dirname, '../../../config/recipes');

interface Recipe {
  readonly issuers: Record<string, Record<string, unknown>>;
  readonly routes: Record<string, Record<string, unknown>>;
}

export interface RecipeWorld {
  /** For files of the test. */
  readonly folder: string;
  /** @returns the route of the recipe and its only issuer, with the keys of the test, and without an endpoint to ask. */
  read(name: string, prefix: string): { readonly issuer: string; readonly yaml: string };
  /** @returns a token with these members and no others of its own, but its times. */
  sign(issuer: string, token: Pick<ProductToken, 'header' | 'claims'>): Promise<string>;
  close(): Promise<void>;
}

export async function startRecipeWorld(): Promise<RecipeWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-recipes-'));
  const signer = await startTokenIssuer('RS256');
  const upstream = await startUpstream();
  const keys = join(folder, 'keys.json');
  writeFileSync(keys, JSON.stringify(signer.jwks));
  return {
    folder,
    read: (name, prefix) => {
      const { issuers, routes }: Recipe = parse(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8'));
      const [issuer = ''] = Object.keys(issuers);
      const { jwks_uri: _, introspection: _asked, ...settings } = issuers[issuer] ?? {};
      const route = { ...routes[prefix], upstream: upstream.origin };
      const replaced = { [issuer]: { ...settings, jwks_file: keys } };
      return { issuer, yaml: stringify({ issuers: replaced, routes: { [prefix]: route } }) };
    },
    sign: (iss, { header, claims }) =>
      signer.sign({
        header: { typ: undefined, ...header },
        claims: { iss, sub: undefined, client_id: undefined, jti: undefined, ...claims },
      }),
    close: async () => {
      rmSync(folder, { recursive: true });
      await signer.close();
      await upstream.close();
    },
  };
}

/** @returns what `audgate check` says about a recipe as it is, line by line. */
export function checkRecipe(name: string): readonly string[] {
  const loaded = loadConfig(join(FOLDER, `${name}.yaml`), {});
  return (loaded.ok ? loaded.warnings : loaded.diagnostics).map(formatDiagnostic);
}
