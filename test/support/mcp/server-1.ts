/**
 * An MCP server by SDK 1.x on loopback, with everything of `offerings.ts`: Streamable HTTP with sessions and streams that can be resumed,
 * and, below `…/sse`, the older HTTP+SSE (MCP 2024-11-05).
 */

import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  type JSONRPCMessage,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { pause } from '../waiting.ts';
import { createEventStore } from './event-store.ts';
import { type FullMcpServer, type Handle, listenTwice } from './full-server.ts';
import {
  FORMS,
  PLAIN_TOOLS,
  PROMPTS,
  RESOURCE_TEMPLATE,
  RESOURCES,
  RETRY,
  STEP,
  templateContents,
  text,
  textResult,
} from './offerings.ts';
import { readJson, serveSession } from './sessions.ts';

type AnyTransport = Parameters<McpServer['connect']>[0];

export async function startServer1(): Promise<FullMcpServer> {
  const events = new EventEmitter();
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const begin = async () => {
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore<JSONRPCMessage>(),
      retryInterval: RETRY,
      onsessioninitialized: id => void sessions.set(id, transport),
      onsessionclosed: id => void sessions.delete(id),
    });
    await createServer(events).connect(transport as AnyTransport);
    return transport;
  };
  const serveSse = createSseHandler(events);
  const handle: Handle = async (req, res) => {
    if (/\/(sse|messages)$/.test(req.url?.split('?')[0] ?? '')) return serveSse(req, res);
    return serveSession(sessions, begin, [req, res, await readJson(req)]);
  };
  return listenTwice(handle, events);
}

/** GET `…/sse` opens the stream, whose first event says where to POST: `…/messages?sessionId=…`. */
function createSseHandler(events: EventEmitter): Handle {
  const streams = new Map<string, SSEServerTransport>();
  return async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://server');
    if (req.method === 'GET') {
      const transport = new SSEServerTransport(pathname.replace(/sse$/, 'messages'), res);
      streams.set(transport.sessionId, transport);
      res.on('close', () => streams.delete(transport.sessionId));
      return createServer(events).connect(transport);
    }
    const transport = streams.get(searchParams.get('sessionId') ?? '');
    return transport ? transport.handlePostMessage(req, res) : res.writeHead(404).end();
  };
}

function createServer(events: EventEmitter): McpServer {
  const server = new McpServer(
    { name: 'one', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true }, logging: {}, completions: {} } },
  );
  registerTools(server, events);
  registerQuestions(server);
  registerOthers(server);
  return server;
}

function registerTools(server: McpServer, events: EventEmitter): void {
  for (const [name, result] of Object.entries(PLAIN_TOOLS)) server.registerTool(name, {}, () => result);
  server.registerTool('test_tool_with_progress', {}, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken ?? 0;
    for (const progress of [0, 50, 100]) {
      await sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      await pause(STEP);
    }
    return textResult(String(progressToken));
  });
  server.registerTool('test_reconnection', {}, async ({ closeSSEStream }) => {
    closeSSEStream?.();
    await pause(2 * RETRY);
    return textResult('after the client came back');
  });
  server.registerTool('hold', {}, async () => {
    events.emit('held');
    await once(events, 'release');
    return textResult('released');
  });
  server.registerTool('wait', {}, async ({ signal }) => {
    events.emit('started');
    await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    events.emit('cancelled');
    return textResult('cancelled');
  });
  server.registerTool('test_trigger_tool_change', {}, () => {
    server.sendToolListChanged();
    return textResult('told');
  });
}

function registerQuestions(server: McpServer): void {
  server.registerTool('test_sampling', {}, async ({ sendRequest }) => {
    const messages = [{ role: 'user' as const, content: text('Test prompt') }];
    const params = { messages, maxTokens: 100 };
    const { content } = await sendRequest({ method: 'sampling/createMessage', params }, CreateMessageResultSchema);
    return textResult(`LLM response: ${JSON.stringify(content)}`);
  });
  server.registerTool('test_elicitation', {}, async ({ sendRequest }) => {
    const params = { message: 'Please fill in', requestedSchema: FORMS.test_elicitation as never };
    const { action, content } = await sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
    return textResult(`User response: action=${action}, content=${JSON.stringify(content ?? {})}`);
  });
}

function registerOthers(server: McpServer): void {
  for (const [uri, contents] of Object.entries(RESOURCES)) {
    server.registerResource(uri.slice('test://'.length), uri, {}, () => ({ contents: [{ uri, ...contents }] }));
  }
  const template = new ResourceTemplate(RESOURCE_TEMPLATE, { list: undefined });
  server.registerResource('template', template, {}, (uri, { id }) => ({ contents: [templateContents(uri.href, id)] }));
  for (const [name, { takes, messages }] of Object.entries(PROMPTS)) {
    const argsSchema = Object.fromEntries(takes.map(argument => [argument, z.string()]));
    server.registerPrompt(name, { argsSchema }, args => ({ messages: messages(args as Record<string, string>) }));
  }
  server.server.setRequestHandler(CompleteRequestSchema, () => ({
    completion: { values: ['paris', 'park'], total: 2, hasMore: false },
  }));
}
