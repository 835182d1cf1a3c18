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

test('jwks_file: read again at SIGHUP', async () => {
  const keys = await startTokenIssuer();
  const files: string[] = [];
  const gateway = await startGatewayProcess(
    `issuers: { "${keys.issuer}": { jwks_file: keys.json } }\n${protectedRoute('/api')}`,
    {
      place: (folder, text) => {
        files.push(join(folder, 'keys.json'));
        writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys.jwks));
        return place(folder, text);
      },
    },
  );
  expect(await statusOf(gateway, '/api', await keys.sign({ claims: { aud: RESOURCE } }))).toBe(200);
  const old = await keys.sign({ claims: { aud: RESOURCE } });
  await keys.rotate({ alone: true });
  writeFileSync(files[0] ?? '', JSON.stringify(keys.jwks));
  gateway.child.kill('SIGHUP');
  await gateway.line('configuration loaded', 2);
  expect(await statusOf(gateway, '/api', old)).toBe(401);
  expect(await statusOf(gateway, '/api', await keys.sign({ claims: { aud: RESOURCE } }))).toBe(200);
  await keys.close();
});
