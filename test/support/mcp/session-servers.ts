/** MCP servers of both SDKs with sessions, which believe whoever sends the id of one: what each session was told is what it tells. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/server';
import { listenOnLoopback } from '../listener.ts';
import { readJson, type SessionTransport, serveSession } from './sessions.ts';

export interface SessionServer {
  readonly origin: string;
  /** The sessions that are open, by the server's own ids. */
  readonly sessions: ReadonlyMap<string, unknown>;
  /** Each request that reached it: its method, and its `Mcp-Session-Id`. */
  readonly received: (readonly [method: string, session: string | undefined])[];
  close(): Promise<void>;
}

/** @param version of the TypeScript SDK. @param makeId of a new session. */
export async function startSessionServer(version: 1 | 2, makeId: () => string = randomUUID): Promise<SessionServer> {
  const sessions = new Map<string, SessionTransport>();
  const received: [string, string | undefined][] = [];
  const begin = version === 1 ? () => beginBySdk1(sessions, makeId) : () => beginBySdk2(sessions, makeId);
  const serve = async (req: IncomingMessage, res: ServerResponse) => {
    received.push([req.method ?? '', req.headers['mcp-session-id']?.toString()]);
    await serveSession(sessions, begin, [req, res, await readJson(req)]);
  };
  const server = createServer((req, res) => void serve(req, res));
  const origin = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const close = async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  };
  return { origin, sessions, received, close };
}

type Sessions = Map<string, SessionTransport>;

/** Counts the calls of its session. */
function createCount() {
  let calls = 0;
  return () => {
    calls += 1;
    return { content: [{ type: 'text' as const, text: `call ${calls} of this session` }] };
  };
}

async function beginBySdk1(sessions: Sessions, makeId: () => string): Promise<SessionTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: makeId,
    onsessioninitialized: id => void sessions.set(id, transport),
    onsessionclosed: id => void sessions.delete(id),
  });
  const server = new OldServer({ name: 'one', version: '1.0.0' });
  server.registerTool('count', {}, createCount());
  await server.connect(transport as Parameters<OldServer['connect']>[0]);
  return transport;
}

async function beginBySdk2(sessions: Sessions, makeId: () => string): Promise<SessionTransport> {
  const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: makeId,
    onsessioninitialized: id => void sessions.set(id, transport),
    onsessionclosed: id => void sessions.delete(id),
  });
  const server = new McpServer({ name: 'two', version: '1.0.0' });
  server.registerTool('count', { description: 'counts' }, createCount());
  await server.connect(transport);
  return transport;
}
