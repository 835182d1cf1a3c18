/** SIGHUP: reload of the configuration. */

import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSample } from '../../support/gateway.ts';
import { changeAndSignal } from '../../support/gateway-process.ts';
import { listenOnLoopback } from '../../support/listener.ts';
import type { RunningProgram } from '../../support/program.ts';
import { startTokenIssuer } from '../../support/token-issuer.ts';
import { eventually } from '../../support/waiting.ts';
import {
  admin,
  BROKEN,
  expectEveryProblem,
  gatewayYaml,
  get,
  holdNextRequest,
  issuer,
  launch,
  RESOURCE,
  ROOT,
  sample,
  startReady,
  upstream,
  useProcessFixture,
  writeConfig,
} from './fixture.ts';

useProcessFixture();

describe('SIGHUP', () => {
  test('a good file: applied; a bad one: nothing changes; each is counted', async () => {
    const file = writeConfig(gatewayYaml());
    const gateway = launch(['--config', file]);
    await gateway.line('listening');
    await expectReloads(gateway, 0, 0);
    const loadedAt = await sample(gateway, 'audgate_config_last_reload_success_timestamp_seconds');
    expect(Math.abs(loadedAt - Date.now() / 1000)).toBeLessThan(60);
    expect((await get(gateway, '/later/a')).status).toBe(404);

    const later = `${gatewayYaml()}  /later: { public: true, upstream: "${upstream.origin}" }\n`;
    await changeAndSignal(gateway.child, () => writeFileSync(file, later));
    await gateway.line('configuration loaded', 2);
    await expectReloads(gateway, 1, 0);
    expect((await get(gateway, '/later/a')).status).toBe(200);
    expect(await sample(gateway, 'audgate_config_last_reload_success_timestamp_seconds')).toBeGreaterThan(loadedAt);

    await changeAndSignal(gateway.child, () => writeFileSync(file, BROKEN));
    const failed = await gateway.line('reload failed');
    expect(failed['level']).toBe('error');
    expectEveryProblem(JSON.stringify(failed['problems']));
    await expectReloads(gateway, 1, 1);
    expect((await get(gateway, '/later/a')).status).toBe(200);

    await changeAndSignal(gateway.child, () => rmSync(file));
    await gateway.line('reload failed', 2);
    await expectReloads(gateway, 1, 2);
    expect((await get(gateway, '/later/a')).status).toBe(200);

    await changeAndSignal(gateway.child, () => writeFileSync(file, gatewayYaml()));
    await gateway.line('configuration loaded', 3);
    await expectReloads(gateway, 2, 2);
    expect((await get(gateway, '/later/a')).status).toBe(404);
    expect((await get(gateway)).status).toBe(200);
  });

  test('the status page: hash, warnings and admin token of the configuration in use', async () => {
    const before = gatewayYaml();
    const file = writeConfig(before);
    const gateway = launch(['--config', file]);
    await gateway.line('listening');
    const first = await admin(gateway, '/');
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(first.body).toContain(`data-version="${version}"`);
    expect(first.body).toContain(createHash('sha256').update(before).digest('hex'));
    expect(first.body).not.toContain('routes./old.upstream_token');

    const warned = `${before}  /old: { resource: "https://old.example.com/", upstream: "${upstream.origin}", enforcement: report, upstream_token: strip }\n`;
    await changeAndSignal(gateway.child, () => writeFileSync(file, warned));
    await gateway.line('configuration loaded', 2);
    await expectReloads(gateway, 1, 0);
    const second = await admin(gateway, '/');
    expect(second.body).toContain(createHash('sha256').update(warned).digest('hex'));
    expect(second.body).toContain('routes./old.upstream_token');

    writeFileSync(join(dirname(file), 'admin-token'), 'a-token-that-is-long-enough\n');
    const guarded = `admin_token: \${file:admin-token}\n${before}`;
    await changeAndSignal(gateway.child, () => writeFileSync(file, guarded));
    await gateway.line('configuration loaded', 3);
    await expectReloads(gateway, 2, 0);
    expect((await admin(gateway, '/')).status).toBe(401);
  });

  test('a request in flight: finishes under the configuration that admitted it', async () => {
    const file = writeConfig(gatewayYaml());
    const gateway = launch(['--config', file]);
    await gateway.line('listening');
    const arrived = holdNextRequest();
    const answering = get(gateway);
    const res = await arrived;
    await changeAndSignal(gateway.child, () => writeFileSync(file, gatewayYaml().replace('  /api:', '  /moved:')));
    await gateway.line('configuration loaded', 2);
    expect((await get(gateway)).status).toBe(404);
    res.end('finished');
    expect(await answering).toMatchObject({ status: 200, complete: true });
  });

  test('a request whose token is being verified during the reload: forwarded', async () => {
    let fetches = 0;
    let release: () => void = () => undefined;
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const keys = await startTokenIssuer();
    const answerKeys = async (_req: IncomingMessage, res: ServerResponse) => {
      fetches += 1;
      const asked = JSON.stringify(keys.jwks);
      // The first is the one at the start, the second is for the unknown key.
      if (fetches === 2) await held;
      res.end(fetches === 1 ? asked : JSON.stringify(keys.jwks));
    };
    const server = createServer(answerKeys);
    const keysPort = await listenOnLoopback(server);
    const text = gatewayYaml()
      .replace(issuer.jwksUri, `http://127.0.0.1:${keysPort}/jwks`)
      .replace(issuer.issuer, keys.issuer);
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
    await keys.rotate();
    const answering = get(gateway, '/api/a', await keys.sign({ claims: { aud: RESOURCE } }));
    await eventually(async () => fetches === 2, 3000);
    gateway.child.kill('SIGHUP');
    await gateway.line('configuration loaded', 2);
    release();
    const answer = await answering;
    expect(answer.status, String(answer.body)).toBe(200);
    server.closeAllConnections();
    server.close();
    await keys.close();
  });

  test('ten reloads while new tokens arrive: every request is forwarded', async () => {
    const gateway = await startReady();
    const tokens = await Promise.all(Array.from({ length: 300 }, () => issuer.sign({ claims: { aud: RESOURCE } })));
    const statuses = new Map<number, number>();
    const work = async () => {
      for (let next = tokens.pop(); next !== undefined; next = tokens.pop()) {
        const { status } = await get(gateway, '/api/a', next);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (tokens.length % 30 === 0) gateway.child.kill('SIGHUP');
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    expect(Object.fromEntries(statuses)).toEqual({ 200: 300 });
    gateway.child.kill('SIGTERM');
    expect(await gateway.exit).toBe(0);
  });
});

async function expectReloads(gateway: RunningProgram, success: number, failure: number): Promise<void> {
  const text = (await admin(gateway, '/metrics')).body;
  const counts = ['success', 'failure'].map(outcome =>
    readSample(text, `audgate_config_reloads_total{outcome="${outcome}"}`),
  );
  expect(counts).toEqual([success, failure]);
}
