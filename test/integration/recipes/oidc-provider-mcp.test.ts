/** config/recipes/oidc-provider-mcp.yaml with a real oidc-provider, and a client of the MCP SDK that knows nothing but the URL. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type RunningMcpServer, startMcpServer } from '../../support/mcp-servers.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { eventually } from '../../support/waiting.ts';

const RECIPE = join(import.meta.dirname, '../../../config/recipes/oidc-provider-mcp.yaml');
const PROGRAMS = join(import.meta.dirname, '../../support/mcp-tutorial');

describe('the recipe of oidc-provider for an MCP server', () => {
  let port: number;
  let resource: string;
  let issuer: string;
  let authorizationServer: ChildProcess;
  let server: RunningMcpServer;
  let gateway: RunningGateway | undefined;

  beforeAll(async () => {
    port = await reservePort();
    resource = `http://127.0.0.1:${port}/mcp`;
    const issuerPort = String(await reservePort());
    issuer = `http://127.0.0.1:${issuerPort}`;
    const args = [join(PROGRAMS, 'authorization-server.mjs'), '--port', issuerPort, `${resource} mcp:use users:admin`];
    authorizationServer = spawn(process.execPath, args, { stdio: 'ignore' });
    server = await startMcpServer(1);
    const isUp = () =>
      fetch(`${issuer}/jwks`)
        .then(({ ok }) => ok)
        .catch(() => false);
    await eventually(isUp);
  });
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
  });
  afterAll(async () => {
    const ended = once(authorizationServer, 'exit');
    authorizationServer.kill();
    await ended;
    await server.close();
  });

  async function start(mcp: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const { issuers, routes } = parse(readFileSync(RECIPE, 'utf8'));
    const [settings] = Object.values(issuers);
    const route = { ...routes['/mcp'], resource, upstream: server.origin };
    const yaml = { issuers: { [issuer]: settings }, routes: { '/mcp': { ...route, mcp: { ...route.mcp, ...mcp } } } };
    gateway = await startGateway(stringify({ listen: `127.0.0.1:${port}`, ...yaml }));
  }

  /** @returns the lines that the client prints. */
  async function callDeleteUser(): Promise<readonly string[]> {
    const child = spawn(process.execPath, [join(PROGRAMS, 'client.mjs'), resource, 'delete_user'], { stdio: 'pipe' });
    return (await text(child.stdout)).trim().split('\n');
  }

  test('a client: registers, logs in once, and calls the tool that has a rule', async () => {
    await start();
    expect(await callDeleteUser()).toEqual([
      `registered at ${issuer}`,
      `login of alice, for ${resource}, scope mcp:use users:admin`,
      'a token with the scope mcp:use users:admin',
      'delete_user: delete_user ran',
    ]);
  });

  test('without initial_scopes: the client is kept to the scope that it registered with, and the tool does not run', async () => {
    await start({ initial_scopes: undefined });
    const runs = server.runs.delete_user;
    expect(await callDeleteUser()).toEqual([
      `registered at ${issuer}`,
      `login of alice, for ${resource}, scope mcp:use`,
      'a token with the scope mcp:use',
      `login of alice, for ${resource}, scope mcp:use users:admin`,
      'delete_user: the login ended with invalid_scope',
    ]);
    expect(server.runs.delete_user).toBe(runs);
  });
});
