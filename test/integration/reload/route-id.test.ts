/** `id` of a route: its path moves, and metrics, log, status page, sessions and simulate know it as the same. */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { reloadWith, startGatewayProcess } from '../../support/gateway-process.ts';
import { MAIN } from '../../support/program.ts';
import { guarded, statusOf, useReloadFixture } from './fixture.ts';

useReloadFixture();

test('a path that moves: one series, one name in the log, and simulate changes nothing', async () => {
  const withId = (prefix: string) => guarded(prefix).replace('{ resource', '{ id: billing, resource');
  const gateway = await startGatewayProcess(withId('/v1'));
  expect(await statusOf(gateway, '/v1')).toBe(200);
  await reloadWith(gateway, withId('/v2'));
  expect([await statusOf(gateway, '/v2'), await statusOf(gateway, '/v1')]).toEqual([200, 404]);

  const series = (await gateway.scrape())
    .split('\n')
    .filter(line => line.startsWith('audgate_requests_total{route="b'));
  expect(series).toEqual([expect.stringMatching(/^audgate_requests_total\{route="billing",.*status="200".*\} 2$/)]);
  await gateway.line('request', 3);
  const lines = gateway.lines().filter(({ msg }) => msg === 'request');
  expect(lines.map(({ route }) => route)).toEqual(['billing', 'billing', '(none)']);

  const log = join(dirname(gateway.file), 'access.ndjson');
  writeFileSync(
    log,
    lines
      .map(line => `${JSON.stringify({ ...line, path: '/v2' })}\n`)
      .slice(0, 2)
      .join(''),
  );
  const { stdout, status } = spawnSync(process.execPath, [MAIN, 'simulate', '--config', gateway.file, log]);
  expect({ status, text: stdout.toString() }).toMatchObject({ status: 0 });
});
