/** An ambiguous path where nothing behind the upstream is protected: reported, and forwarded unchanged. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { evaluateRequest } from '../../../src/cli/explain/evaluate/evaluation.ts';
import { predictForwarding } from '../../../src/cli/explain/evaluate/predicted-reply.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { bearer, headerValues, request, sendRaw } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

let issuer: TokenIssuer;
let legacy: Upstream;
let mixed: Upstream;
let gateway: RunningGateway;

const NO_TOKEN = { fields: [], answer: undefined };
const RESOURCE = 'resource: "https://api.example/"';

beforeAll(async () => {
  [issuer, legacy, mixed] = await Promise.all([startTokenIssuer(), startUpstream(), startUpstream()]);
  const named = mixed.origin.replace('127.0.0.1', 'localhost');
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" }
routes:
  /api: { ${RESOURCE}, upstream: "${legacy.origin}", enforcement: report, would_deny_header: true, claims_to_headers: { X-User: sub } }
  /open: { public: true, upstream: "${legacy.origin}" }
  /cut: { ${RESOURCE}, upstream: "${legacy.origin}/base", enforcement: report, strip_prefix: true }
  /half: { ${RESOURCE}, upstream: "${mixed.origin}", enforcement: report }
  /enforced: { ${RESOURCE}, upstream: "${named}" }
`);
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), legacy.close(), mixed.close()]);
});

beforeEach(() => {
  legacy.received.length = 0;
  mixed.received.length = 0;
});

describe('forwarded unchanged, counted and logged', () => {
  test.each([
    ['/api//x', '/api//x', '/api'],
    ['/api/a/../b?q=%2F', '/api/a/../b?q=%2F', '/api'],
    ['/api/%2e%2E/b', '/api/%2e%2E/b', '/api'],
    ['/api/;v=1', '/api/;v=1', '/api'],
    ['/api/%2fx%2Fy', '/api/%2fx%2Fy', '/api'],
    ['/api/a\\b', '/api/a\\b', '/api'],
    ['/api/100%', '/api/100%', '/api'],
    ['/api/%zz', '/api/%zz', '/api'],
    ['/api/%00%ff', '/api/%00%ff', '/api'],
    ['/api/x#y?z', '/api/x#y?z', '/api'],
    ['/api/x?y#z', '/api/x?y#z', '/api'],
    ['/%61pi//x', '/%61pi//x', '/api'],
    ['/open/..%2fx', '/open/..%2fx', '/open'],
    ['/cut//x', '/base//x', '/cut'],
    ['/cut/../x', '/base/../x', '/cut'],
  ])('%s arrives as %s, by route %s', async (path, target, route) => {
    const series = `audgate_denials_total{route="${route}",reason="ambiguous_path",action="forwarded"}`;
    const [lines, count] = [(await gateway.requestLines(0)).length, await gateway.sample(series)];
    const { status } = await request(gateway.port, { path });
    expect(status).toBe(200);
    expect(legacy.received.map(({ url }) => url)).toEqual([target]);
    expect((await gateway.requestLines(lines + 1)).at(-1)).toMatchObject({
      ...{ route, outcome: 'reported', reason: 'ambiguous_path', level: 'warn', status: 200 },
      path: path.replace(/\?.*/, '').replace('v=1', 'v=…').replace('#y', '#…'),
    });
    expect(await gateway.sample(series)).toBe(count + 1);
  });

  test('an absolute target of the same authority: its path is forwarded unchanged', async () => {
    const target = 'http://a.example/api//x/../y?z';
    await sendRaw(gateway.port, `GET ${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
    expect(legacy.received.map(({ url }) => url)).toEqual(['/api//x/../y?z']);
  });

  test('a verified token: identity is forwarded, the response names what would be denied', async () => {
    const token = await issuer.sign({ claims: { aud: 'https://api.example/', sub: 'alice' } });
    const { headers } = await request(gateway.port, {
      path: '/api//x',
      headers: [bearer(token)],
    });
    expect(headerValues(headers, 'audgate-would-deny')).toEqual(['ambiguous_path']);
    expect(legacy.received[0]?.rawHeaders).toContainEqual(['X-User', 'alice']);
  });
});

describe('refused in every mode, not forwarded', () => {
  test.each([
    ['another route to that port enforces', '/half//x'],
    ['enforced', '/enforced//x'],
    ['no route as it came', '//api/x'],
    ['no route as it came, in its dots', '/x/../api'],
    ['no route as it came, encoded', '/api%2Fx'],
    ['a prefix to strip that is spelled otherwise', '/%63ut//x'],
  ])('%s: %s', async (_, path) => {
    const { status, body } = await request(gateway.port, { path });
    expect([status, JSON.parse(body.toString()).reason]).toEqual([400, 'ambiguous_path']);
    expect([...legacy.received, ...mixed.received]).toEqual([]);
  });

  test.each([
    ['a blank', '/api/a b'],
    ['a tab', '/api/a\tb'],
    ['a control', '/api/a\x01b'],
    ['a line feed', '/api/a\nX-A: b'],
    ['a carriage return', '/api/a\rb'],
    ['NUL', '/api/a\0b'],
    ['DEL', '/api//\x7f'],
    ['a control behind the query', '/api//x?\x0b'],
    ['no path', 'api//x'],
    ['another authority', 'http://b.example/api//x'],
  ])('malformed target: %s', async (_, target) => {
    const answer = await sendRaw(
      gateway.port,
      `GET ${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`,
    );
    expect(`${answer}`).toMatch(/^HTTP\/1\.1 400 /);
    expect([...legacy.received, ...mixed.received]).toEqual([]);
  });
});

test.each([
  ['/api//x', 'reported'],
  ['/cut/../x', 'reported'],
  ['/open/%2F', 'reported'],
  ['/half//x', 'refused'],
  ['//api', 'refused'],
])('explain of %s: %s', async (target, outcome) => {
  const { config } = gateway.server.gateway;
  const spec = {
    scheme: 'http',
    method: 'GET',
    target,
    authority: 'a.example',
    isAuthorityAssumed: false,
  } as const;
  const evaluation = await evaluateRequest(config, { ...spec, at: Date.now(), isNow: true }, NO_TOKEN);
  await request(gateway.port, { path: target });
  const [arrived] = legacy.received;
  expect(predictForwarding(evaluation)?.urls[0]).toBe(arrived && `${legacy.origin}${arrived.url}`);
  expect(arrived ? 'reported' : 'refused').toBe(outcome);
  expect(evaluation.decision?.denial?.reason ?? (evaluation.match?.ok === false && evaluation.match.reason)).toBe(
    'ambiguous_path',
  );
});
