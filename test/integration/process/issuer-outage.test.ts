/** Start while an issuer cannot be reached. */

import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../../support/listener.ts';
import { headerValues, request } from '../../support/raw-http.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { eventually } from '../../support/waiting.ts';
import {
  admin,
  gatewayYaml,
  get,
  issuer,
  launch,
  portsOf,
  RESOURCE,
  sample,
  useProcessFixture,
  writeConfig,
} from './fixture.ts';

useProcessFixture();

describe('an issuer that cannot be reached at the start', () => {
  test('public routes 200, protected ones 503, /readyz names it; 200 and ready once it is up', async () => {
    const issuerPort = await reservePort();
    const late = `http://127.0.0.1:${issuerPort}`;
    const text = gatewayYaml().replace(issuer.jwksUri, `${late}/jwks`).replaceAll(issuer.issuer, late);
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    await gateway.line('keys could not be fetched');

    const readiness = await admin(gateway, '/readyz');
    expect(readiness.status).toBe(503);
    expect(readiness.body).toContain(late);
    expect((await get(gateway, '/open/a')).status).toBe(200);
    const lateToken = await issuer.sign({ claims: { aud: RESOURCE, iss: late } });
    const refused = await get(gateway, '/api/a', lateToken);
    expect(refused.status).toBe(503);
    expect(headerValues(refused.headers, 'retry-after').join()).toMatch(/^[1-9]\d*$/);
    expect(JSON.parse(String(refused.body))).toMatchObject({ reason: 'keys_unavailable' });
    expect((await request(portsOf(gateway)[0], { path: '/api/a' })).status).toBe(401);

    const server = createServer((_req, res) => res.end(JSON.stringify(issuer.jwks))).listen(issuerPort, '127.0.0.1');
    const startedAt = performance.now();
    await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
    expect(performance.now() - startedAt).toBeLessThan(4500);
    expect((await get(gateway, '/api/a', lateToken)).status).toBe(200);
    expect(await sample(gateway, `audgate_jwks_keys{issuer="${late}"}`)).toBe(1);
    server.closeAllConnections();
    server.close();
  });

  test('an issuer that accepts and never answers: no delay of start or end', async () => {
    const mute = createTcpServer(socket => socket.on('error', () => undefined));
    const mutePort = await listenOnLoopback(mute);
    const text = gatewayYaml().replace(issuer.jwksUri, `http://127.0.0.1:${mutePort}/jwks`);
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    expect((await get(gateway, '/open/a')).status).toBe(200);
    expect((await admin(gateway, '/readyz')).status).toBe(503);
    const startedAt = performance.now();
    gateway.child.kill('SIGTERM');
    expect(await gateway.exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    mute.close();
  });
});
