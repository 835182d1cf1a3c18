/** Each check of `audgate probe`: fails against an API with the one mistake that it is for, holds against a right one and against audgate. */

import { afterEach, describe, expect, test } from 'vitest';
import { CHECKS } from '../../../src/probe/checks/table.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { createTestIssuer, idsOf, probeAll } from '../../support/probed/probe-all.ts';
import { type ProbedApi, startProbedApi } from '../../support/probed/probed-api.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each.close();
});

function keep<T extends ProbedApi | RunningGateway | TokenIssuer | Upstream>(started: T): T {
  running.push(started);
  return started;
}

const ISSUER = await createTestIssuer('https://login.example.com');
const SCOPE = 'items:read';
const ids = CHECKS.map(({ id }) => id);
/** Of the mistakes that let anything through: who does not verify signatures fails each check of them. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  'altered-signature': [
    'foreign-key',
    'cut-signature',
    'alg-none',
    'alg-none-letter-case',
    'hs256-public-key',
    'jku-url',
    'x5u-url',
    'jwk-header',
    'kid-injection',
  ],
  'foreign-key': ['altered-signature', 'alg-none', 'jku-url', 'x5u-url', 'jwk-header'],
  'other-audience': [
    'audience-substring',
    'audience-case',
    'audience-slash',
    'id-token',
    'duplicate-members',
    'path-readings',
  ],
  'audience-substring': ['audience-slash'],
};

async function probeApi(mistake: string | undefined, method: string) {
  const { issuer, publicJwk } = ISSUER;
  const api = keep(
    await startProbedApi({ issuer, keys: [publicJwk as Record<string, unknown>], scope: SCOPE, mistake }),
  );
  return probeAll(ISSUER, { ...api, scope: SCOPE, method });
}

test('ids: of each check another one', () => {
  expect(ids.length).toBeGreaterThan(35);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('an API with one mistake', () => {
  test.each(ids)('%s: fails this check', async id => {
    const report = await probeApi(id, 'POST');
    expect(report.verdict).toBe('fails');
    const others = idsOf(report, 'fails').filter(each => each !== id);
    expect(idsOf(report, 'fails')).toContain(id);
    expect(others.filter(each => !COMPANIONS[id]?.includes(each))).toEqual([]);
  });
});

test('an API without a mistake: every check holds', async () => {
  const report = await probeApi(undefined, 'POST');
  expect(report.results.filter(({ verdict }) => verdict !== 'holds')).toEqual([]);
  expect(report.verdict).toBe('holds');
  expect(report.requests).toBeLessThan(100);
});

test('audgate: every check holds', async () => {
  const upstream = keep(await startUpstream());
  const tokens = keep(await startTokenIssuer());
  tokens.jwks = { keys: [ISSUER.publicJwk] };
  const gateway = keep(
    await startGateway(`
issuers:
  ${ISSUER.issuer}: { jwks_uri: ${tokens.jwksUri} }
routes:
  /api: { resource: "http://127.0.0.1/api", upstream: "${upstream.origin}", scopes: [${SCOPE}] }
  /other: { resource: "http://127.0.0.1/other", upstream: "${upstream.origin}" }
`),
  );
  const report = await probeAll(ISSUER, {
    url: `${gateway.origin}/api/items`,
    siblingUrl: `${gateway.origin}/other`,
    ...{ resource: 'http://127.0.0.1/api', scope: SCOPE, method: 'POST' },
  });
  expect(report.results.filter(({ verdict }) => verdict !== 'holds')).toEqual([]);
  const lines = await gateway.requestLines(1);
  expect(lines.filter(line => line['status'] === 500)).toEqual([]);
});
