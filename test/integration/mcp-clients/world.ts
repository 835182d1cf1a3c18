/** Two MCP servers, one by each SDK, behind the built gateway, with oidc-provider as their authorization server. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import type { FullMcpServer } from '../../support/mcp/full-server.ts';
import { type LoginServer, startLoginServer } from '../../support/mcp/login-server.ts';
import { startServer1 } from '../../support/mcp/server-1.ts';
import { startServer2 } from '../../support/mcp/server-2.ts';
import { reservePort } from '../../support/reserved-port.ts';
import { connect1 } from './client-1.ts';
import { connect2 } from './client-2.ts';

export const CONNECT = { 1: connect1, 2: connect2 } as const;
export type Version = keyof typeof CONNECT;

export interface World {
  readonly gateway: GatewayProcess;
  readonly issuer: LoginServer;
  readonly servers: Readonly<Record<Version, FullMcpServer>>;
  /** `http://127.0.0.1:PORT`, which the resources begin with. */
  readonly origin: string;
  close(): Promise<void>;
}

interface WorldOptions {
  readonly scopes?: readonly string[];
  /** Further routes, with the origins of the gateway and of the servers. */
  readonly routes?: (origin: string, servers: World['servers']) => string;
  /** Of a token, in seconds; default: ten minutes. */
  readonly lifetime?: number;
}

/**
 * Routes `/1` and `/2` lead to the servers, `/sibling` is another resource. Every tool needs `tools:call`.
 */
export async function startWorld({
  scopes = ['mcp:use', 'tools:call'],
  routes,
  lifetime,
}: WorldOptions = {}): Promise<World> {
  const [port, one, two] = await Promise.all([reservePort(), startServer1(), startServer2()]);
  const servers = { 1: one, 2: two };
  const origin = `http://127.0.0.1:${port}`;
  const names = ['1', '2', 'sibling', 'operation', 'cumulative'];
  const issuer = await startLoginServer(Object.fromEntries(names.map(name => [`${origin}/${name}`, scopes])), lifetime);
  const mcp = 'scopes: [mcp:use], mcp: { tools: { "*": [tools:call] }, initial_scopes: [mcp:use, tools:call]';
  const gateway = await startGatewayProcess(
    `
issuers: { "${issuer.issuer}": {} }
routes:
  /1: { resource: "${origin}/1", upstream: "${one.origin}", ${mcp}, sse: true } }
  /2: { resource: "${origin}/2", upstream: "${two.origin}", ${mcp} } }
  /sibling: { resource: "${origin}/sibling", upstream: "${one.origin}", ${mcp} } }
${routes?.(origin, servers) ?? ''}`,
    {
      place: (folder, text) =>
        writeConfiguration(folder, text.replace('listen: 127.0.0.1:0', `listen: 127.0.0.1:${port}`)),
    },
  );
  const close = async () => {
    await gateway.close();
    await Promise.all([one.close(), two.close(), issuer.close()]);
  };
  return { gateway, issuer, servers, origin, close };
}

function writeConfiguration(folder: string, text: string): string {
  const file = join(folder, 'audgate.yaml');
  writeFileSync(file, text);
  return file;
}
