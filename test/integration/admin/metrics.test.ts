/** `/metrics` counts exactly what a scripted run did, in a form that promtool accepts. */

import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, readSample, startGateway } from '../../support/gateway.ts';
import { bearer, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const PROFILE = 'https://profile.example.com/';
const BILLING = 'https://billing.example.com/';
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers:
  ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} }
routes:
  /profile: { resource: ${PROFILE}, upstream: ${upstream.origin} }
  /billing: { resource: ${BILLING}, upstream: ${upstream.origin}, scopes: [billing:read] }
  /legacy: { resource: https://legacy.example.com/, upstream: ${upstream.origin}, enforcement: report }
  /mcp: { resource: https://tools.example.com/mcp, upstream: ${upstream.origin}, mcp: { tools: { add: [] } } }
  /down: { public: true, upstream: 'http://127.0.0.1:9' }
`);
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all([issuer?.close(), upstream?.close()]);
});

const confusedDeputy = (route: string, resource: string, presented: string, action: string) =>
  `audgate_confused_deputy_rejections_total{route="${route}",resource="${resource}",presented="${presented}",issuer="${issuer.issuer}",action="${action}"}`;

test('confused-deputy series: present at 0 before the first request', async () => {
  const exposition = await gateway.scrape();
  const series = exposition.split('\n').filter(line => line.startsWith('audgate_confused_deputy_rejections_total{'));
  // Four protected routes; each may meet three siblings, a foreign audience, or none.
  expect(series).toHaveLength(4 * 5);
  for (const line of series) expect(line).toMatch(/ 0$/);
  expect(exposition).toContain(`${confusedDeputy('/billing', BILLING, PROFILE, 'refused')} 0`);
  expect(exposition).toContain(`${confusedDeputy('/legacy', 'https://legacy.example.com/', PROFILE, 'forwarded')} 0`);
});

test('a scripted run: the scrape counts exactly its requests', async () => {
  const profile = await issuer.sign({ claims: { aud: PROFILE } });
  const billing = await issuer.sign({ claims: { aud: BILLING } });
  const send = async (times: number, path: string, token?: string, method = 'GET') => {
    for (let count = 0; count < times; count++) {
      const headers = token === undefined ? [] : ([bearer(token)] as const);
      await request(gateway.port, { path, method, headers });
    }
  };
  await send(5, '/profile', profile);
  await send(3, '/billing', profile);
  await send(2, '/billing', billing);
  await send(4, '/legacy', billing);
  await send(1, '/billing');
  await send(2, '/down');
  await send(1, '/none', undefined, 'PURGE');
  const tools = await issuer.sign({ claims: { aud: 'https://tools.example.com/mcp' } });
  const call = (name: string) => ({
    ...{ path: '/mcp', method: 'POST', headers: [bearer(tools), ['Content-Type', 'application/json']] as const },
    body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}"}}`,
  });
  for (const name of ['add', 'add', 'invented']) await request(gateway.port, call(name));
  await gateway.requestLines(21);

  const exposition = await gateway.scrape();
  const expected = {
    'audgate_requests_total{route="/profile",method="GET",status="200"}': 5,
    'audgate_requests_total{route="/billing",method="GET",status="401"}': 4,
    'audgate_requests_total{route="/billing",method="GET",status="403"}': 2,
    'audgate_requests_total{route="/legacy",method="GET",status="200"}': 4,
    'audgate_requests_total{route="/down",method="GET",status="502"}': 2,
    'audgate_requests_total{route="(none)",method="OTHER",status="404"}': 1,
    'audgate_mcp_calls_total{route="/mcp",mcp_method="tools/call",tool="add",outcome="forwarded"}': 2,
    'audgate_mcp_calls_total{route="/mcp",mcp_method="tools/call",tool="other",outcome="forwarded"}': 1,
    'audgate_denials_total{route="/billing",reason="wrong_audience",action="refused"}': 3,
    'audgate_denials_total{route="/billing",reason="insufficient_scope",action="refused"}': 2,
    'audgate_denials_total{route="/billing",reason="missing_token",action="refused"}': 1,
    'audgate_denials_total{route="/legacy",reason="wrong_audience",action="forwarded"}': 4,
    'audgate_denials_total{route="(none)",reason="no_route",action="refused"}': 1,
    [confusedDeputy('/billing', BILLING, PROFILE, 'refused')]: 3,
    [confusedDeputy('/legacy', 'https://legacy.example.com/', BILLING, 'forwarded')]: 4,
    'audgate_upstream_failures_total{route="/down",reason="upstream_unreachable",cause="refused"}': 2,
    'audgate_token_cache_lookups_total{outcome="miss"}': 3,
    'audgate_token_cache_lookups_total{outcome="hit"}': 14,
    [`audgate_jwks_fetches_total{issuer="${issuer.issuer}",outcome="success"}`]: 1,
    [`audgate_jwks_keys{issuer="${issuer.issuer}"}`]: 1,
    'audgate_request_duration_seconds_count{route="/billing"}': 6,
    'audgate_upstream_duration_seconds_count{route="/legacy"}': 4,
    'audgate_open_connections{kind="http"}': 0,
  };
  const found = Object.fromEntries(Object.keys(expected).map(series => [series, readSample(exposition, series)]));
  expect(found).toEqual(expected);
  expect(sum(exposition, 'audgate_requests_total')).toBe(21);
  expect(sum(exposition, 'audgate_denials_total')).toBe(11);
  expect(sum(exposition, 'audgate_confused_deputy_rejections_total')).toBe(7);
});

test.skipIf(!hasPromtool)('promtool check metrics: no finding', async () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await gateway.scrape() });
  expect({ status, output: `${stdout}${stderr}` }).toEqual({ status: 0, output: '' });
});

function sum(exposition: string, metric: string): number {
  const samples = exposition.split('\n').filter(line => line.startsWith(`${metric}{`));
  return samples.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}
