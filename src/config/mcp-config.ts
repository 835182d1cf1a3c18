/** `mcp` of a route, checked and with every default: its upstream is an MCP server. */

import type { McpSettings } from './schema/mcp-schema.ts';
import type { McpRevision } from './values/mcp-revision.ts';

/** By name or URI, compared exactly: the scopes that are needed beside those of the route. `*` stands for the others. */
export type McpRules = ReadonlyMap<string, readonly string[]>;

export interface Mcp {
  /** Of `tools/call`, by the name of the tool. */
  readonly tools: McpRules;
  /** Of `resources/read` and `resources/subscribe`, by URI. */
  readonly resources: McpRules;
  /** Of `prompts/get`, by the name of the prompt. */
  readonly prompts: McpRules;
  /** Whether there is a rule of any kind: then the body of each POST is read. */
  readonly hasRules: boolean;
  /** What a challenge names. `operation`: the scopes of the route and of the tool; `cumulative`: also those of the token. */
  readonly challenge: 'operation' | 'cumulative';
  /** What the challenge to a request without a token names; `undefined`: as for all others. */
  readonly initialScopes: readonly string[] | undefined;
  readonly revisions: ReadonlySet<McpRevision>;
  /** Whether the server also has the transport HTTP+SSE (2024-11-05), whose one stream is the session. */
  readonly sse: boolean;
  /** As browsers write them: the pages that may send requests. `*` for every origin. */
  readonly origins: ReadonlySet<string>;
  /** Derived from `session_key`, in hex; `undefined`: the key of the process is used. */
  readonly sessionKey: string | undefined;
  /** Bytes of a body that is read. */
  readonly maxBody: number;
}

/** How long an MCP server may work on a call, and be silent on a stream: milliseconds. */
export const MCP_TIMEOUTS = { response: 600_000, idle: 3_600_000 } as const;

/** What of a route decides on its MCP beside `mcp`. */
export interface McpRoute {
  /** A URI of http or https; `undefined` on a public route. */
  readonly resource: string | undefined;
  /** `cors.origins`. */
  readonly corsOrigins: readonly string[];
}

/** @returns the settings; `undefined` for a route without the key. */
export function buildMcp(
  settings: McpSettings | undefined,
  { resource, corsOrigins }: McpRoute = { resource: undefined, corsOrigins: [] },
): Mcp | undefined {
  if (settings === undefined) return undefined;
  const rules = {
    tools: new Map(Object.entries(settings.tools)),
    resources: new Map(Object.entries(settings.resources)),
    prompts: new Map(Object.entries(settings.prompts)),
  };
  return {
    ...rules,
    hasRules: Object.values(rules).some(({ size }) => size > 0),
    challenge: settings.challenge,
    initialScopes: settings.initial_scopes,
    revisions: new Set(settings.revisions),
    sse: settings.sse,
    origins: new Set([...(resource === undefined ? [] : [new URL(resource).origin]), ...corsOrigins]),
    sessionKey: settings.session_key?.derived,
    maxBody: settings.max_body,
  };
}
