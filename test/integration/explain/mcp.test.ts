/** `explain` of requests to a route with rules under `mcp`: it has no body, and says what depends on it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

const NOTE = 'the body decides whether a rule under mcp needs more, by the tool, prompt or resource that it names';

let issuer: TokenIssuer;
let folder: string;
beforeAll(async () => {
  issuer = await startTokenIssuer();
  folder = mkdtempSync(join(tmpdir(), 'audgate-explain-mcp-'));
  const route = (path: string, keys: string) =>
    `  ${path}: { resource: "https://a.example${path}", upstream: "http://127.0.0.1:9", ${keys} }\n`;
  writeFileSync(
    join(folder, 'audgate.yaml'),
    `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }\nroutes:\n` +
      route('/rules', 'scopes: [mcp:use], mcp: { tools: { add: [tools:call] } }') +
      route('/unscoped', 'mcp: { prompts: { "*": [prompts:get] } }') +
      route('/plain', 'scopes: [mcp:use], mcp: true'),
  );
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await issuer.close();
});

test.each([
  ['POST', '/rules', 'mcp:use', 0, NOTE],
  ['POST', '/rules', 'other', 2, `missing: mcp:use; ${NOTE}`],
  ['POST', '/unscoped', 'other', 0, `none is needed; ${NOTE}`],
  ['GET', '/rules', 'mcp:use', 0, undefined],
  ['POST', '/plain', 'mcp:use', 0, undefined],
])('%s %s with the scope %s: exit %i, and what the scopes depend on', async (method, path, scope, code, note) => {
  const token = await issuer.sign({ claims: { aud: `https://a.example${path}`, scope } });
  writeFileSync(join(folder, 'token'), token);
  const config = ['--config', join(folder, 'audgate.yaml'), '--token-file', join(folder, 'token')];
  const result = await runExplain(['--json', ...config, '--method', method, `https://a.example${path}`]);
  expect(result.code).toBe(code);
  const check = JSON.parse(result.stdout).checks.find(({ name }: { name: string }) => name === 'scope');
  expect(check.note).toBe(note);
});
