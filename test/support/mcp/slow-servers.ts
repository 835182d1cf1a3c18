/** MCP servers whose one tool, `wait`, answers when the test says so. */

import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { listenOnLoopback } from '../listener.ts';

export interface SlowServer {
  readonly origin: string;
  /** Emits `started` when the tool begins. The tool ends at the next `finish`. */
  readonly calls: EventEmitter;
  close(): Promise<void>;
}

type Handle = (req: IncomingMessage, res: ServerResponse) => unknown;
type OldTransport = Parameters<OldServer['connect']>[0];

/** By SDK and transport. The paths of HTTP+SSE are `/SSE/stream` and `/SSE/message`; the others answer at every path. */
export type SlowServerKind = '1.x' | '2.x' | 'SSE';

export async function startSlowServer(kind: SlowServerKind): Promise<SlowServer> {
  const calls = new EventEmitter();
  const handle = { '1.x': handleBySdk1, '2.x': handleBySdk2, SSE: handleBySse }[kind](calls);
  const server = createServer((req, res) => void handle(req, res));
  const origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const close = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { origin, calls, close };
}

async function wait(calls: EventEmitter) {
  const finished = once(calls, 'finish');
  calls.emit('started');
  await finished;
  return { content: [{ type: 'text' as const, text: 'waited' }] };
}

function createOldServer(calls: EventEmitter): OldServer {
  const server = new OldServer({ name: 'slow', version: '1.0.0' });
  server.registerTool('wait', {}, () => wait(calls));
  return server;
}

function handleBySdk1(calls: EventEmitter): Handle {
  return async (req, res) => {
    const server = createOldServer(calls);
    const transport = new StreamableHTTPServerTransport({});
    res.on('close', () => server.close());
    await server.connect(transport as OldTransport);
    await transport.handleRequest(req, res);
  };
}

function handleBySdk2(calls: EventEmitter): Handle {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'slow', version: '1.0.0' });
    server.registerTool('wait', {}, () => wait(calls));
    return server;
  });
  return toNodeHandler(handler) as Handle;
}

/** The stream names the other path, as the server itself is asked for it. */
function handleBySse(calls: EventEmitter): Handle {
  const sessions = new Map<string, SSEServerTransport>();
  return async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
    if (pathname === '/SSE/stream') {
      const transport = new SSEServerTransport('/SSE/message', res);
      sessions.set(transport.sessionId, transport);
      await createOldServer(calls).connect(transport);
      return;
    }
    const session = sessions.get(searchParams.get('sessionId') ?? '');
    if (session) await session.handlePostMessage(req, res);
    else res.writeHead(404).end();
  };
}
