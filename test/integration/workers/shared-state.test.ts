/** What the workers share: requests, metrics, keys, the status page. */

import { readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { readSample } from '../../support/gateway.ts';
import { childProcessIds } from '../../support/gateway-process.ts';
import { eventually } from '../../support/waiting.ts';
import {
  fetched,
  holdRequests,
  issuer,
  pageOf,
  RESOURCE,
  served,
  startWorkers,
  statusOf,
  useWorkersFixture,
  workersYaml,
} from './fixture.ts';

// For what never ends; on a busy machine a process takes seconds to start.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
useWorkersFixture();

test('requests to all workers: served, counts summed, keys fetched once', async () => {
  const fetches = issuer.fetches;
  const gateway = await startWorkers();
  const idle = await Promise.all(childProcessIds(gateway.child.pid).map(countSockets));
  const held = holdRequests(60);
  const answering = Array.from({ length: 60 }, () => statusOf(gateway));
  const release = await held;
  // The kernel gives a connection to the process that wakes first, so their distribution is not checked.
  const further: Socket[] = [];
  await eventually(async () => {
    further.push(connect(gateway.port, '127.0.0.1'));
    const busy = await Promise.all(childProcessIds(gateway.child.pid).map(countSockets));
    return busy.every((sockets, index) => sockets > (idle[index] ?? 0));
  });
  for (const socket of further) socket.destroy();
  await eventually(async () => (await gateway.sample('audgate_open_connections{kind="http"}')) === 60);
  release();
  expect(new Set(await Promise.all(answering))).toEqual(new Set([200]));
  expect(await statusOf(gateway, '/api', 'not-a-token')).toBe(401);

  // A request is counted when it has finished, shortly after its client has the response.
  let text = '';
  await eventually(async () => {
    text = await gateway.scrape();
    const counted = readSample(text, 'audgate_request_duration_seconds_count{route="/api"}');
    return counted === 61 && readSample(text, 'audgate_open_connections{kind="http"}') === 0;
  });
  expect(readSample(text, served)).toBe(60);
  expect(readSample(text, 'audgate_denials_total{route="/api",reason="malformed_token",action="refused"}')).toBe(1);
  expect(readSample(text, `audgate_jwks_keys{issuer="${issuer.issuer}"}`)).toBe(issuer.jwks?.keys.length);
  expect(readSample(text, fetched('success'))).toBe(1);
  expect(issuer.fetches - fetches).toBe(1);
  expect(text.split('\n').filter(line => /^audgate_\w+\{.*\} 0$/.test(line)).length).toBeGreaterThan(20);
  expect(seriesOf(await gateway.scrape())).toEqual(seriesOf(text));
  // They are sent together, shortly after the requests.
  await eventually(() => gateway.lines('request').length === 61);
});

test('a key rotation: one fetch for the unknown kid, every worker has the new key', async () => {
  const gateway = await startWorkers();
  const fetches = issuer.fetches;
  await issuer.rotate();
  const fresh = await issuer.sign({ claims: { aud: RESOURCE } });
  for (let round = 0; round < 5; round += 1) {
    const statuses = await Promise.all(Array.from({ length: 20 }, () => statusOf(gateway, '/api', fresh)));
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
  expect(issuer.fetches - fetches).toBe(1);
  await eventually(async () => (await gateway.sample(fetched('success'))) === 2);
});

test('unknown kids at every worker: one fetch in a cooldown', async () => {
  const gateway = await startWorkers();
  const fetches = issuer.fetches;
  const forge = () => issuer.sign({ claims: { aud: RESOURCE }, header: { kid: crypto.randomUUID() } });
  for (let round = 0; round < 3; round += 1) {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => statusOf(gateway, '/api', await forge())),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
  }
  expect(issuer.fetches - fetches).toBe(1);
});

test('the status page: denials and counts of all workers, behind the admin token in use', async () => {
  const gateway = await startWorkers();
  for (const [index, stopped] of childProcessIds(gateway.child.pid).entries()) {
    process.kill(stopped, 'SIGSTOP');
    expect(await statusOf(gateway, '/api', 'not-a-token')).toBe(401);
    process.kill(stopped, 'SIGCONT');
    await eventually(() => gateway.lines('request').length === index + 1);
  }
  const [older = '', newer = ''] = gateway.lines('request').map(line => String(line['request_id']));
  const { status, text } = await pageOf(gateway);
  expect(status).toBe(200);
  expect(text).toContain('<h1 id="state" class="ready">Ready</h1>');
  expect(text).toMatch(/<dt>Denied<\/dt><dd>2<\/dd>/);
  expect(text).toMatch(/<dt>Issuers with keys<\/dt><dd>1 of 1<\/dd>/);
  expect(text.split(`id="denial-${newer}"`)).toHaveLength(2);
  expect(text.indexOf(`id="denial-${older}"`)).toBeGreaterThan(text.indexOf(`id="denial-${newer}"`));

  writeFileSync(gateway.file, gateway.configure(`admin_token: a-token-of-the-operators\n${workersYaml()}`));
  const { hash } = await gateway.line('configuration loaded', 2);
  expect((await pageOf(gateway)).status).toBe(401);
  const shown = await pageOf(gateway, 'a-token-of-the-operators');
  expect(shown.status).toBe(200);
  expect(shown.text).toContain(hash);
  expect(shown.text).toContain(newer);
});

test('limits.connections: holds for all workers together', async () => {
  const gateway = await startWorkers(text => `limits: { connections: 4 }\n${text}`);
  const sockets = Array.from({ length: 12 }, () => connect(gateway.port, '127.0.0.1').on('error', () => undefined));
  const ended = 'audgate_connections_ended_total{cause="connection_limit"}';
  const open = 'audgate_open_connections{kind="http"}';
  await eventually(async () => (await gateway.sample(ended)) + (await gateway.sample(open)) === 12);
  expect(await gateway.sample(open)).toBeLessThanOrEqual(4);
  expect(await gateway.sample(open)).toBeGreaterThan(0);
  for (const socket of sockets) socket.destroy();
});

function countSockets(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Without the metrics of Node.js, some of which appear with the first garbage collection. */
function seriesOf(exposition: string): string[] {
  const ours = exposition.split('\n').filter(line => line.startsWith('audgate_'));
  return ours.map(line => line.slice(0, line.lastIndexOf(' ')));
}
