/** Logs recorded by real gateways, and `simulate` run over them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll } from 'vitest';
import { runSimulate } from '../../support/commands.ts';
import { type LogLine, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, type HeaderPair, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

export const RESOURCES = ['https://one.example/r1', 'https://two.example/r2', 'https://one.example/'];

export let folder: string;

export let issuers: readonly TokenIssuer[];

export let upstream: Upstream;

export interface Ask {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly token: string;
}

interface Finding {
  readonly lines: number;
  readonly judged: number;
  readonly unchanged: number;
  readonly changed: Readonly<Record<string, number>>;
  readonly skipped: number;
  readonly broken: number;
  readonly unknown: Readonly<Record<string, number>>;
  readonly changes: readonly {
    readonly route: string;
    readonly was: Decision;
    readonly becomes: Decision;
    readonly presented: string | null;
    readonly client_id: string | null;
    readonly count: number;
    readonly example: string;
  }[];
}

export interface Decision {
  readonly outcome: unknown;
  readonly reason: unknown;
}

async function credentialsOf(token: string): Promise<readonly HeaderPair[]> {
  const [kind = '', issuer = '0', aud = '', scope = ''] = token.split(' ');
  if (kind === 'none') return [];
  if (kind === 'empty') return [['Authorization', 'Bearer']];
  if (kind === 'garbage') return [['Authorization', 'Bearer a.b']];
  const claims = {
    aud: aud === '' ? undefined : aud.split('|'),
    scope: scope.replaceAll('+', ' '),
    client_id: `c-${issuer}`,
  };
  const broken = kind === 'expired' ? { exp: 1 } : kind === 'early' ? { nbf: 3e9, exp: 4e9 } : {};
  const header = kind === 'id' ? { typ: 'JWT' } : kind === 'unknown' ? { kid: 'x' } : {};
  const signed = (await issuers[Number(issuer)]?.sign({ claims: { ...claims, ...broken }, header })) ?? '';
  return [bearer(kind === 'forged' ? signed.replace(/[^.]+$/, 'A'.repeat(86)) : signed)];
}

/** @returns the line of each request, in their order. */
export async function askAll(gateway: RunningGateway, asks: readonly Ask[]): Promise<readonly LogLine[]> {
  for (const [index, { method, host, path, token }] of asks.entries()) {
    await request(gateway.port, { method, path, headers: [['Host', host], ...(await credentialsOf(token))] });
    await gateway.requestLines(index + 1);
  }
  return gateway.requestLines(asks.length);
}

export async function record(
  yaml: string,
  asks: readonly Ask[],
): Promise<{ requests: readonly LogLine[]; log: readonly LogLine[] }> {
  const gateway = await startGateway(yaml);
  try {
    const requests = await askAll(gateway, asks);
    return { requests, log: [...gateway.log] };
  } finally {
    await gateway.close();
  }
}

export const decisionOf = (line: LogLine | undefined): Decision => ({
  outcome: line?.['outcome'],
  reason: line?.['reason'] ?? null,
});

export function writeConfig(yaml: string): string {
  const file = join(folder, `${crypto.randomUUID()}.yaml`);
  writeFileSync(file, yaml);
  return file;
}

export function writeLog(lines: readonly unknown[]): string {
  const file = join(folder, `${crypto.randomUUID()}.ndjson`);
  writeFileSync(
    file,
    lines
      .map(line => (typeof line === 'string' ? line : JSON.stringify(line)))
      .map(line => `${line}\n`)
      .join(''),
  );
  return file;
}

export function simulateLog(yaml: string, log: string, json: boolean, from?: string) {
  const configs = { config: writeConfig(yaml), from: from === undefined ? undefined : writeConfig(from) };
  return runSimulate({ ...configs, log, json });
}

export async function simulateJson(
  yaml: string,
  lines: readonly unknown[],
  from?: string,
): Promise<Finding & { readonly code: number }> {
  const { code, stdout } = await simulateLog(yaml, writeLog(lines), true, from);
  return { ...JSON.parse(stdout), code };
}

export const [BILLING, PROFILE] = ['https://billing.example/', 'https://profile.example/'];

export const billingYaml = ({ enforcement = 'report', audiences = '', types = 'at+jwt' } = {}) => `
issuers:
  ${issuers[0]?.issuer}: { jwks_uri: ${issuers[0]?.jwksUri}, token_types: [${types}] }
  ${issuers[1]?.issuer}: { jwks_uri: ${issuers[1]?.jwksUri} }
routes:
  /billing:
    resource: ${BILLING}
    audiences: [${audiences}]
    upstream: ${upstream.origin}
    enforcement: ${enforcement}
    scopes: { GET: [read], POST: [write] }
  /profile: { resource: ${PROFILE}, upstream: ${upstream.origin} }
  /open: { public: true, upstream: ${upstream.origin} }
`;

export const ask = (token: string, path = '/billing/7', method = 'GET'): Ask => ({
  method,
  host: 'api.example',
  path,
  token,
});

export const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);

const oneOf = <T>(values: readonly T[]) => fc.constantFrom(...values);

export const routes = fc.uniqueArray(
  fc.record({
    key: pick('/', '/a', '/a/b', '/b', 'one.example/a', 'one.example/', '/a/c'),
    isPublic: fc.nat(7).map(number => number === 0),
    resource: pick(0, 0, 1, 2),
    alias: fc.boolean(),
    multiple: pick('any', 'any', 'known', 'only'),
    issuers: fc.subarray([0, 1], { minLength: 1 }),
    enforcement: pick('report', 'report', 'verify', 'enforce'),
    encoded: fc.nat(19).map(number => (number === 0 ? ['%2F', ';'] : number < 6 ? ['%2F'] : [])),
    scopes: pick({ '*': [] }, { GET: ['read'], POST: ['write'] }, { '*': ['read'], 'GET /x': ['write'] }),
  }),
  { selector: ({ key }) => key, minLength: 2, maxLength: 5 },
);

export const audiences = fc
  .subarray([...RESOURCES, `${RESOURCES[0]}#old`, 'stranger'], { maxLength: 2 })
  .map(list => list.join('|'));

export const tokens = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(pick('0', '0', '1', '2'), audiences, pick('read', 'read+write', ''))
      .map(parts => `good ${parts.join(' ')}`),
  },
  { weight: 2, arbitrary: oneOf(RESOURCES).map(aud => `good 0 ${aud} read`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(pick('id', 'expired', 'early', 'forged', 'unknown'), oneOf(RESOURCES))
      .map(([kind, aud]) => `${kind} 0 ${aud} read`),
  },
  { weight: 1, arbitrary: pick('none', 'empty', 'garbage') },
);

const paths = fc.tuple(
  pick(
    '/',
    '/a',
    '/a',
    '/a/b',
    '/a/b',
    '/b',
    '/a/c',
    '/A',
    '/a%2Fb',
    '/a;v=1',
    '/a/../b',
    '/%61',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/r1',
  ),
  pick('', '', '', '/x', '/x/y', '/x;v', '?q=1', '//', '/%2e', '%3Fq'),
);

export const asks = fc.record({
  method: pick('GET', 'GET', 'GET', 'POST', 'HEAD', 'DELETE'),
  host: pick('one.example', 'two.example:81', 'ONE.example.', 'other'),
  path: paths.map(([start, end]) => `${start === '/' && end.startsWith('/') ? '' : start}${end}`),
  token: tokens,
});

/** Registers the hooks that start and stop all of this. Called once at the top of a test file. */
export function useSimulateFixture(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'audgate-simulate-'));
    issuers = await Promise.all([startTokenIssuer(), startTokenIssuer(), startTokenIssuer()]);
    upstream = await startUpstream();
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([...issuers, upstream].map(each => each.close()));
  });
}
