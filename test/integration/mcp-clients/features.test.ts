/** Clients of both SDKs, direct and through the built gateway, from nothing but the URL: what passes direct passes through. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withTimeout } from '../../support/waiting.ts';
import { FEATURES } from './features.ts';
import type { Session, TransportKind } from './session.ts';
import { User } from './user.ts';
import { CONNECT, startWorld, type Version, type World } from './world.ts';

/** The SDK of the client, its transport, and the SDK of the server. Only 2.x has 2026-07-28, and only servers of 1.x have HTTP+SSE. */
const ROWS: readonly (readonly [Version, TransportKind, Version])[] = [
  [1, 'Streamable HTTP', 1],
  [1, 'Streamable HTTP', 2],
  [1, 'HTTP+SSE', 1],
  [2, 'Streamable HTTP', 1],
  [2, 'Streamable HTTP', 2],
  [2, 'HTTP+SSE', 1],
  [2, '2026-07-28', 2],
];

/** Milliseconds for one feature: one that hangs is named, and the others go on. */
const PATIENCE = 20_000;

let world: World;
const table: string[] = [];

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world.close();
  console.log(['client; transport; server: feature: direct | through', ...table].join('\n'));
});

const pathOf = (kind: TransportKind) => (kind === 'HTTP+SSE' ? '/sse' : '');

describe.each(ROWS)('a client of SDK %s.x, %s, a server of SDK %s.x', (version, kind, serverVersion) => {
  const name = `SDK ${version}.x; ${kind}; SDK ${serverVersion}.x`;
  const resource = () => `${world.origin}/${serverVersion}`;
  const through = () => new URL(`${resource()}${pathOf(kind)}`);

  test('every feature that passes direct passes through, after one login', async () => {
    const server = world.servers[serverVersion];
    const user = new User();
    const direct = await CONNECT[version]({ url: new URL(`${server.origin}/mcp${pathOf(kind)}`), kind });
    const proxied = await CONNECT[version]({ url: through(), kind, user });
    const results = [await runAll(direct), await runAll(proxied)] as const;
    for (const [feature, result] of Object.entries(results[0]))
      table.push(`${name}: ${feature}: ${isPassed(result)} | ${isPassed(results[1][feature] ?? '')}`);
    expect(results[1]).toEqual(results[0]);
    expect(Object.values(results[0]).filter(result => isPassed(result) === 'failed')).toEqual([]);
    expect(user.logins).toEqual(['mcp:use tools:call']);
    await Promise.all([direct.close(), proxied.close()]);

    async function runAll(session: Session): Promise<Record<string, string>> {
      const found: Record<string, string> = {};
      for (const [feature, { run, only }] of Object.entries(FEATURES)) {
        if (only && !only.includes(kind)) continue;
        found[feature] = await withTimeout(PATIENCE, run(session, server), 'no result').catch(
          error => `failed: ${error}`,
        );
      }
      return found;
    }
  });

  test("a sibling's token: refused and counted", async () => {
    const user = new User();
    const sibling = `${world.origin}/sibling`;
    const session = await CONNECT[1]({ url: new URL(sibling), kind: 'Streamable HTTP', user });
    await session.close();
    const labels = `route="/${serverVersion}",resource="${resource()}",presented="${sibling}",issuer="${world.issuer.issuer}",action="refused"`;
    const series = `audgate_confused_deputy_rejections_total{${labels}}`;
    const before = await world.gateway.sample(series);
    const headers = { Authorization: `Bearer ${user.tokens()?.access_token}` };
    await expect(CONNECT[version]({ url: through(), kind, headers })).rejects.toThrow(/401|Unauthorized/);
    expect(await world.gateway.sample(series)).toBeGreaterThan(before);
    table.push(`${name}: a sibling's token: - | refused and counted`);
  });
});

function isPassed(result: string): string {
  return result.startsWith('failed') ? 'failed' : 'passed';
}
