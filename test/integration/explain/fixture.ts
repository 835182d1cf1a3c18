/** Issuers, a configuration and tokens for the tests of `explain`. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type AuthorizationServer, startAuthorizationServer } from '../../support/authorization-server.ts';
import { runExplain } from '../../support/commands.ts';
import { type SignOptions, startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

export const PROFILE = 'https://profile.example.com/';

export const BILLING = 'https://billing.example.com/';

export const ENTRA = 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0';

export const COGNITO = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example';

export const KEYCLOAK = 'https://sso.example.com/realms/shop';

export const OKTA = 'https://shop.okta.com/oauth2/default';

export const AUTH0 = 'https://shop.eu.auth0.com/';

export const SLIPPED = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln';

export let folder: string;

export let file: string;

export let server: AuthorizationServer;

export let issuer: TokenIssuer;

/** Answers 500 for its keys. */
export let broken: TokenIssuer;

export function explainYaml(): string {
  const vendors = [ENTRA, COGNITO, KEYCLOAK, OKTA, AUTH0].map(
    name => `  ${name}: { jwks_uri: ${issuer.jwksUri}, token_types: [at+jwt, JWT] }`,
  );
  return `listen: 0.0.0.0:8080
issuers:
  ${server.issuer}:
  ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri}, algorithms: [ES256] }
${vendors.join('\n')}
  ${broken.issuer}: { jwks_uri: ${broken.jwksUri} }
routes:
  /profile: { resource: ${PROFILE}, upstream: 'http://127.0.0.1:3001', scopes: [profile:read] }
  /billing:
    resource: ${BILLING}
    upstream: http://127.0.0.1:3002/api
    strip_prefix: true
    scopes:
      GET: [billing:read]
      POST /invoices: [billing:read, billing:write]
    claims_to_headers: { X-User: sub, X-Team: team }
  /legacy: { resource: https://legacy.example.com/, upstream: 'http://127.0.0.1:3003', enforcement: report, forward_token: true }
  /proven: { resource: https://proven.example.com/, upstream: 'http://127.0.0.1:3004', enforcement: verify }
  /alone: { resource: https://alone.example.com/, upstream: 'http://127.0.0.1:3005', multiple_audiences: only }
  /picky: { resource: https://picky.example.com/, upstream: 'http://127.0.0.1:3006', issuers: [${server.issuer}] }
  /tenant: { resource: https://tenant.example.com/, upstream: 'http://127.0.0.1:3009', claims: { tid: tenant-1, level: 7, client_id: [web, batch] } }
  admin.example.com/: { resource: https://admin.example.com/, upstream: 'http://127.0.0.1:3007' }
  /status: { public: true, upstream: 'http://127.0.0.1:3008' }
  /keyed: { public: true, upstream: 'http://127.0.0.1:3010', request_headers: { set: { Authorization: sesame-7c1e }, remove: [X-Debug] } }
revoked: [{ jti: taken-back }]
`;
}

export async function explain(token: string | undefined, url: string, ...more: readonly string[]) {
  const source = token === undefined ? [] : ['--token-file', '-'];
  const { code, stdout, stderr } = await runExplain(['--config', file, ...source, ...more, url], token);
  expect(stderr).toBe('');
  // Neither the token nor its signature, whatever is explained.
  if (token !== undefined)
    for (const part of token.split('.')) if (part.length > 20) expect(stdout).not.toContain(part);
  return { code, stdout };
}

/** The text output and the JSON of one question. */
export async function explainTwice(token: string | undefined, url: string, ...more: readonly string[]) {
  const { code, stdout } = await explain(token, url, ...more);
  const forMachines = await explain(token, url, ...more, '--json');
  expect(forMachines.code).toBe(code);
  return { code, stdout, json: JSON.parse(forMachines.stdout) };
}

export const sign = (claims: SignOptions['claims'], header?: SignOptions['header']) =>
  issuer.sign({ claims: { aud: BILLING, scope: 'billing:read', ...claims }, ...(header && { header }) });

export const billing = (path = '/invoices') => `https://gateway.example.com/billing${path}`;

/** Registers the hooks that start and stop all of this. Called once at the top of a test file. */
export function useExplainFixture(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-explain-'));
    file = join(folder, 'audgate.yaml');
    const resources = [
      { resource: PROFILE, scopes: ['profile:read'] },
      { resource: BILLING, scopes: ['billing:read', 'billing:write'] },
    ];
    [server, issuer, broken] = await Promise.all([
      startAuthorizationServer({ resources }),
      startTokenIssuer(),
      startTokenIssuer(),
    ]);
    broken.jwks = undefined;
    writeFileSync(file, explainYaml());
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([server.close(), issuer.close(), broken.close()]);
  });
}
