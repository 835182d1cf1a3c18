/** What a reload keeps, and what it replaces. */

import { writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reloadWith, startGatewayProcess } from '../../support/gateway-process.ts';
import { request } from '../../support/raw-http.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { startTokenIssuer } from '../../support/token-issuer.ts';
import { answerWithWhatArrived } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';
import {
  guarded,
  issuer,
  place,
  protectedRoute,
  RESOURCE,
  routes,
  statusOf,
  upstream,
  useReloadFixture,
} from './fixture.ts';

useReloadFixture();

describe('unchanged settings', () => {
  test('SIGHUP: keys fetched again; unchanged ones, verified tokens and connections to the upstream kept', async () => {
    const gateway = await startGatewayProcess(guarded('/api'));
    expect(await statusOf(gateway, '/api')).toBe(200);
    const fetches = issuer.fetches;
    const connections = upstream.sockets.total;
    for (const prefix of ['/one', '/two', '/three']) {
      await reloadWith(gateway, `${guarded('/api')}  ${prefix}: { public: true, upstream: "${upstream.origin}" }\n`);
      expect(await statusOf(gateway, '/api')).toBe(200);
    }
    await eventually(() => issuer.fetches - fetches === 3);
    expect(upstream.sockets.total - connections).toBe(0);
    expect(await gateway.sample('audgate_token_cache_lookups_total{outcome="miss"}')).toBe(1);
    expect(await gateway.sample('audgate_token_cache_lookups_total{outcome="hit"}')).toBe(3);
  });

  test('longer max_stale while the issuer is away: the keys at hand stay in use', async () => {
    const gateway = await startGatewayProcess(guarded('/api'));
    const { jwks } = issuer;
    issuer.jwks = undefined;
    await reloadWith(gateway, guarded('/api').replace('jwks_uri', 'keys: { max_stale: 48h }, jwks_uri'));
    expect(await statusOf(gateway, '/api')).toBe(200);
    issuer.jwks = jwks;
  });

  test('changed rules of an issuer: its tokens are verified again', async () => {
    const gateway = await startGatewayProcess(guarded('/api'));
    expect(await statusOf(gateway, '/api')).toBe(200);
    await reloadWith(gateway, guarded('/api').replace('jwks_uri', 'token_types: [JWT], jwks_uri'));
    expect(await statusOf(gateway, '/api')).toBe(401);
    expect(await gateway.sample('audgate_token_cache_lookups_total{outcome="miss"}')).toBe(2);
  });

  test('a new connect time-out: open connections are kept', async () => {
    const gateway = await startGatewayProcess(guarded('/api'));
    expect(await statusOf(gateway, '/api')).toBe(200);
    const { total } = upstream.sockets;
    await reloadWith(gateway, guarded('/api').replace('upstream:', 'timeouts: { connect: 1s }, upstream:'));
    expect(await statusOf(gateway, '/api')).toBe(200);
    expect(upstream.sockets.total - total).toBe(0);
  });

  test('an endpoint that cannot be connected to: left out as before; a new one is not', async () => {
    const gone = `127.0.0.1:${await reservePort()}`;
    const list = (...urls: string[]) => `routes:\n  /: { public: true, upstream: [${urls.join(', ')}] }\n`;
    const gateway = await startGatewayProcess(list(`http://${gone}`, upstream.origin));
    const available = (label: string) => gateway.sample(`audgate_upstream_available{upstream="${label}"}`);
    expect(await available(gone)).toBe(1);
    expect(await statusOf(gateway, '/')).toBe(200);
    await eventually(async () => (await available(gone)) === 0);
    const other = `127.0.0.1:${await reservePort()}`;
    await reloadWith(gateway, list(upstream.origin, `http://${other}`, `http://${gone}`));
    await eventually(async () => (await available(other)) === 1);
    expect([await available(gone), await available(new URL(upstream.origin).host)]).toEqual([0, 1]);
  });

  test('requests in flight: counted against the new limit of their route', async () => {
    const gateway = await startGatewayProcess(routes('/api'));
    let release: () => void = () => undefined;
    const arrived = new Promise<void>(resolve => {
      upstream.handle = (_req, res) => {
        upstream.handle = answerWithWhatArrived;
        release = () => res.end('finished');
        resolve();
      };
    });
    const answering = request(gateway.port, { path: '/api' });
    await arrived;
    await reloadWith(gateway, routes('/api').replace('upstream:', 'limits: { in_flight: 1 }, upstream:'));
    expect(await statusOf(gateway, '/api')).toBe(503);
    release();
    expect((await answering).status).toBe(200);
    await eventually(async () => (await statusOf(gateway, '/api')) === 200);
  });
});

test('limits of the data listener: applied; addresses: logged as needing a restart', async () => {
  const gateway = await startGatewayProcess(routes('/api'));
  const text = gateway.configure(`timeouts: { keep_alive: 200ms }\n${routes('/api')}`);
  writeFileSync(gateway.file, text.replace(/listen: .*/, 'listen: 127.0.0.1:1'));
  const warning = await gateway.line('a restart is needed for what changed');
  expect(warning).toMatchObject({ level: 'warn', settings: ['listen'] });
  const agent = new Agent({ keepAlive: true });
  const closed = new Promise<number>(resolve => {
    httpRequest({ host: '127.0.0.1', port: gateway.port, path: '/api', agent }, answer => {
      const at = performance.now();
      answer.resume().socket.once('close', () => resolve(performance.now() - at));
    }).end();
  });
  expect(await closed).toBeLessThan(5000);
  agent.destroy();
});

describe('jwks_file', () => {
  /** A gateway whose only issuer has its keys in `keys.json`. @returns also what writes that file. */
  async function startWithKeyFile(more = '') {
    const keys = await startTokenIssuer();
    let folder = '';
    const write = (text = JSON.stringify(keys.jwks)) => writeFileSync(join(folder, 'keys.json'), text);
    const gateway = await startGatewayProcess(
      `${more}issuers: { "${keys.issuer}": { jwks_file: keys.json } }\n${protectedRoute('/api')}`,
      {
        place: (own, text) => {
          folder = own;
          write();
          return place(own, text);
        },
      },
    );
    await keys.close();
    const statusOfNew = async () => statusOf(gateway, '/api', await keys.sign({ claims: { aud: RESOURCE } }));
    return { keys, gateway, write, statusOfNew };
  }

  test.each([
    ['one process', ''],
    ['two workers', 'workers: 2\n'],
  ])('%s, the file changes: its keys verify, and those that are gone do not', async (_name, more) => {
    const { keys, gateway, write, statusOfNew } = await startWithKeyFile(more);
    const old = await keys.sign({ claims: { aud: RESOURCE } });
    expect(await statusOf(gateway, '/api', old)).toBe(200);
    await keys.rotate({ alone: true });
    write();
    await gateway.line('configuration loaded', 2);
    for (let turn = 0; turn < 4; turn++)
      expect([await statusOf(gateway, '/api', old), await statusOfNew()]).toEqual([401, 200]);
  });

  test('the file becomes one without a usable key: the reload fails, the old keys verify on', async () => {
    const { gateway, write, statusOfNew } = await startWithKeyFile();
    write('{"keys":[]}');
    expect(String((await gateway.line('reload failed'))['problems'])).toContain('"keys.json" has no key in "keys"');
    expect(await statusOfNew()).toBe(200);
    write();
    await gateway.line('configuration loaded', 2);
  });
});
