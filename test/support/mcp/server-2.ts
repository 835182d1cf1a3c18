/**
 * An MCP server by SDK 2.x on loopback, with everything of `offerings.ts`: 2026-07-28, and the revisions before it with sessions and
 * streams that can be resumed.
 */

import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import {
  type NodeIncomingMessageLike,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  createRequestStateCodec,
  fromJsonSchema,
  isLegacyRequest,
  type JSONRPCMessage,
  McpServer,
  ResourceTemplate,
  type ServerNotifier,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { pause } from '../waiting.ts';
import { createEventStore } from './event-store.ts';
import { type FullMcpServer, type Handle, listenTwice } from './full-server.ts';
import { registerInputTools } from './input-tools.ts';
import {
  JSON_SCHEMA,
  PLAIN_TOOLS,
  PROMPTS,
  RESOURCE_TEMPLATE,
  RESOURCES,
  RETRY,
  STEP,
  templateContents,
  textResult,
} from './offerings.ts';
import { readJson, serveSession } from './sessions.ts';

type Changes = Pick<ServerNotifier, 'toolsChanged' | 'promptsChanged'>;

export async function startServer2(): Promise<FullMcpServer> {
  const events = new EventEmitter();
  const modern = createMcpHandler(() => createServer(events, modern.notify), { legacy: 'reject' });
  const serveModern = toNodeHandler(modern) as (...request: unknown[]) => Promise<void>;
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const begin = async () => {
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore<JSONRPCMessage>(),
      retryInterval: RETRY,
      onsessioninitialized: id => void sessions.set(id, transport),
      onsessionclosed: id => void sessions.delete(id),
    });
    const server: McpServer = createServer(events, {
      toolsChanged: () => server.sendToolListChanged(),
      promptsChanged: () => server.sendPromptListChanged(),
    });
    await server.connect(transport);
    return transport;
  };
  const handle: Handle = async (req, res) => {
    const body = await readJson(req);
    const request = await toWebRequest(req as NodeIncomingMessageLike, body);
    if (await isLegacyRequest(request, body)) return serveSession(sessions, begin, [req, res, body]);
    return serveModern(req, res, body);
  };
  return listenTwice(handle, events);
}

function createServer(events: EventEmitter, changes: Changes): McpServer {
  const codec = createRequestStateCodec<string>({ key: KEY });
  const server = new McpServer(
    { name: 'two', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: codec.verify },
    },
  );
  registerTools(server, events, changes);
  registerInputTools(server, codec);
  registerOthers(server);
  return server;
}

const KEY = randomBytes(32);

function registerTools(server: McpServer, events: EventEmitter, changes: Changes): void {
  for (const [name, result] of Object.entries(PLAIN_TOOLS)) {
    server.registerTool(name, { description: name }, () => result);
  }
  server.registerTool('test_error_handling', { description: 'fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  server.registerTool('test_tool_with_logging', { description: 'logs' }, async ctx => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await ctx.mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
      await pause(STEP);
    }
    return textResult('logged');
  });
  server.registerTool('test_tool_with_progress', { description: 'reports its progress' }, async ctx => {
    const progressToken = ctx.mcpReq._meta?.progressToken ?? 0;
    for (const progress of [0, 50, 100]) {
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      await pause(STEP);
    }
    return textResult(String(progressToken));
  });
  server.registerTool('test_reconnection', { description: 'closes its stream before it answers' }, async ctx => {
    ctx.http?.closeSSE?.();
    await pause(2 * RETRY);
    return textResult('after the client came back');
  });
  server.registerTool('hold', { description: 'until it is released' }, async () => {
    events.emit('held');
    await once(events, 'release');
    return textResult('released');
  });
  server.registerTool('wait', { description: 'until it is cancelled' }, async ({ mcpReq: { signal } }) => {
    events.emit('started');
    await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    events.emit('cancelled');
    return textResult('cancelled');
  });
  server.registerTool('test_trigger_tool_change', { description: 'tells of other tools' }, () => {
    changes.toolsChanged();
    return textResult('told');
  });
  server.registerTool('test_trigger_prompt_change', { description: 'tells of other prompts' }, () => {
    changes.promptsChanged();
    return textResult('told');
  });
  server.registerTool(
    'json_schema_2020_12_tool',
    { description: 'has a schema', inputSchema: fromJsonSchema(JSON_SCHEMA) },
    () => textResult('called'),
  );
}

function registerOthers(server: McpServer): void {
  for (const [uri, contents] of Object.entries(RESOURCES)) {
    server.registerResource(uri.slice('test://'.length), uri, { mimeType: contents.mimeType }, () => ({
      contents: [{ uri, ...contents }],
    }));
  }
  const template = new ResourceTemplate(RESOURCE_TEMPLATE, { list: undefined });
  server.registerResource('template', template, { mimeType: 'application/json' }, (uri, { id }) => ({
    contents: [templateContents(uri.href, id)],
  }));
  for (const [name, { takes, messages }] of Object.entries(PROMPTS)) {
    const argsSchema = z.object(Object.fromEntries(takes.map(argument => [argument, z.string()])));
    if (takes.length === 0) server.registerPrompt(name, { description: name }, () => ({ messages: messages({}) }));
    else
      server.registerPrompt(name, { description: name, argsSchema }, args => ({
        messages: messages(args as Record<string, string>),
      }));
  }
  const nothing = () => ({});
  server.server.setRequestHandler('resources/subscribe', nothing);
  server.server.setRequestHandler('resources/unsubscribe', nothing);
  server.server.setRequestHandler('logging/setLevel', nothing);
  server.server.setRequestHandler('completion/complete', () => ({
    completion: { values: ['paris', 'park'], total: 2, hasMore: false },
  }));
}
