/** `explain` of one configuration, token and request, each with defaults. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { afterAll, beforeAll, expect } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

export const RESOURCE = 'https://orders.example.com/';
export const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
export const CLIENT = '6731de76-14a6-49ae-97bc-6eba6914391e';
export const ENTRA_V2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;
export const KEYCLOAK = 'https://sso.example.com/realms/shop';
export const PLAIN = 'https://login.example.com';
const URL = 'https://gateway.example.com/orders/1';

let folder: string;
let issuer: TokenIssuer;

/** The key that signs. */
export const signingKey = (): JWK => issuer.jwks?.keys[0] ?? {};

/** Registers the hooks that make and remove the folder and the issuer. Called once at the top of a test file. */
export function useExplainWorld(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-explain-products-'));
    issuer = await startTokenIssuer('RS256');
    writeKeys(issuer.jwks?.keys ?? []);
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await issuer.close();
  });
}

/** What the key set of every issuer holds from now on. */
export function writeKeys(keys: readonly JWK[]): void {
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }));
}

export interface ExplainedRequest {
  /** Keys of `issuers` in the YAML; `null` is one whose keys are discovered, everything else has them from a file. */
  readonly issuers?: Readonly<Record<string, Record<string, unknown> | null>>;
  readonly scopes?: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** In place of a signed token: what the file holds. */
  readonly input?: string;
}

export interface ShownExplanation {
  readonly code: number | null;
  readonly reason: string | null;
  readonly cause: string;
  readonly remedy: { readonly text: string; readonly path: string | null; readonly line: number | null } | null;
  readonly text: string;
}

/** @returns the explanation of a request for `/orders/1`. Checks that neither text nor JSON holds a part of the token. */
export async function explainRequest({
  issuers = { [PLAIN]: {} },
  scopes = [],
  claims,
  header,
  input,
}: ExplainedRequest): Promise<ShownExplanation> {
  const entries = Object.entries(issuers).map(([name, settings]) => {
    const common = { jwks_file: 'keys.json', token_types: ['at+jwt', 'JWT'] };
    return `  ${JSON.stringify(name)}: ${settings === null ? '' : JSON.stringify({ ...common, ...settings })}`;
  });
  const routes = [
    `  /orders: ${JSON.stringify({ resource: RESOURCE, upstream: 'http://127.0.0.1:1', scopes })}`,
    `  /stock: ${JSON.stringify({ resource: 'https://stock.example.com/', audiences: ['stock'], upstream: 'http://127.0.0.1:2' })}`,
  ];
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, `issuers:\n${entries.join('\n')}\nroutes:\n${routes.join('\n')}\n`);
  const [first = ''] = Object.keys(issuers);
  const token =
    input ??
    (await issuer.sign({
      claims: { iss: first, aud: RESOURCE, client_id: undefined, ...claims },
      header: { typ: 'JWT', ...header },
    }));
  const args = ['--config', file, '--token-file', '-', URL];
  const [forPeople, forMachines] = [await runExplain(args, token), await runExplain([...args, '--json'], token)];
  for (const said of [forPeople.stdout + forPeople.stderr, forMachines.stdout + forMachines.stderr]) {
    for (const part of token.split(/[.\s]/)) if (part.length > 24) expect(said).not.toContain(part);
  }
  expect(forPeople.stderr).toBe('');
  const { reason, cause, remedy } = JSON.parse(forMachines.stdout);
  return { code: forPeople.code, reason, cause, remedy, text: forPeople.stdout };
}
