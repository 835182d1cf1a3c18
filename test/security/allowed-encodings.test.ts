/**
 * A route that allows one encoding with `allow_encoded`: it allows that one, for that route, and no path that leaves the route.
 *
 * Seen in: Traefik CVE-2025-66490 and its follow-ups, where the option that allowed `%2F` allowed the others too.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatDiagnostic } from '../../src/config/diagnostics/diagnostic.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { reasonOrTarget } from '../support/outcome.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;

const routes = (origin: string) => `
  /files: { resource: "https://files.example/", upstream: "${origin}", allow_encoded: ["%2F"] }
  /files/private: { resource: "https://private.example/", upstream: "${origin}" }
  /cut: { resource: "https://files.example/", upstream: "${origin}/base", allow_encoded: ["%2f"], strip_prefix: true }
  /: { public: true, upstream: "${origin}", allow_encoded: [";"] }
  /other: { resource: "https://files.example/", upstream: "${origin}" }
`;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:${routes(upstream.origin)}`);
  token = await issuer.sign({ claims: { aud: 'https://files.example/' } });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

test.each([
  ['/files/x%2Fy', 'arrives as /files/x%2Fy'],
  ['/files/x%2fy', 'arrives as /files/x%2Fy'],
  ['/files/%2F', 'arrives as /files/%2F'],
  ['/cut/x%2Fy', 'arrives as /base/x%2Fy'],
  ['/files/..%2Fprivate', 'ambiguous_path'],
  ['/files/%2e%2e%2Fprivate', 'ambiguous_path'],
  ['/files/x%2F..%2Fprivate', 'ambiguous_path'],
  ['/files/x%2F%2e%2e', 'ambiguous_path'],
  ['/files/x%2F.', 'ambiguous_path'],
  ['/files/x%2F../y', 'ambiguous_path'],
  ['/cut/..%2Fx', 'ambiguous_path'],
  ['/cut/%2e%2e%2fx', 'ambiguous_path'],
  ['/files%2Fx', 'ambiguous_path'],
  ['/files%2Fprivate', 'ambiguous_path'],
  ['/files/private/x%2Fy', 'ambiguous_path'],
  ['/other/x%2Fy', 'ambiguous_path'],
  ['/cut%2Fx', 'ambiguous_path'],
  ['/files/x%5Cy', 'ambiguous_path'],
  ['/files/x%2F%5Cy', 'ambiguous_path'],
  ['/files/x%252Fy', 'ambiguous_path'],
  ['/files/x%2F%00', 'ambiguous_path'],
  ['/files/x%2F;y', 'ambiguous_path'],
  ['/files/x%2F%ff', 'ambiguous_path'],
  ['/files/x%2F/', 'arrives as /files/x%2F/'],
  ['/files//x%2Fy', 'ambiguous_path'],
])('%j: %s', async (path, outcome) => {
  expect(await outcomeOf(path)).toBe(outcome);
});

/** In their other reading these belong to another route with another audience: an upstream that decodes would give its response to a token for this one. */
test.each(['/files/private%2Fx', '/files/private%2F', '/other;x', '/other;x/y', '/files/private;x'])(
  '%j, which some servers read as another protected route: ambiguous_path, allowed or not',
  async path => {
    expect(await outcomeOf(path)).toBe('ambiguous_path');
  },
);

test('audgate check: a warning about upstreams that decode', () => {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, `issuers: { "https://i.example": {} }\nroutes:${routes('http://127.0.0.1:1')}`);
  const loaded = loadConfig(file, {});
  rmSync(folder, { recursive: true });
  const warnings = loaded.ok ? loaded.warnings.map(formatDiagnostic) : [];
  expect(warnings.filter(warning => warning.includes('allow_encoded'))).toHaveLength(3);
});

function outcomeOf(path: string): Promise<string> {
  return reasonOrTarget(gateway.port, upstream, path, token);
}
