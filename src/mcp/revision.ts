/** The revisions of MCP (their names are dates), and what each of them has. */

import type { McpRevision } from '../config/values/mcp-revision.ts';

/** Which revision a request without `MCP-Protocol-Version` has (MCP 2025-06-18, Protocol Version Header). */
export const UNNAMED_REVISION: McpRevision = '2025-03-26';

/** @returns whether a body may be a batch: only 2025-03-26 has them. */
export function hasBatches(revision: McpRevision): boolean {
  return revision === '2025-03-26';
}

/** @returns whether clients must send `Mcp-Method`, and `Mcp-Name` where the method names something (2026-07-28, Request Metadata). */
export function requiresMethodField(revision: McpRevision): boolean {
  return revision === '2026-07-28';
}

/** @returns whether it begins with `initialize`, by which client and server agree on a revision, and has GET streams and sessions. */
export function hasInitialize(revision: McpRevision): boolean {
  return revision !== '2026-07-28';
}

/** Of Streamable HTTP before 2026-07-28: a stream of the server's own messages, and the end of a session. */
const SESSION_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE']);

/** @returns whether one of the revisions has `method`; what MCP does not know is the upstream's. */
export function hasMethod(revisions: ReadonlySet<McpRevision>, method: string): boolean {
  return !SESSION_METHODS.has(method) || [...revisions].some(hasInitialize);
}
