/** SIGTERM and SIGINT: the drain, and the exit code. */

import { describe, expect, test } from 'vitest';
import type { RunningProgram } from '../../support/program.ts';
import { sendRaw } from '../../support/raw-http.ts';
import { eventually, withTimeout } from '../../support/waiting.ts';
import {
  admin,
  gatewayYaml,
  get,
  holdNextRequest,
  launch,
  portsOf,
  startReady,
  token,
  useProcessFixture,
  writeConfig,
} from './fixture.ts';

useProcessFixture();

test.each([
  ['SIGTERM', 'SIGTERM'],
  ['SIGTERM', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
] as const)('%s, then %s: one drain, in which a request in flight finishes; exit 0', async (first, second) => {
  const gateway = await startReady();
  const arrived = holdNextRequest();
  const answering = get(gateway);
  const res = await arrived;
  gateway.child.kill(first);
  await gateway.line('draining');
  gateway.child.kill(second);
  // The listeners are closed after the second signal was sent: by then it has been received.
  await eventually(() => isRefused(gateway), 3000);
  res.end('finished');
  expect(await answering).toMatchObject({ status: 200, complete: true });
  expect(await gateway.exit).toBe(0);
  expect(gateway.lines().filter(({ msg }) => msg === 'draining')).toHaveLength(1);
});

test('a second SIGINT: ends without waiting for requests', async () => {
  const gateway = await startReady();
  const arrived = holdNextRequest();
  const answering = get(gateway).catch(() => undefined);
  await arrived;
  gateway.child.kill('SIGINT');
  await gateway.line('draining');
  gateway.child.kill('SIGINT');
  await withTimeout(3000, gateway.exit, 'it did not exit');
  await answering;
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', signal => {
  test('without requests: exit 0 without delay', async () => {
    const gateway = await startReady();
    expect((await get(gateway)).status).toBe(200);
    const startedAt = performance.now();
    gateway.child.kill(signal);
    expect(await gateway.exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(gateway.stderr()).toBe('');
  });

  test('the log at the exit: complete, in order, nothing twice', async () => {
    for (let count = 0; count < 4; count += 1) {
      const gateway = await startReady();
      await Promise.all(Array.from({ length: 20 }, () => get(gateway)));
      gateway.child.kill(signal);
      expect(await gateway.exit).toBe(0);
      const messages = gateway.lines().map(({ msg }) => msg);
      expect(messages.slice(-2)).toEqual(['draining', 'stopped']);
      expect(messages.filter(msg => msg === 'request')).toHaveLength(20);
      expect(messages.filter(msg => msg === 'draining')).toHaveLength(1);
    }
  });

  test('a request in flight: finishes; meanwhile /readyz is 503 and connections are refused; exit 0', async () => {
    const gateway = await startReady();
    const arrived = holdNextRequest();
    const answering = get(gateway);
    const res = await arrived;
    expect((await admin(gateway, '/readyz')).status).toBe(200);
    gateway.child.kill(signal);
    await gateway.line('draining');
    const readiness = await admin(gateway, '/readyz');
    expect(readiness.status).toBe(503);
    expect(JSON.parse(readiness.body)).toMatchObject({ draining: true });
    expect((await admin(gateway, '/healthz')).status).toBe(200);
    await eventually(() => isRefused(gateway), 3000);
    res.end('finished');
    expect(await answering).toMatchObject({ status: 200, complete: true });
    expect(await gateway.exit).toBe(0);
    const finished = gateway.lines().filter(({ msg }) => msg === 'request');
    expect(finished.at(-1)).toMatchObject({ status: 200, outcome: 'forwarded' });
  });

  test('within drain.delay: new connections are served, with Connection: close', async () => {
    const text = gatewayYaml().replace('delay: 1ms', 'delay: 1500ms');
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
    gateway.child.kill(signal);
    await gateway.line('draining');
    expect((await admin(gateway, '/readyz')).status).toBe(503);
    const bytes = await sendRaw(portsOf(gateway)[0], formatGet('keep-alive'));
    expect(bytes.toString()).toContain('200 OK');
    expect(bytes.toString()).toMatch(/\r\nConnection: close\r\n/i);
    expect(await gateway.exit).toBe(0);
  });

  test('unfinished at drain.limit: aborted, not logged as a complete response', async () => {
    const text = gatewayYaml().replace('limit: 10s', 'limit: 500ms');
    const gateway = launch(['--config', writeConfig(text)]);
    await gateway.line('listening');
    await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 5000);
    const arrived = holdNextRequest();
    const answering = get(gateway);
    const refused = expect(answering).rejects.toThrow('no response');
    await arrived;
    gateway.child.kill(signal);
    await refused;
    expect(await withTimeout(3000, gateway.exit, 'it did not exit')).toBe(0);
  });

  test('an idle kept-alive connection: no delay', async () => {
    const gateway = await startReady();
    const bytes = await sendRaw(portsOf(gateway)[0], formatGet('keep-alive'), { responses: 1 });
    expect(bytes.toString()).toContain('200 OK');
    const idle = sendRaw(portsOf(gateway)[0], formatGet('keep-alive'));
    await gateway.line('request', 2);
    const startedAt = performance.now();
    gateway.child.kill(signal);
    expect(await gateway.exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    await idle;
  });

  test('a kept-alive request answered after listening ended: its connection closes', async () => {
    const gateway = await startReady();
    const arrived = holdNextRequest();
    const answering = sendRaw(portsOf(gateway)[0], formatGet('keep-alive'));
    const res = await arrived;
    gateway.child.kill(signal);
    await eventually(() => isRefused(gateway), 3000);
    const startedAt = performance.now();
    res.end('finished');
    expect((await answering).toString()).toContain('finished');
    expect(await gateway.exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });
});

function formatGet(connection: string): string {
  return `GET /api/a HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
}

function isRefused(gateway: RunningProgram): Promise<boolean> {
  return get(gateway).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
  );
}
