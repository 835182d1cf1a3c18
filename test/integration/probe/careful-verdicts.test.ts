/** What `audgate probe` must not say of an API: a failure where an API that is right answers so, or that a check holds where nothing shows it. */

import { afterEach, expect, test } from 'vitest';
import type { ProbeReport } from '../../../src/probe/run.ts';
import { createTestIssuer, idsOf, type ProbedPlace, probeAll } from '../../support/probed/probe-all.ts';
import { startProbedApi } from '../../support/probed/probed-api.ts';
import { judgeToken } from '../../support/probed/token-rules.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const ISSUER = await createTestIssuer('https://login.example.com');
const RESOURCE = 'https://billing.example.com/';
let running: Upstream | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

interface Reply {
  readonly status: number;
  readonly fields?: Readonly<Record<string, string>>;
}

/** @param reply to a request whose token deserves `status`; without a token, `isPresented` is false. */
async function probe(
  reply: (judged: { readonly status: number; readonly isPresented: boolean; readonly count: number }) => Reply,
  place: Partial<ProbedPlace> = {},
): Promise<ProbeReport> {
  const rules = { issuer: ISSUER.issuer, resource: RESOURCE, keys: [ISSUER.publicJwk as Record<string, unknown>] };
  let count = 0;
  running = await startUpstream({
    handle: async (req, res) => {
      if (req.url !== '/billing') return res.writeHead(404).end();
      const [, token] = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '') ?? [];
      const status = token === undefined ? 401 : ((await judgeToken(token, { ...rules, mistake: undefined })) ?? 200);
      count += 1;
      const replied = reply({ status, isPresented: req.headers.authorization !== undefined, count });
      return res.writeHead(replied.status, replied.fields).end();
    },
  });
  return probeAll(ISSUER, { url: `${running.origin}/billing`, resource: RESOURCE, ...place });
}

const resultOf = (report: ProbeReport, id: string) => report.results.find(({ check }) => check.id === id);
const CHALLENGE = { 'www-authenticate': 'Bearer error="invalid_token"' };

test('403 without a token, as API gateways answer: the challenge is unclear, and no token is refused for the wrong reason', async () => {
  const report = await probe(({ status, isPresented }) =>
    isPresented ? { status, fields: CHALLENGE } : { status: 403 },
  );
  expect(resultOf(report, 'challenge')).toMatchObject({ verdict: 'unclear' });
  expect(resultOf(report, 'no-token')).toMatchObject({ verdict: 'holds' });
});

test('metadata that the challenge places on another host: unclear, since that host is not asked', async () => {
  const metadata = 'Bearer resource_metadata="https://metadata.example.com/.well-known/oauth-protected-resource"';
  const report = await probe(({ status }) => ({ status, fields: { 'www-authenticate': metadata } }));
  expect(resultOf(report, 'metadata')).toMatchObject({ verdict: 'unclear' });
});

test('metadata without a --resource to compare it with: of the path that was asked, and of no other', async () => {
  const { publicJwk, issuer } = ISSUER;
  const keys = [publicJwk as Record<string, unknown>];
  const verdicts = await Promise.all(
    [undefined, 'metadata'].map(async mistake => {
      const api = await startProbedApi({ issuer, keys, mistake });
      const report = await probeAll(ISSUER, { ...api, knowsResource: false });
      await api.close();
      return resultOf(report, 'metadata')?.verdict;
    }),
  );
  expect(verdicts).toEqual(['holds', 'fails']);
});

test('a client that is called as the path: no echo', async () => {
  const fields = { 'www-authenticate': 'Bearer realm="/billing"' };
  const template = { header: { typ: 'at+jwt' }, claims: { client_id: 'billing', sub: 'billing' } };
  const report = await probe(({ status }) => ({ status, fields }), { template });
  expect(resultOf(report, 'echo')).toMatchObject({ verdict: 'holds' });
});

test('an API that asks for no token: fails that, and nothing else is told of its tokens', async () => {
  const report = await probe(() => ({ status: 200 }));
  expect(idsOf(report, 'fails')).toEqual(['no-token']);
  expect(resultOf(report, 'other-audience')).toMatchObject({ verdict: 'unclear', why: 'it answers without any token' });
});

test('an API that locks the probe out: not judged, whatever it refused', async () => {
  const report = await probe(({ status, count }) => (count > 6 ? { status: 403 } : { status, fields: CHALLENGE }));
  expect(resultOf(report, 'right-token')).toMatchObject({ verdict: 'unclear' });
  expect(resultOf(report, 'other-audience')).toMatchObject({ verdict: 'unclear' });
  expect(report.verdict).toBe('unclear');
});

test('an API that breaks over a malformed token, and is well otherwise: unclear there, and the other checks are run', async () => {
  let faults = 0;
  const report = await probe(({ status, isPresented, count }) => {
    if (status === 200 || !isPresented || count < 9) return { status, fields: CHALLENGE };
    faults += 1;
    return faults <= 3 ? { status: 500 } : { status, fields: CHALLENGE };
  });
  expect(faults).toBeGreaterThan(20);
  expect(idsOf(report, 'unclear').length).toBeGreaterThan(0);
  expect(resultOf(report, 'right-token')).toMatchObject({ verdict: 'holds' });
  expect(report.verdict).toBe('holds');
});
