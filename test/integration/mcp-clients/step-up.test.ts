/**
 * How often a user logs in for two tools with a scope each, called by turns: a, b, a, b. Clients of SDK 1.x ask for the scopes of the last
 * challenge only, and lose those of the tool before; `challenge: cumulative` names these, too.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TransportKind } from './session.ts';
import { User } from './user.ts';
import { CONNECT, startWorld, type Version, type World } from './world.ts';

const [A, B] = ['test_simple_text', 'test_image_content'];

let world: World;
const table: string[] = [];

beforeAll(async () => {
  const routes = (origin: string, servers: World['servers']) =>
    ['operation', 'cumulative']
      .map(challenge => {
        const mcp = `{ challenge: ${challenge}, tools: { ${A}: [tool:a], ${B}: [tool:b] } }`;
        return `  /${challenge}: { resource: "${origin}/${challenge}", upstream: "${servers[2].origin}", scopes: [mcp:use], mcp: ${mcp} }`;
      })
      .join('\n');
  world = await startWorld({ scopes: ['mcp:use', 'tools:call', 'tool:a', 'tool:b'], routes });
});

afterAll(async () => {
  await world.close();
  console.log(['logins beside the first, for a, b, a, b:', ...table].join('\n'));
});

const ROWS: readonly (readonly [Version, TransportKind, 'operation' | 'cumulative', readonly string[]])[] = [
  [1, 'Streamable HTTP', 'operation', ['mcp:use tool:a', 'mcp:use tool:b', 'mcp:use tool:a', 'mcp:use tool:b']],
  [1, 'Streamable HTTP', 'cumulative', ['mcp:use tool:a', 'mcp:use tool:a tool:b']],
  [2, 'Streamable HTTP', 'operation', ['mcp:use tool:a', 'mcp:use tool:a tool:b']],
  [2, 'Streamable HTTP', 'cumulative', ['mcp:use tool:a', 'mcp:use tool:a tool:b']],
  [2, '2026-07-28', 'operation', ['mcp:use tool:a', 'mcp:use tool:a tool:b']],
  [2, '2026-07-28', 'cumulative', ['mcp:use tool:a', 'mcp:use tool:a tool:b']],
];

test.each(ROWS)('SDK %s.x, %s, challenge: %s: %j', async (version, kind, challenge, expected) => {
  const user = new User();
  const session = await CONNECT[version]({ url: new URL(`${world.origin}/${challenge}`), kind, user });
  for (const tool of [A, B, A, B]) await session.callTool(tool ?? '');
  await session.close();
  const [first, ...others] = user.logins.map(sortScopes);
  expect(first).toBe('mcp:use');
  expect(others).toEqual(expected);
  table.push(`SDK ${version}.x; ${kind}; challenge: ${challenge}: ${others.length}`);
});

function sortScopes(scope: string | null): string {
  return (scope ?? '').split(' ').sort().join(' ');
}
