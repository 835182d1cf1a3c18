/** MCP servers of both SDKs on loopback, with two tools that count how often they ran. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { listenOnLoopback } from './listener.ts';

export interface RunningMcpServer {
  readonly origin: string;
  /** Runs so far, by the name of the tool. */
  readonly runs: { add: number; delete_user: number };
  close(): Promise<void>;
}

type Handle = (req: IncomingMessage, res: ServerResponse) => unknown;

/** Without sessions, so each POST stands for itself. @param version of the TypeScript SDK: its 1.x serves revisions up to 2025-11-25. */
export async function startMcpServer(version: 1 | 2): Promise<RunningMcpServer> {
  const runs = { add: 0, delete_user: 0 };
  const handle = version === 1 ? handleBySdk1(runs) : handleBySdk2(runs);
  const server = createServer((req, res) => void handle(req, res));
  const origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const close = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { origin, runs, close };
}

type Runs = RunningMcpServer['runs'];
const NAMES = ['add', 'delete_user'] as const;
const resultOf = (name: string) => ({ content: [{ type: 'text' as const, text: `${name} ran` }] });

function handleBySdk1(runs: Runs): Handle {
  return async (req, res) => {
    const server = new OldServer({ name: 'one', version: '1.0.0' });
    for (const name of NAMES) {
      server.registerTool(name, {}, () => {
        runs[name] += 1;
        return resultOf(name);
      });
    }
    const transport = new StreamableHTTPServerTransport({});
    res.on('close', () => server.close());
    await server.connect(transport as Parameters<OldServer['connect']>[0]);
    await transport.handleRequest(req, res);
  };
}

function handleBySdk2(runs: Runs): Handle {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'two', version: '1.0.0' });
    for (const name of NAMES) {
      server.registerTool(name, {}, () => {
        runs[name] += 1;
        return resultOf(name);
      });
    }
    return server;
  });
  return toNodeHandler(handler) as Handle;
}
