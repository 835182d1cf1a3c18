/** `upstream_token`: a route in report mode forwards Authorization; a change of the default by a stricter mode is logged. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import { bearer, type HeaderPair, request } from '../../support/raw-http.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';

const RESOURCE = 'https://api.example/';

/** An API that keeps the bytes of each head, and answers 200 to it, or to an upgrade 401. */
let api: Server;
let origin: string;
const heads: string[] = [];
let issuer: TokenIssuer;
let gateway: RunningGateway;
let token: string;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  api = createServer(socket => {
    socket
      .on('error', () => socket.destroy())
      .once('data', bytes => {
        heads.push(bytes.toString('latin1'));
        const status = /\r\nupgrade:/i.test(heads.at(-1) ?? '') ? '401 Unauthorized' : '200 OK';
        socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      });
  });
  origin = `http://127.0.0.1:${await listenOnLoopback(api)}`;
  token = await issuer.sign({ claims: { aud: RESOURCE } });
  gateway = await startGateway(`${issuers()}routes:
${route('/report', 'enforcement: report, claims_to_headers: { X-User: sub }')}
${route('/strip', 'enforcement: report, upstream_token: strip')}
${route('/verify', 'enforcement: verify')}
${route('/enforce', 'enforcement: enforce')}
${route('/enforce-forward', 'upstream_token: forward')}
${route('/older-name', 'forward_token: true')}
  /public: { public: true, upstream: "${origin}" }
  /public-forward: { public: true, upstream: "${origin}", upstream_token: forward }
`);
});

beforeEach(() => {
  heads.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([issuer.close(), once(api.close(), 'close')]);
});

function issuers(): string {
  return `issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }\n`;
}

function route(prefix: string, keys: string): string {
  return `  ${prefix}: { resource: "${RESOURCE}", upstream: "${origin}", ${keys} }`;
}

/** The Authorization fields that the API received, as they stood on the wire. */
const received = () => (heads[0] ?? '').split('\r\n').filter(line => /^authorization:/i.test(line));

const VALUES: readonly (readonly [string, readonly string[]])[] = [
  ['Bearer of another issuer', ['Bearer opaque-token']],
  ['Bearer, oddly spelled', ['bEARER  x  y']],
  ['Basic', ['Basic YWxpY2U6c2VjcmV0']],
  ['an API key', ['ApiKey 0123-4567/+==']],
  ['a key without a scheme', ['0123456789abcdef']],
  ['Digest', ['Digest username="a, Bearer b", realm="x", nonce="y", uri="/", response="z"']],
  ['a signature', ['AWS4-HMAC-SHA256 Credential=A/1/us/s3/aws4_request, SignedHeaders=host;range, Signature=f0']],
  ['bytes that are not ASCII', ['Basic \xe9\xff']],
  ['two fields', ['Basic YTpi', 'Bearer x']],
  ['two equal fields', ['Bearer x', 'Bearer x']],
  ['two credentials in one field', ['Bearer A, Bearer B']],
  ['an empty Bearer', ['Bearer']],
];

describe('a route in report mode: Authorization is forwarded unchanged', () => {
  test.each(VALUES)('%s: forwarded byte by byte', async (_, values) => {
    const fields: HeaderPair[] = values.map(value => ['Authorization', value]);
    const answer = await request(gateway.port, { path: '/report/a', headers: fields });
    expect(answer.status).toBe(200);
    expect(received()).toEqual(values.map(value => `Authorization: ${value}`));
    expect(heads[0]).not.toMatch(/^x-user:/im);
  });

  test.each(VALUES)('%s, in a WebSocket handshake: forwarded byte by byte', async (_, values) => {
    const fields: HeaderPair[] = values.map(value => ['Authorization', value]);
    await request(gateway.port, { path: '/report/a', headers: [...fields, ...HANDSHAKE] });
    expect(received()).toEqual(values.map(value => `Authorization: ${value}`));
    expect(heads[0]).toMatch(/^upgrade: websocket$/im);
  });

  test('Connection: Authorization: forwarded all the same', async () => {
    const headers: HeaderPair[] = [
      ['Authorization', 'Basic YTpi'],
      ['Connection', 'authorization, close'],
    ];
    await request(gateway.port, { path: '/report/a', headers });
    expect(received()).toEqual(['Authorization: Basic YTpi']);
  });

  test('a verified token: forwarded, with the identity fields', async () => {
    await request(gateway.port, { path: '/report/a', headers: [bearer(token)] });
    expect(received()).toEqual([`Authorization: Bearer ${token}`]);
    expect(heads[0]).toMatch(/^X-User: alice$/m);
  });
});

test.each([
  ['/strip', false],
  ['/verify', false],
  ['/enforce', false],
  ['/enforce-forward', true],
  ['/older-name', true],
  ['/public', false],
  ['/public-forward', true],
])('%s: Authorization is forwarded: %s', async (prefix, isForwarded) => {
  const answer = await request(gateway.port, {
    path: `${prefix}/a`,
    headers: [bearer(token)],
  });
  expect(answer.status).toBe(200);
  expect(received()).toEqual(isForwarded ? [`Authorization: Bearer ${token}`] : []);
});

describe('a reload that changes the default of upstream_token', () => {
  const CHANGED = 'the default of upstream_token changed with the enforcement of these routes';
  const configuration = (enforcement: string, keys = '') =>
    `${issuers()}routes:\n${route('/a', `enforcement: ${enforcement}${keys}`)}\n${route('/b', 'enforcement: report')}\n`;

  async function run(yaml: string, use: (running: GatewayProcess) => Promise<void>): Promise<void> {
    const running = await startGatewayProcess(yaml);
    await use(running).finally(() => running.close());
  }

  test('a route leaves report and returns: logged each time', async () => {
    await run(configuration('report'), async running => {
      writeFileSync(running.file, running.configure(configuration('verify')));
      const line = { level: 'warn', upstream_token: 'strip', routes: ['/a'], count: 1 };
      expect(await running.line(CHANGED)).toMatchObject(line);
      writeFileSync(running.file, running.configure(configuration('report')));
      expect(await running.line(CHANGED, 2)).toMatchObject({ ...line, upstream_token: 'forward' });
    });
  });

  test('an explicit upstream_token, or verify raised to enforce: not logged', async () => {
    await run(configuration('report'), async running => {
      const next = [
        configuration('enforce', ', upstream_token: forward'),
        configuration('verify', ', forward_token: true'),
      ];
      for (const [index, yaml] of next.entries()) {
        writeFileSync(running.file, running.configure(yaml));
        await running.line('configuration loaded', 2 + index);
      }
      writeFileSync(running.file, running.configure(configuration('verify')));
      await running.line(CHANGED);
      writeFileSync(running.file, running.configure(configuration('enforce')));
      await running.line('configuration loaded', 5);
      // This line follows every line of the reload.
      running.child.kill('SIGTERM');
      await running.line('draining');
      expect(running.lines().filter(({ msg }) => msg === CHANGED)).toHaveLength(1);
    });
  });
});

const HANDSHAKE: readonly HeaderPair[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
];
