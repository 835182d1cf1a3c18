/** What `audgate probe` must not say of an API: a failure where an API that is right answers so, or that a check holds where nothing shows it. */

import { createServer } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { ProbeReport } from '../../../src/probe/run.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { createTestIssuer, idsOf, type ProbedPlace, probeAll, resultOf } from '../../support/probed/probe-all.ts';
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
  /** 0: the connection is closed. */
  readonly status: number;
  readonly body?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

interface Judged {
  readonly status: number;
  readonly isPresented: boolean;
  readonly count: number;
  /** `undefined` where there is no token of the form of a JWT. */
  readonly token: string | undefined;
  readonly size: number;
}

/** @param elsewhere what other paths than that of the API answer. @param reply to a request whose token deserves `status`; without a token, `isPresented` is false. */
async function probe(
  reply: (judged: Judged) => Reply,
  place: Partial<ProbedPlace> = {},
  elsewhere: (path: string) => Reply = () => ({ status: 404 }),
): Promise<ProbeReport> {
  const rules = { issuer: ISSUER.issuer, resource: RESOURCE, keys: [ISSUER.publicJwk as Record<string, unknown>] };
  let count = 0;
  running = await startUpstream({
    handle: async (req, res) => {
      if (req.url !== '/billing') {
        const { status, fields, body } = elsewhere(req.url ?? '');
        return res.writeHead(status, fields).end(body);
      }
      const { authorization = '' } = req.headers;
      const [, token] = /^Bearer (\S+)$/.exec(authorization) ?? [];
      const status = token === undefined ? 401 : ((await judgeToken(token, { ...rules, mistake: undefined })) ?? 200);
      count += 1;
      const isPresented = req.headers.authorization !== undefined;
      const replied = reply({ status, isPresented, count, token, size: authorization.length });
      if (replied.status === 0) return req.socket.destroy();
      return res.writeHead(replied.status, replied.fields).end(replied.body);
    },
  });
  const siblingUrl = place.siblingUrl && `${running.origin}${place.siblingUrl}`;
  return probeAll(ISSUER, { url: `${running.origin}/billing`, resource: RESOURCE, ...place, siblingUrl });
}

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

test.each([
  [429, '429 is no refusal of a token'],
  [503, '503: the server failed, which is no refusal'],
])('%i to the second request with the right token: not judged', async (status, why) => {
  const report = await probe(({ count }) => ({ status: count === 2 ? status : 200 }));
  expect(resultOf(report, 'right-token')).toMatchObject({ verdict: 'unclear', why });
  expect([report.verdict, report.requests]).toEqual(['unclear', 2]);
});

test('an API that takes each token once: not judged, after three requests', async () => {
  const seen = new Set<string | undefined>();
  const report = await probe(({ status, token }) => {
    const isFirst = !seen.has(token);
    seen.add(token);
    return { status: status === 200 && !isFirst ? 401 : status, fields: CHALLENGE };
  });
  expect(resultOf(report, 'right-token')).toMatchObject({
    verdict: 'unclear',
    why: expect.stringContaining('only once'),
  });
  expect(report.verdict).toBe('unclear');
});

test.each([
  ['GraphQL', '{"errors":[{"message":"no"}],"data":null}'],
  ['JSON-RPC', '{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no"}}'],
])('200 with the error of %s in its body: no acceptance, and no refusal', async (_, body) => {
  const report = await probe(({ status }) => ({ status: 200, body: status === 200 ? '{"data":{}}' : body }));
  expect(idsOf(report, 'fails')).toEqual([]);
  expect(resultOf(report, 'other-audience')).toMatchObject({
    verdict: 'unclear',
    why: '200 with an error in its body',
  });
  expect(report.verdict).toBe('unclear');
});

test('200 with an error in its body for the right token, too: not judged', async () => {
  const report = await probe(() => ({ status: 200, body: '{"errors":[{"message":"unauthenticated"}]}' }));
  expect(resultOf(report, 'right-token')).toMatchObject({ verdict: 'unclear', why: '200 with an error in its body' });
});

test('metadata behind credentials of another kind: says nothing of the challenge of the API', async () => {
  const fields = { 'www-authenticate': 'Basic realm="documents"' };
  const report = await probe(
    ({ status, isPresented }) => ({ status, fields: isPresented ? CHALLENGE : { 'www-authenticate': 'Bearer' } }),
    {},
    () => ({ status: 401, fields }),
  );
  expect(resultOf(report, 'challenge')).toMatchObject({ verdict: 'holds' });
});

test('metadata that the challenge names, while its server fails: unclear', async () => {
  const report = await probe(
    ({ status }) => {
      const { host } = new URL(running?.origin ?? '');
      const metadata = `http://${host}/.well-known/oauth-protected-resource`;
      return { status, fields: { 'www-authenticate': `Bearer resource_metadata="${metadata}"` } };
    },
    {},
    () => ({ status: 503 }),
  );
  expect(resultOf(report, 'metadata')).toMatchObject({ verdict: 'unclear' });
});

test('a scope that begins as the client is called: no echo', async () => {
  const fields = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="reports:read"' };
  const template = {
    header: { typ: 'at+jwt' },
    claims: { client_id: 'reports', scope: 'reports:read', sub: 'a-subject' },
  };
  const report = await probe(({ status, isPresented }) => ({ status, fields: isPresented ? fields : {} }), {
    template,
  });
  expect(resultOf(report, 'echo')).toMatchObject({ verdict: 'holds' });
});

test.each([
  ['is gone from then on', 'fails', 'it gives no answer any more: the request before may have ended it'],
  ['only closes the connection', 'holds', 'the connection was closed'],
])('oversized credentials, over which the API %s: %s', async (_, verdict, why) => {
  const keys = [ISSUER.publicJwk as Record<string, unknown>];
  const server = createServer({ maxHeaderSize: 256 * 1024 }, async (req, res) => {
    const { authorization = '' } = req.headers;
    if (authorization.length > 64 * 1024) {
      req.socket.destroy();
      if (verdict === 'fails') server.close();
      return;
    }
    const rules = { issuer: ISSUER.issuer, resource: RESOURCE, keys, mistake: undefined };
    res.writeHead((await judgeToken(authorization.replace('Bearer ', ''), rules)) ?? 200).end();
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}/billing`;
  const report = await probeAll(ISSUER, { url, resource: RESOURCE });
  server.close();
  expect(resultOf(report, 'oversized-credentials')).toMatchObject({ verdict, why });
});

test('an API that gives no answer any more: nothing more is sent', async () => {
  const report = await probe(({ status, count }) => ({ status: count > 6 ? 0 : status, fields: CHALLENGE }));
  expect([report.verdict, report.why]).toEqual([
    'unclear',
    'stopped: 3 requests in a row without an answer, or with 5xx',
  ]);
  expect(report.requests).toBeLessThan(15);
});

test('a page that answers every path behind an empty segment: not taken for the sibling', async () => {
  const report = await probe(
    ({ status }) => ({ status, fields: CHALLENGE }),
    { siblingUrl: '/profile' },
    path => ({ status: path.startsWith('//') ? 200 : path === '/profile' ? 401 : 404 }),
  );
  expect(resultOf(report, 'path-readings')).toMatchObject({ verdict: 'unclear' });
});

test('an answer of a cache: named as that', async () => {
  const fields = { age: '3' };
  const report = await probe(({ isPresented }) => ({ status: isPresented ? 200 : 401, fields }));
  expect(resultOf(report, 'other-audience')).toMatchObject({
    verdict: 'fails',
    why: expect.stringContaining('a cache gave this answer'),
  });
});

test('200 with a page to log in, where the right token gets JSON: no acceptance', async () => {
  const page = { status: 200, fields: { 'content-type': 'text/html; charset=utf-8' }, body: '<form></form>' };
  const report = await probe(({ status }) => (status === 200 ? { status, body: '{}' } : page));
  expect(idsOf(report, 'fails')).toEqual([]);
  expect(resultOf(report, 'no-token')).toMatchObject({ verdict: 'unclear', why: expect.stringContaining('to log in') });
});

test('HTML for the right token, too: an API as any other', async () => {
  const fields = { 'content-type': 'text/html' };
  const report = await probe(({ isPresented }) => ({ status: isPresented ? 200 : 401, fields }));
  expect(resultOf(report, 'other-audience')).toMatchObject({ verdict: 'fails' });
});
