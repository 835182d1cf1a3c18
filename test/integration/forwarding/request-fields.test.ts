/** Fields of a request: what is forwarded, removed and added. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { Gateway } from '../../../src/gateway.ts';
import { Server } from '../../../src/server/server.ts';
import { createLog } from '../../../src/telemetry/log/log.ts';
import { Metrics } from '../../../src/telemetry/metrics/metrics.ts';
import { createTelemetry } from '../../../src/telemetry/telemetry.ts';
import { bearer, formatChunks, type HeaderPair, headerValues, request, sendRaw } from '../../support/raw-http.ts';
import {
  CHUNKED,
  call,
  expectOneRequest,
  gateway,
  gatewayYaml,
  head,
  issuer,
  onlyRequest,
  RESOURCE,
  token,
  upstream,
  useForwardingFixture,
} from './fixture.ts';

useForwardingFixture();

describe('fields of the request', () => {
  test('repeated fields: kept apart and in order', async () => {
    await call({
      path: '/api/a',
      headers: [
        ['X-Tag', 'a'],
        ['Cookie', 'p=1'],
        ['x-tag', 'b'],
        ['X-Tag', 'a'],
      ],
    });
    expect(headerValues(onlyRequest().rawHeaders, 'x-tag')).toEqual(['a', 'b', 'a']);
    expect(headerValues(onlyRequest().rawHeaders, 'cookie')).toEqual(['p=1']);
  });

  test('hop-by-hop fields: not forwarded', async () => {
    const hop: HeaderPair[] = [
      ['Keep-Alive', 'timeout=5'],
      ['Proxy-Connection', 'keep-alive'],
      ['Proxy-Authorization', 'Basic secret'],
      ['Proxy-Authenticate', 'Basic'],
      ['TE', 'trailers'],
      ['Trailer', 'X-Later'],
      ['Upgrade', 'h2c'],
      ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ];
    expect((await call({ path: '/api/a', headers: [...hop, ['X-Kept', '1']] })).status).toBe(200);
    const { rawHeaders } = onlyRequest();
    for (const [name] of hop) expect(headerValues(rawHeaders, name), name).toEqual([]);
    expect(headerValues(rawHeaders, 'x-kept')).toEqual(['1']);
  });

  test('fields that Connection lists: removed, but for those that it must not list', async () => {
    const listed = 'close, X-Private,X-User , X-Forwarded-For, Forwarded, Host, Authorization';
    const headers: HeaderPair[] = [
      ['Connection', listed],
      ['X-Private', 'p'],
      ['X-Public', 'q'],
      ['X-User', 'admin'],
    ];
    expect((await call({ path: '/forwarding/a', headers })).status).toBe(200);
    const { rawHeaders } = onlyRequest();
    expect(headerValues(rawHeaders, 'x-private')).toEqual([]);
    expect(headerValues(rawHeaders, 'x-public')).toEqual(['q']);
    expect(headerValues(rawHeaders, 'x-user')).toEqual(['alice']);
    expect(headerValues(rawHeaders, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(headerValues(rawHeaders, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
    expect(headerValues(rawHeaders, 'authorization')).toEqual([`Bearer ${token}`]);
  });

  test('Connection lists Content-Length or Transfer-Encoding: the body stays framed', async () => {
    const body = 'GET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    await call({ method: 'POST', path: '/api/a', headers: [['Connection', 'close, Content-Length']], body });
    await expectOneRequest('POST', body);
    upstream.received.length = 0;
    const connection: HeaderPair = ['Connection', 'close, Transfer-Encoding'];
    await call({ method: 'DELETE', path: '/api/a', headers: [connection, CHUNKED], body: formatChunks(body) });
    await expectOneRequest('DELETE', body);
  });

  test("Host: the upstream's; X-Forwarded-* and Forwarded: the client's hop; no Via", async () => {
    await call({ path: '/api/a', headers: [['Host', 'shop.example:8443']] });
    const { rawHeaders } = onlyRequest();
    expect(headerValues(rawHeaders, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
    expect(headerValues(rawHeaders, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(headerValues(rawHeaders, 'x-forwarded-host')).toEqual(['shop.example:8443']);
    expect(headerValues(rawHeaders, 'x-forwarded-proto')).toEqual(['http']);
    expect(headerValues(rawHeaders, 'forwarded')).toEqual(['for=127.0.0.1;host="shop.example:8443";proto=http']);
    expect(headerValues(rawHeaders, 'via')).toEqual([]);
  });

  test('Via of the client: forwarded as it is', async () => {
    await call({ path: '/api/a', headers: [['Via', '1.1 edge']] });
    expect(headerValues(onlyRequest().rawHeaders, 'via')).toEqual(['1.1 edge']);
  });

  test.each([
    'X-Forwarded-For',
    'x-forwarded-for',
    'X_Forwarded_For',
    'x-FORWARDED_for',
    'X-Forwarded-Host',
    'X_FORWARDED_HOST',
    'X-Forwarded-Proto',
    'X_Forwarded-Proto',
    'X-Forwarded-Port',
    'X_Forwarded_Port',
    'X-Forwarded-Prefix',
    'X-Forwarded-User',
    'X_Forwarded_User',
    'X-Forwarded-Uri',
    'Forwarded',
    'FORWARDED',
    'X-User',
    'x-user',
    'X_User',
    'x_USER',
    'X-Client',
    'X_CLIENT',
    'X-Groups',
    'X-Absent',
    'x_absent',
  ])('a forged %s: not forwarded', async name => {
    await call({
      path: '/api/a',
      headers: [
        [name, 'f0rged'],
        ['X-Other', 'kept'],
      ],
    });
    const { rawHeaders } = onlyRequest();
    expect(rawHeaders.flat().join('\n')).not.toContain('f0rged');
    expect(headerValues(rawHeaders, 'x-other')).toEqual(['kept']);
  });

  test('claims_to_headers: each claim once; an absent claim sets no field', async () => {
    await call({ path: '/api/a' });
    const { rawHeaders } = onlyRequest();
    expect(headerValues(rawHeaders, 'x-user')).toEqual(['alice']);
    expect(headerValues(rawHeaders, 'x-client')).toEqual(['shop']);
    expect(headerValues(rawHeaders, 'x-groups')).toEqual(['red blue']);
    expect(headerValues(rawHeaders, 'x-absent')).toEqual([]);
  });

  test.each(['a\r\nX-Admin: 1', 'a\nb', 'a\u0000b', ' padded', ''])(
    'a claim that no field value can hold (%j): sets no field',
    async sub => {
      const odd = await issuer.sign({ claims: { aud: RESOURCE, sub } });
      const headers: HeaderPair[] = [bearer(odd), ['X-User', 'forged']];
      expect((await request(gateway.port, { path: '/api/a', headers })).status).toBe(200);
      expect(headerValues(onlyRequest().rawHeaders, 'x-user')).toEqual([]);
      expect(headerValues(onlyRequest().rawHeaders, 'x-admin')).toEqual([]);
    },
  );

  test('Authorization: removed, also on a public route; kept by forward_token', async () => {
    for (const path of ['/api/a', '/open/a', '/forwarding/a']) await call({ path });
    const arrived = upstream.received.map(({ rawHeaders }) => headerValues(rawHeaders, 'authorization'));
    expect(arrived).toEqual([[], [], [`Bearer ${token}`]]);
  });

  test('a public route with forward_token: any Authorization is kept', async () => {
    await request(gateway.port, { path: '/open-forwarding/a', headers: [['Authorization', 'Basic YTpi']] });
    expect(headerValues(onlyRequest().rawHeaders, 'authorization')).toEqual(['Basic YTpi']);
  });

  test('a public route: identity fields of other routes are removed', async () => {
    await request(gateway.port, {
      path: '/open/a',
      headers: [
        ['X-Forwarded-For', '6.6.6.6'],
        ['Forwarded', 'for=6.6.6.6'],
      ],
    });
    expect(JSON.stringify(onlyRequest().rawHeaders)).not.toContain('6.6.6.6');
  });

  test('obs-text: forwarded byte by byte', async () => {
    await call({ path: '/api/a', headers: [['X-Bytes', 'caf\xe9 \xff\x80']] });
    expect(headerValues(onlyRequest().rawHeaders, 'x-bytes')).toEqual(['caf\xe9 \xff\x80']);
  });

  test.each(['::1', '::'])('X-Forwarded-For of a gateway that listens on [%s]', async host => {
    const listening = await startOn(host);
    try {
      const client = host === '::1' ? '::1' : '127.0.0.1';
      const fields: HeaderPair[] = [
        ['Host', 'shop.example'],
        ['Connection', 'close'],
      ];
      await sendRaw(listening.port, head('GET /open/a', fields), { host: client });
      const { rawHeaders } = onlyRequest();
      expect(headerValues(rawHeaders, 'x-forwarded-for')).toEqual([client]);
      const node = host === '::1' ? '"[::1]"' : '127.0.0.1';
      expect(headerValues(rawHeaders, 'forwarded')).toEqual([`for=${node};host="shop.example";proto=http`]);
    } finally {
      await listening.close();
    }
  });
});

/** As `startGateway`, on an address of choice. */
async function startOn(host: string): Promise<{ readonly port: number; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'audgate-'));
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, `listen: "[${host}]:0"\nadmin: 127.0.0.1:0\ndrain: { delay: 1ms }\n${gatewayYaml()}`);
  const loaded = loadConfig(file, {});
  rmSync(folder, { recursive: true });
  if (!loaded.ok) throw new Error('the configuration has problems');
  const metrics = new Metrics({ keySets: () => [] });
  const log = createLog({ write: () => true, close: async () => undefined });
  const telemetry = createTelemetry(metrics, log);
  const server = new Server(new Gateway(loaded.config, telemetry), telemetry, { version: '0.0.0', warnings: [] });
  const { listen } = await server.listen();
  return { port: 'port' in listen ? listen.port : 0, close: () => server.drain() };
}
