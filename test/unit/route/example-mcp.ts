/** `mcp` of a route as `loadConfig` makes it, for tests that need a few of its keys to be something particular. */

import { buildMcp, type Mcp, type McpRoute } from '../../../src/config/mcp-config.ts';
import type { McpSettings } from '../../../src/config/schema/mcp-schema.ts';
import { MCP_REVISIONS } from '../../../src/config/values/mcp-revision.ts';

const SETTINGS: McpSettings = {
  tools: {},
  resources: {},
  prompts: {},
  challenge: 'operation',
  initial_scopes: undefined,
  revisions: [...MCP_REVISIONS],
  sse: false,
  max_body: 4096,
};

/** Without rules, unless they are given. */
export function exampleMcp(settings: Partial<McpSettings> = {}, route?: McpRoute): Mcp {
  const built = buildMcp({ ...SETTINGS, ...settings }, route);
  if (!built) throw new Error('no settings');
  return built;
}
