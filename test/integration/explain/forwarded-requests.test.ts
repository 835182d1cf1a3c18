/** Requests that are forwarded, or reported only. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { startGateway } from '../../support/gateway.ts';
import { sendRaw } from '../../support/raw-http.ts';
import { BILLING, billing, explain, explainTwice, folder, issuer, server, sign, useExplainFixture } from './fixture.ts';

useExplainFixture();

describe('no denial', () => {
  test('a forwarded request: upstream URL and identity fields', async () => {
    const { code, stdout, json } = await explainTwice(await sign({}), `${billing()}?page=secret`);
    expect(code).toBe(0);
    expect(json).toMatchObject({ decision: 'forwarded', reason: null, response: null, remedy: null });
    expect(json.forwarding.url).toBe('http://127.0.0.1:3002/api/invoices');
    expect(stdout).toContain('to the upstream: GET http://127.0.0.1:3002/api/invoices?…');
    expect(stdout).toContain('X-User: alice  (sub)');
    expect(stdout).toContain('X-Team: not set, for want of a claim team');
    expect(stdout).toContain('Authorization: removed');
    expect(stdout).not.toContain('secret');
    expect(json.checks.every((check: { verdict: string }) => check.verdict === 'pass')).toBe(true);
  });

  test('several endpoints, a unix socket among them: the URL at each', async () => {
    const file = join(folder, 'several.yaml');
    writeFileSync(
      file,
      'routes: { /a: { public: true, strip_prefix: true, upstream: ["http://one:8080/base", "unix:/run/two.sock"] } }\n',
    );
    const run = (...options: string[]) =>
      runExplain(['--config', file, ...options, 'http://gateway.example.com/a/x?y']);
    const { stdout } = await run();
    expect(stdout).toContain('to the upstream: GET http://one:8080/base/x?… or unix:/run/two.sock:/x?…\n');
    const { forwarding } = JSON.parse((await run('--json')).stdout);
    expect(forwarding).toMatchObject({
      url: 'http://one:8080/base/x',
      urls: ['http://one:8080/base/x', 'unix:/run/two.sock:/x'],
    });
  });

  test('a public route: forwarded without a token', async () => {
    const { code, json } = await explainTwice(undefined, 'http://gateway.example.com/status');
    expect({ code, decision: json.decision }).toEqual({ code: 0, decision: 'forwarded' });
  });

  test('request_headers: their names, no value', async () => {
    const { stdout, json } = await explainTwice(undefined, 'http://gateway.example.com/keyed');
    expect(stdout).toContain('\n  Authorization: set by request_headers\n  X-Debug: removed by request_headers\n');
    expect(stdout).not.toContain('Authorization: removed');
    expect(stdout + JSON.stringify(json)).not.toContain('sesame-7c1e');
  });

  test('metadata: answered by the gateway', async () => {
    const { code, json } = await explainTwice(
      undefined,
      'https://billing.example.com/.well-known/oauth-protected-resource',
    );
    expect({ code, decision: json.decision, status: json.response.status }).toEqual({
      code: 0,
      decision: 'answered',
      status: 200,
    });
  });
});

describe('report and verify', () => {
  test('report: forwarded, with what is reported and what enforce would answer', async () => {
    const { code, stdout, json } = await explainTwice(await sign({}), 'https://gateway.example.com/legacy');
    expect({ code, decision: json.decision, reason: json.reason }).toEqual({
      code: 0,
      decision: 'forwarded',
      reason: 'wrong_audience',
    });
    expect(stdout).toContain('forwarded, and reported: wrong_audience, presented: https://billing.example.com/');
    expect(stdout).toContain('The enforcement of this route is report; on enforce it would be refused with 401.');
    expect(stdout).toContain('what enforce would answer:\n  HTTP/1.1 401 Unauthorized');
    expect(stdout).toContain('Authorization: kept (upstream_token: forward)');
    expect(json.response).toMatchObject({ status: 401, sent: false });
  });

  test('verify: a wrong audience is reported, no token is refused', async () => {
    const reported = await explainTwice(await sign({}), 'https://gateway.example.com/proven');
    expect({ code: reported.code, reason: reported.json.reason }).toEqual({ code: 0, reason: 'wrong_audience' });
    const refused = await explainTwice(undefined, 'https://gateway.example.com/proven');
    expect({ code: refused.code, reason: refused.json.reason }).toEqual({ code: 2, reason: 'missing_token' });
  });
});

test('a head of limits.headers bytes: explain and gateway agree to the byte', async () => {
  const yaml = `limits: { headers: 1KiB }
issuers: { ${issuer.issuer}: { jwks_uri: ${issuer.jwksUri} } }
routes: { /billing: { resource: ${BILLING}, upstream: 'http://127.0.0.1:1' } }
`;
  const small = join(folder, 'small.yaml');
  writeFileSync(small, yaml);
  const gateway = await startGateway(yaml);
  const ask = async (method: string, target: string, bytes: number) => {
    const before = `${method} ${target} HTTP/1.1\r\nHost: a.be\r\nAuthorization: Bearer `;
    const token = 'x'.repeat(bytes - before.length - '\r\n\r\n'.length);
    const head = `${before}${token}\r\n\r\n`;
    const answer = await sendRaw(gateway.port, head, { responses: 1 });
    const status = Number(answer.toString('latin1').slice(9, 12));
    const options = ['--config', small, '--token-file', '-', '--json', '--method', method];
    const { stdout } = await runExplain([...options, `http://a.be${target}`], token);
    const { response, reason, checks, remedy } = JSON.parse(stdout);
    expect(response.status).toBe(status);
    return { status, reason, check: checks[0], remedy };
  };
  const cases = [
    ['GET', '/billing'],
    ['DELETE', '/billing/a?b=%20c'],
  ] as const;
  try {
    for (const [method, target] of cases) {
      expect(await ask(method, target, 1024)).toMatchObject({ status: 401, reason: 'malformed_token' });
      expect(await ask(method, target, 1025)).toMatchObject({
        ...{ status: 431, reason: 'headers_too_large' },
        check: { name: 'request', verdict: 'fail', actual: '1025 bytes' },
        remedy: { path: 'limits.headers', line: 1 },
      });
    }
  } finally {
    await gateway.close();
  }
});

test('no token: the command that requests one, with which the request is forwarded', async () => {
  const { code, stdout, json } = await explainTwice(undefined, billing());
  expect(code).toBe(2);
  expect(json.token_request).toMatchObject({
    resource: BILLING,
    scopes: ['billing:read'],
    metadata: 'https://billing.example.com/.well-known/oauth-protected-resource',
  });
  expect(stdout).toContain(`curl -s '${server.issuer}/.well-known/oauth-authorization-server'`);
  expect(stdout).toContain("--data-urlencode 'resource=https://billing.example.com/' \\\n");
  expect(stdout).toContain("--data-urlencode 'scope=billing:read'");
  const { accessToken } = await server.requestToken({ resource: BILLING, scope: 'billing:read' });
  expect((await explain(accessToken, billing())).code).toBe(0);
});
