/** A gateway of several workers, with one issuer and one upstream. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { closeGatewayProcesses, type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { statusWithToken } from '../../support/outcome.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { answerWithWhatArrived, startUpstream, type Upstream } from '../../support/upstream.ts';

export const RESOURCE = 'https://api.example.com/';

export const WORKERS = 2;

export let issuer: TokenIssuer;

export let upstream: Upstream;

export let token: string;

export const served = 'audgate_requests_total{route="/api",method="GET",status="200"}';

export const fetched = (outcome: string) =>
  `audgate_jwks_fetches_total{issuer="${issuer.issuer}",outcome="${outcome}"}`;

export function workersYaml(): string {
  return `workers: ${WORKERS}
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" }
`;
}

export function startWorkers(
  change = (text: string) => text,
  nodeOptions: readonly string[] = [],
): Promise<GatewayProcess> {
  const place = (folder: string, text: string) => {
    writeFileSync(join(folder, 'audgate.yaml'), change(text));
    return join(folder, 'audgate.yaml');
  };
  return startGatewayProcess(workersYaml(), { place, nodeOptions });
}

export function statusOf({ port }: { readonly port: number }, path = '/api', accessToken = token): Promise<number> {
  return statusWithToken(port, path, accessToken);
}

/** @returns the page of the admin listener, asked for with `bearer` where there is one. */
export async function pageOf({ adminPort }: GatewayProcess, bearer?: string) {
  const headers: Record<string, string> = bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` };
  const response = await fetch(`http://127.0.0.1:${adminPort}/`, { headers });
  return { status: response.status, text: await response.text() };
}

/** Waits until `count` requests have arrived. @returns a function that answers them. */
export function holdRequests(count: number): Promise<() => void> {
  const held: (() => void)[] = [];
  return new Promise(resolve => {
    upstream.handle = (_req, res) => {
      held.push(() => res.end('finished'));
      if (held.length < count) return;
      upstream.handle = answerWithWhatArrived;
      resolve(() => {
        for (const answer of held) answer();
      });
    };
  });
}

interface Load {
  readonly statuses: number[];
  /** Of requests that got no answer. */
  readonly errors: unknown[];
  stop(): Promise<void>;
}

/** One request after the other, each over a connection of its own, `clients` at once. */
export function startLoad(gateway: GatewayProcess, clients: number): Load {
  const statuses: number[] = [];
  const errors: unknown[] = [];
  let isOver = false;
  const work = async () => {
    while (!isOver) {
      await statusOf(gateway).then(
        status => statuses.push(status),
        error => errors.push(error),
      );
    }
  };
  const working = Promise.all(Array.from({ length: clients }, work));
  return {
    statuses,
    errors,
    stop: async () => {
      isOver = true;
      await working;
    },
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Registers the hooks that start and stop all of this. Called once at the top of a test file. */
export function useWorkersFixture(): void {
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
