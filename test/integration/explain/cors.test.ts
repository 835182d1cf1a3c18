/** `explain` of requests to a route with `cors`: what it says is what the gateway sends. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runExplain } from '../../support/commands.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { headerValues, request } from '../../support/raw-http.ts';

const YAML = `issuers: { https://login.example: }
routes:
  /a: { resource: https://a.example/, upstream: "http://127.0.0.1:9", scopes: { GET: [read] }, cors: { origins: [https://app.example] } }
`;

let folder: string;
let file: string;
let gateway: RunningGateway;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audgate-explain-cors-'));
  file = join(folder, 'audgate.yaml');
  writeFileSync(file, YAML);
  gateway = await startGateway(YAML.replace('login.example:', 'login.example: { jwks_uri: "http://127.0.0.1:9" }'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await gateway?.close();
});

const explain = async (method: string, url: string) => {
  const { stdout } = await runExplain(['--json', '--config', file, '--method', method, url]);
  return JSON.parse(stdout);
};

test('a refusal: Vary, as in the response of the gateway', async () => {
  const { response } = await explain('GET', 'http://a.example/a');
  const sent = await request(gateway.port, { path: '/a' });
  expect(response.status).toBe(sent.status);
  expect(response.headers).toMatchObject({ Vary: 'Origin' });
  expect(headerValues(sent.headers, 'vary')).toEqual(['Origin']);
});

test('OPTIONS: refused like any method, and what makes it a preflight', async () => {
  const explained = await explain('OPTIONS', 'http://a.example/a');
  expect(explained.reason).toBe('method_not_allowed');
  const { note } = explained.checks.find(({ name }: { name: string }) => name === 'route');
  expect(note).toContain(
    'with Origin and Access-Control-Request-Method it is a preflight, which cors answers with 204',
  );
  const { checks } = await explain('GET', 'http://a.example/a');
  expect(JSON.stringify(checks)).not.toContain('preflight');
});

test.each(['GET', 'HEAD', 'OPTIONS', 'POST'])('%s of a metadata document: as the gateway answers it', async method => {
  const path = '/.well-known/oauth-protected-resource';
  const { response } = await explain(method, `http://a.example${path}`);
  const sent = await request(gateway.port, { method, path, headers: [['Host', 'a.example']] });
  expect(response.status).toBe(sent.status);
  for (const name of [
    'Allow',
    'ETag',
    'Cache-Control',
    'Access-Control-Allow-Origin',
    'Access-Control-Allow-Headers',
  ]) {
    expect([name, response.headers[name]]).toEqual([name, headerValues(sent.headers, name)[0]]);
  }
});
