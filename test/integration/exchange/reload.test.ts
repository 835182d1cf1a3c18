/** A reload of the built program while tokens are exchanged: what was issued stays good, and what is under way comes to its end. */

import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { authorizationsIn, createHold, createWorld, type Settings, type World } from './fixture.ts';

let world: World;
let gateway: GatewayProcess;

beforeAll(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await gateway.close();
  world.forget();
});
afterAll(() => world.close());

async function send(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`http://127.0.0.1:${gateway.port}/inner/1`, { headers })).status;
}

/** Loads the route with other settings. */
async function reload(settings: Settings, exchange: Settings = {}): Promise<void> {
  const loaded = gateway.lines('configuration loaded').length;
  writeFileSync(gateway.file, gateway.configure(world.yaml({ '/inner': world.route(settings, exchange) })));
  gateway.child.kill('SIGHUP');
  await gateway.line('configuration loaded', loaded + 1);
}

test('an issued token: kept over a reload, but not where another resource is wanted', async () => {
  gateway = await startGatewayProcess(world.yaml({ '/inner': world.route() }));
  const token = await world.tokenFor();
  const before = world.endpoint.calls.length;
  expect(await send(token)).toBe(200);
  await reload({ limits: { in_flight: 7 } });
  expect(await send(token)).toBe(200);
  expect(world.endpoint.calls.length - before).toBe(1);
  await reload({}, { resource: 'https://other.example.com/' });
  expect(await send(token)).toBe(200);
  expect(world.endpoint.calls.length - before).toBe(2);
});

test('an exchange under way: its request is forwarded, and one of the new configuration shares it', async () => {
  gateway = await startGatewayProcess(world.yaml({ '/inner': world.route() }));
  const token = await world.tokenFor();
  const { held, release } = createHold();
  world.endpoint.hold = held;
  const before = world.endpoint.calls.length;
  const early = send(token);
  await world.endpoint.called(before + 1);
  await reload({ limits: { in_flight: 7 } });
  const late = send(token);
  release();
  world.endpoint.hold = undefined;
  expect(await Promise.all([early, late])).toEqual([200, 200]);
  expect(world.endpoint.calls.length - before).toBe(1);
  expect(authorizationsIn(world.bytes())).toHaveLength(2);
});
