/** The requests of an MCP client of 2025-11-25, one at a time, with a session id and a token of the test's choice. */

import { type HeaderPair, headerValues, type RawResponse, request } from '../raw-http.ts';

export interface SessionRequest {
  readonly path?: string;
  readonly token?: string;
  readonly session?: string;
  /** Further fields, or the id under another name. */
  readonly headers?: readonly HeaderPair[];
}

const INITIALIZE = {
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};
const CALL = { method: 'tools/call', params: { name: 'count', arguments: {} } };

function headersOf({ token, session, headers = [] }: SessionRequest): HeaderPair[] {
  return [
    ['Accept', 'application/json, text/event-stream'],
    ...(token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const]),
    ...(session === undefined ? [] : [['Mcp-Session-Id', session] as const]),
    ...headers,
  ];
}

export function post(port: number, asked: SessionRequest, message: object = CALL): Promise<RawResponse> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...message });
  const headers = [...headersOf(asked), ['Content-Type', 'application/json'] as const];
  return request(port, { path: asked.path ?? '/mcp', method: 'POST', headers, body });
}

/** @returns the session id that the client gets. */
export async function initialize(port: number, asked: SessionRequest = {}): Promise<string> {
  const [id, ...others] = headerValues((await post(port, asked, INITIALIZE)).headers, 'mcp-session-id');
  if (id === undefined || others.length > 0) throw new Error('no session was begun');
  return id;
}

export function end(port: number, asked: SessionRequest): Promise<RawResponse> {
  return request(port, { path: asked.path ?? '/mcp', method: 'DELETE', headers: headersOf(asked) });
}

/** Opens the stream of the session. @returns the status; the stream is closed. */
export async function listen(port: number, asked: SessionRequest): Promise<number> {
  const leave = new AbortController();
  const headers = new Headers(headersOf(asked).map(([name, value]) => [name, value] as [string, string]));
  const response = await fetch(`http://127.0.0.1:${port}${asked.path ?? '/mcp'}`, { headers, signal: leave.signal });
  leave.abort();
  return response.status;
}

/** @returns `reason` of a refusal. */
export function reasonOf({ body }: RawResponse): string | undefined {
  return /"reason":"(\w+)"/.exec(body.toString())?.[1];
}
