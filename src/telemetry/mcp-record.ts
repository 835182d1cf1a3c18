/** What is counted and logged of an MCP request whose body was read. */

import type { AuthorizationDenial } from '../authorization/denials.ts';
import type { Route } from '../config/config.ts';
import type { McpRequest } from '../mcp/mcp-request.ts';
import type { McpMessage } from '../mcp/message.ts';
import { MCP_METHODS } from '../mcp/methods.ts';

/** Stands for every name that a client may choose. */
export const OTHER = 'other';

export interface McpRecord {
  readonly messages: readonly McpMessage[];
  readonly isBatch: boolean;
  /** The first message that needed more than its token had. */
  readonly refused: McpMessage | undefined;
}

/** @returns what is recorded of a request; `undefined` where its body was not read. */
export function recordMcp(
  asked: McpRequest | undefined,
  denial: Pick<AuthorizationDenial, 'message'> | undefined,
): McpRecord | undefined {
  if (asked?.body === undefined) return undefined;
  return { messages: asked.messages, isBatch: asked.isBatch, refused: denial?.message };
}

/** Of a batch without a refused message. */
const BATCH: McpMessage = { method: 'batch', target: 'batch' };

/** @returns what the log names: of a batch the first message that was refused. A URI without its query, as a path is logged. */
export function describeMcp({ messages, isBatch, refused }: McpRecord): McpMessage {
  const { method, target } = refused ?? (isBatch ? BATCH : messages[0]) ?? BATCH;
  const isUri = method?.startsWith('resources/') === true;
  return { method, target: isUri ? target?.replace(/[?#].*$/s, '…') : target };
}

/** @returns the labels of one message: its method where MCP has it, and its name where the route has a rule for it. */
export function labelMessage(route: Route, { method, target }: McpMessage): readonly [method: string, tool: string] {
  const label = MCP_METHODS.find(each => each === method) ?? OTHER;
  return [label, target !== undefined && hasRule(route, target) ? target : OTHER];
}

/** @returns whether a rule of the route has this name. */
export function hasRule({ mcp }: Route, name: string): boolean {
  return name !== '*' && mcp !== undefined && [mcp.tools, mcp.resources, mcp.prompts].some(rules => rules.has(name));
}
