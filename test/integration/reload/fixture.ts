/** Configurations, and the ways in which files change. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { readSample } from '../../support/gateway.ts';
import { closeGatewayProcesses, type GatewayProcess } from '../../support/gateway-process.ts';
import { statusWithToken } from '../../support/outcome.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../../support/upstream.ts';

export const RESOURCE = 'https://api.example.com/';

export let issuer: TokenIssuer;

export let upstream: Upstream;

let token: string;

export function routes(prefix: string): string {
  return `routes:\n  ${prefix}: { public: true, upstream: "${upstream.origin}" }\n`;
}

export function guarded(prefix: string): string {
  return `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }\n${protectedRoute(prefix)}`;
}

export function protectedRoute(prefix: string): string {
  return `routes:\n  ${prefix}: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }\n`;
}

export function statusOf(gateway: GatewayProcess, path: string, accessToken = token): Promise<number> {
  return statusWithToken(gateway.port, path, accessToken);
}

export async function countReloads(gateway: GatewayProcess): Promise<readonly number[]> {
  const text = await gateway.scrape();
  return ['success', 'failure'].map(outcome => readSample(text, `audgate_config_reloads_total{outcome="${outcome}"}`));
}

export function place(folder: string, text: string): string {
  writeFileSync(join(folder, 'audgate.yaml'), text);
  return join(folder, 'audgate.yaml');
}

/** Registers the hooks that start and stop all of this. Called once at the top of a test file. */
export function useReloadFixture(): void {
  beforeAll(async () => {
    [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
    token = await issuer.sign({ claims: { aud: RESOURCE } });
  });

  afterEach(async () => {
    await closeGatewayProcesses();
    upstream.handle = answerWithWhatArrived;
  });

  afterAll(() => Promise.all([issuer.close(), upstream.close()]));
}
