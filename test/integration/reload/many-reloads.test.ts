/** Forty reloads under load. */

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readSample } from '../../support/gateway.ts';
import { startGatewayProcess } from '../../support/gateway-process.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { eventually } from '../../support/waiting.ts';
import { countReloads, guarded, place, statusOf, upstream, useReloadFixture } from './fixture.ts';

useReloadFixture();

test('forty reloads, one in five bad, under load: every request is answered, no memory or descriptor is left', async () => {
  const others: Upstream[] = await Promise.all([startUpstream(), startUpstream()]);
  // A file that the YAML names is not watched: only the signal reloads it, so each reload has one cause.
  const yaml = `${guarded('/api')}  /other: { public: true, upstream: "\${file:origin}" }\n`;
  const gateway = await startGatewayProcess(yaml, {
    place: (folder, text) => {
      writeFileSync(join(folder, 'origin'), upstream.origin);
      return place(folder, text);
    },
  });
  const statuses = new Map<number, number>();
  let isOver = false;
  const work = async () => {
    while (!isOver) {
      const status = await statusOf(gateway, '/api');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const working = [work(), work()];
  const rounds = async (from: number, count: number) => {
    for (let round = from; round < from + count; round += 1) {
      const isBad = round % 5 === 4;
      const next = others[round % 2] ?? upstream;
      writeFileSync(join(dirname(gateway.file), 'origin'), isBad ? 'no origin' : next.origin);
      gateway.child.kill('SIGHUP');
      const message = isBad ? 'reload failed' : 'configuration loaded';
      await gateway.line(message, isBad ? (round + 1) / 5 : 2 + round - Math.floor(round / 5));
      if (isBad) continue;
      const received = next.received.length;
      expect(await statusOf(gateway, '/other')).toBe(200);
      expect(next.received).toHaveLength(received + 1);
    }
  };
  await rounds(0, 20);
  const before = await gateway.scrape();
  await rounds(20, 20);
  isOver = true;
  await Promise.all(working);
  expect([...statuses.keys()]).toEqual([200]);
  expect(await countReloads(gateway)).toEqual([32, 8]);
  await eventually(() => others.reduce((sum, other) => sum + other.sockets.open, 0) <= 1);
  const after = await gateway.scrape();
  for (const series of ['process_open_fds', 'nodejs_active_resources{type="Timeout"}']) {
    expect(readSample(after, series), series).toBeLessThanOrEqual(readSample(before, series) + 4);
  }
  await Promise.all(others.map(other => other.close()));
}, 300_000);
