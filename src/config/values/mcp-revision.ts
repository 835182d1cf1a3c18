/** The revisions of MCP that `MCP-Protocol-Version` can name, the oldest first. */

import { findNearest } from '../diagnostics/suggestion.ts';
import { accept, type ParsedValue, reject } from './parsed-value.ts';

export const MCP_REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;

export type McpRevision = (typeof MCP_REVISIONS)[number];

export const MCP_REVISION = `a revision of MCP: ${MCP_REVISIONS.join(', ')}`;

/** @returns the revision; rejects one that is unknown. */
export function parseMcpRevision(text: string): ParsedValue<McpRevision> {
  const revision = MCP_REVISIONS.find(each => each === text);
  return revision ? accept(revision) : reject('is not known', { nearest: findNearest(text, MCP_REVISIONS) });
}
