/**
 * An MCP server of docs/tutorial/protect-an-mcp-server.md (SDK 1.x, without sessions). It knows nothing of authorization. It prints
 * each call that reaches it, and what stands in Authorization.
 *
 *     node mcp-server.mjs --port 3001 list_notes delete_note
 */

import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

const { values, positionals: tools } = parseArgs({ options: { port: { type: 'string' } }, allowPositionals: true });

createServer(async (request, response) => {
  const server = new McpServer({ name: 'tutorial', version: '1.0.0' });
  for (const tool of tools) {
    server.registerTool(tool, {}, () => {
      console.log(`${tool} ran, Authorization: ${request.headers.authorization ?? 'none'}`);
      return { content: [{ type: 'text', text: 'done' }] };
    });
  }
  const transport = new StreamableHTTPServerTransport({});
  response.on('close', () => server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response);
}).listen(Number(values.port), '127.0.0.1');
