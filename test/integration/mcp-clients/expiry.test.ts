/** A call of a tool during which the token expires, by clients of both SDKs: its answer arrives. */

import { once } from 'node:events';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FullMcpServer } from '../../support/mcp/full-server.ts';
import { pauseUntil } from '../../support/waiting.ts';
import type { TransportKind } from './session.ts';
import { User } from './user.ts';
import { CONNECT, startWorld, type Version, type World } from './world.ts';

const ROWS: readonly (readonly [Version, TransportKind, Version])[] = [
  [1, 'Streamable HTTP', 1],
  [1, 'HTTP+SSE', 1],
  [2, 'Streamable HTTP', 2],
  [2, 'HTTP+SSE', 1],
  [2, '2026-07-28', 2],
];

let world: World;

beforeAll(async () => {
  world = await startWorld({ lifetime: 3 });
});

afterAll(() => world.close());

test('across `exp`: the answer arrives', async () => {
  const connected = await Promise.all(
    ROWS.map(async ([version, kind, serverVersion]) => {
      const user = new User();
      const url = new URL(`${world.origin}/${serverVersion}${kind === 'HTTP+SSE' ? '/sse' : ''}`);
      return { user, session: await CONNECT[version]({ url, kind, user }) };
    }),
  );
  const { 1: one, 2: two } = world.servers;
  const held = Promise.all([countHeld(one, 3), countHeld(two, 2)]);
  const calls = connected.map(({ session }) => session.callTool('hold'));
  await held;
  const expiries = connected.map(({ user }) => decodeJwt(user.tokens()?.access_token ?? '').exp ?? 0);
  await pauseUntil(Math.max(...expiries) * 1000 + 200);
  for (const { events } of [one, two]) events.emit('release');
  expect(await Promise.all(calls)).toEqual(ROWS.map(() => 'released'));

  await Promise.all(connected.map(({ session }) => session.close()));
});

async function countHeld({ events }: FullMcpServer, count: number): Promise<void> {
  for (let held = 0; held < count; held += 1) await once(events, 'held');
}
