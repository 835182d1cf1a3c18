/** Clients that offer another protocol, or speak an older one, unasked: they are served, and their offer ends here. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { headerValues } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { findProgram } from '../differential/servers/real-server.ts';

const run = promisify(execFile);
const RESOURCE = 'https://api.example.com/';
/** A JDK compiles the file first. */
const JAVA_LIMIT = 120_000;

const curl = findProgram('curl');
const java = findProgram('java');

let issuer: TokenIssuer;
let upstream: Upstream;
let gateway: RunningGateway;
let token: string;
let url: string;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startTokenIssuer(), startUpstream()]);
  gateway = await startGateway(`
issuers: { ${issuer.issuer}: { jwks_uri: "${issuer.jwksUri}" } }
routes: { /api: { resource: "${RESOURCE}", upstream: "${upstream.origin}" } }
`);
  token = await issuer.sign({ claims: { aud: RESOURCE } });
  url = `http://127.0.0.1:${gateway.port}/api/a`;
});

afterEach(() => {
  upstream.received.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), upstream.close()]);
});

describe.skipIf(curl === undefined)('curl', () => {
  test.each([
    ['--http2', []],
    ['--http2, with a body', ['--data', 'hello']],
    ['--http2, with an expectation', ['--data', 'hello', '--header', 'Expect: 100-continue']],
  ])('%s: served over HTTP/1.1', async (_name, more) => {
    expect(await ask('--http2', ...more)).toBe('1.1 200');
    expectNoOffer([more.length === 0 ? '' : 'hello']);
  });

  test('--http1.0 without a Host, as monitors send it: served', async () => {
    expect(await ask('--http1.0', '--header', 'Host:')).toBe('1.1 200');
    expectNoOffer(['']);
  });

  test('--http2-prior-knowledge: refused', async () => {
    await expect(ask('--http2-prior-knowledge')).rejects.toThrow();
    expect(upstream.received).toEqual([]);
  });
});

test.skipIf(java === undefined)(
  'the HttpClient of the JDK, which offers h2c: served over HTTP/1.1',
  async () => {
    const { stdout } = await run(java ?? '', [join(import.meta.dirname, 'OfferH2c.java'), url, token]);
    expect(stdout.trim().split('\n')).toEqual(['HTTP_1_1 200', 'HTTP_1_1 200', 'HTTP_1_1 200']);
    expectNoOffer(['', 'hello', 'hello']);
  },
  JAVA_LIMIT,
);

async function ask(...options: readonly string[]): Promise<string> {
  const fixed = ['--silent', '--show-error', '--noproxy', '*', '--max-time', '20', '--output', '/dev/null'];
  const written = ['--write-out', '%{http_version} %{http_code}', '--header', `Authorization: Bearer ${token}`];
  const { stdout } = await run(curl ?? '', [...fixed, ...written, ...options, url]);
  return stdout;
}

function expectNoOffer(bodies: readonly string[]): void {
  expect(upstream.received.map(({ body }) => body?.text)).toEqual(bodies);
  for (const { rawHeaders } of upstream.received) {
    for (const name of ['upgrade', 'http2-settings', 'expect']) expect(headerValues(rawHeaders, name)).toEqual([]);
    expect(headerValues(rawHeaders, 'connection').join()).not.toMatch(/upgrade|http2/i);
  }
}
