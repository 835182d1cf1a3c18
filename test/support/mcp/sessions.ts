/** Sessions of Streamable HTTP before 2026-07-28, for servers of both SDKs: one transport each. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

export interface SessionTransport {
  handleRequest(req: IncomingMessage, res: ServerResponse, body?: unknown): Promise<void>;
}

/** @returns the JSON of a POST; `undefined` for what is none. */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  try {
    return req.method === 'POST' ? JSON.parse(await text(req)) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Gives a request to its session. `initialize` without one begins one.
 *
 * @param begin makes a transport that adds itself to `sessions`, and is removed from it by its own end.
 */
export async function serveSession(
  sessions: ReadonlyMap<string, SessionTransport>,
  begin: () => Promise<SessionTransport>,
  [req, res, body]: readonly [IncomingMessage, ServerResponse, unknown],
): Promise<void> {
  const id = req.headers['mcp-session-id'];
  const isInitialize = (body as { readonly method?: unknown } | undefined)?.method === 'initialize';
  const transport = id === undefined ? isInitialize && (await begin()) : sessions.get(String(id));
  if (transport) return transport.handleRequest(req, res, body);
  // 2025-11-25, Session Management: 404 for a session that is not there, 400 for a request that needs one.
  res.writeHead(id === undefined ? 400 : 404, { 'content-type': 'application/json' });
  res.end('{"jsonrpc":"2.0","error":{"code":-32000,"message":"no such session"},"id":null}');
}
