/** How long sessions of MCP servers last: over reloads, in every worker, and with `session_key` over a restart and in another instance. */

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  childProcessIds,
  closeGatewayProcesses,
  type GatewayProcess,
  isWhole,
  reloadWith,
  startGatewayProcess,
} from '../../support/gateway-process.ts';
import { initialize, post } from '../../support/mcp/session-client.ts';
import { type SessionServer, startSessionServer } from '../../support/mcp/session-servers.ts';
import { startTokenIssuer, type TokenIssuer } from '../../support/token-issuer.ts';
import { eventually } from '../../support/waiting.ts';

const MCP = 'https://tools.example/mcp';
const KEY = 'a-key-of-32-characters-0123456789';

let issuer: TokenIssuer;
let server: SessionServer;
let token: string;
let other: string;

beforeAll(async () => {
  [issuer, server] = await Promise.all([startTokenIssuer(), startSessionServer(1)]);
  const sign = (sub: string) => issuer.sign({ claims: { aud: MCP, sub } });
  [token, other] = await Promise.all([sign('alice'), sign('bob')]);
});
afterEach(closeGatewayProcesses);
afterAll(async () => {
  await Promise.all([issuer.close(), server.close()]);
});

const configOf = (mcp: string, more = '') => `${more}
issuers: { "${issuer.issuer}": { jwks_uri: "${issuer.jwksUri}" } }
routes:
  /mcp: { resource: "${MCP}", upstream: "${server.origin}", mcp: ${mcp} }
`;

/** With the key in a file beside the configuration. */
const start = (key = KEY, more = '') =>
  startGatewayProcess(configOf('{ session_key: "${file:session-key}" }', more), {
    place: (folder, text) => {
      writeFileSync(join(folder, 'session-key'), `${key}\n`);
      writeFileSync(join(folder, 'audgate.yaml'), text);
      return join(folder, 'audgate.yaml');
    },
  });
const begin = ({ port }: GatewayProcess) => initialize(port, { token });
const statusOf = async ({ port }: GatewayProcess, session: string, as = token) =>
  (await post(port, { session, token: as })).status;

test('a restart with session_key, and another instance with it: the session goes on', async () => {
  const first = await start();
  const session = await begin(first);
  const replica = await start();
  expect([await statusOf(first, session), await statusOf(replica, session)]).toEqual([200, 200]);
  await first.close();
  const restarted = await start();
  expect(await statusOf(restarted, session)).toBe(200);
  expect(await statusOf(restarted, session, other)).toBe(404);
});

test('a restart without session_key: 404, upon which clients begin a new session', async () => {
  const first = await startGatewayProcess(configOf('true'));
  const session = await begin(first);
  expect(await statusOf(first, session)).toBe(200);
  await first.close();
  const restarted = await startGatewayProcess(configOf('true'));
  expect(await statusOf(restarted, session)).toBe(404);
  expect(await statusOf(restarted, await begin(restarted))).toBe(200);
});

test('a reload without session_key: the session goes on', async () => {
  const gateway = await startGatewayProcess(configOf('true'));
  const session = await begin(gateway);
  await reloadWith(gateway, configOf('{ max_body: 1MiB }'));
  await gateway.line('configuration loaded', 2);
  expect([await statusOf(gateway, session), await statusOf(gateway, session, other)]).toEqual([200, 404]);
});

test('the file of session_key is replaced: read again, and sessions by the old key end', async () => {
  const gateway = await start();
  const session = await begin(gateway);
  writeFileSync(join(dirname(gateway.file), 'session-key'), `${KEY}-another\n`);
  await gateway.line('configuration loaded', 2);
  expect(await statusOf(gateway, session)).toBe(404);
  expect(await statusOf(gateway, await begin(gateway))).toBe(200);
});

test('the file of session_key is replaced by one that cannot be a key: the old one stays, and no message has it', async () => {
  const gateway = await start();
  const session = await begin(gateway);
  writeFileSync(join(dirname(gateway.file), 'session-key'), 'short-secret');
  const failed = await gateway.line('reload failed');
  expect(JSON.stringify(failed)).toContain('session_key');
  expect(JSON.stringify(failed)).not.toContain('short-secret');
  expect(await statusOf(gateway, session)).toBe(200);
});

test.each([
  ['the key of the process', () => startGatewayProcess(configOf('true', 'workers: 2'))],
  ['session_key', () => start(KEY, 'workers: 2')],
])('two workers, by %s: each knows the session, and so do those that follow them', async (_, startWorkers) => {
  const gateway = await startWorkers();
  await eventually(() => isWhole(gateway));
  const session = await begin(gateway);
  const ask = () => Promise.all(Array.from({ length: 20 }, () => statusOf(gateway, session)));
  expect(new Set(await ask())).toEqual(new Set([200]));
  expect(await statusOf(gateway, session, other)).toBe(404);
  const workers = childProcessIds(gateway.child.pid);
  for (const worker of workers) process.kill(worker, 'SIGKILL');
  await eventually(() => childProcessIds(gateway.child.pid).every(worker => !workers.includes(worker)));
  await eventually(() => isWhole(gateway));
  expect(new Set(await ask())).toEqual(new Set([200]));
});
