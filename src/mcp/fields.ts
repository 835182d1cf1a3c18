/** The `Mcp-*` fields of a request (MCP 2026-07-28, Request Metadata; 2025-06-18, Protocol Version Header). */

import { foldFieldName } from '../config/values/header/reserved-fields.ts';
import type { McpRevision } from '../config/values/mcp-revision.ts';
import { type Denial, deny } from '../denial.ts';
import { type HeaderList, reduceFields } from '../http/header-list.ts';
import { hasInitialize, UNNAMED_REVISION } from './revision.ts';
import { denyRevision, type UnsupportedRevision } from './unsupported-revision.ts';

export interface McpFields {
  readonly ok: true;
  readonly revision: McpRevision;
  /** `undefined`: the field is not there. */
  readonly method: string | undefined;
  /** As sent; `undefined`: the field is not there. */
  readonly session: string | undefined;
  /** Decoded; `null` for one that cannot be. */
  readonly name: string | null | undefined;
}

const PREFIX = 'mcp-';
/** The markers are case-sensitive, and what is between them has the standard alphabet. */
const ENCODED = /^=\?base64\?(.*)\?=$/s;

/**
 * @param served the revisions that the route serves.
 * @returns `malformed_request` for a field that is there twice, in any spelling that a server may take for the same field, and for a
 *   revision that is unknown or not served. A request that names none begins a session of any revision that has `initialize`.
 */
export function readMcpFields(
  fields: HeaderList,
  served: ReadonlySet<McpRevision>,
): McpFields | Denial<'malformed_request'> | UnsupportedRevision {
  const found = reduceFields(fields, addField, new Map<string, string | null>());
  if ([...found.values()].includes(null)) return deny('malformed_request');
  const named = found.get('mcp-protocol-version');
  const revision = findRevision(named ?? undefined, served);
  if (revision === undefined) return denyRevision(named ?? UNNAMED_REVISION, served);
  return {
    ok: true,
    revision,
    method: found.get('mcp-method') ?? undefined,
    session: found.get('mcp-session-id') ?? undefined,
    name: decodeName(found.get('mcp-name') ?? undefined),
  };
}

/** By folded name; `null`: there are two. */
function addField(found: Map<string, string | null>, name: string, value: string): Map<string, string | null> {
  if (name.length < PREFIX.length || !/^mcp/i.test(name)) return found;
  const folded = foldFieldName(name);
  if (folded.startsWith(PREFIX)) found.set(folded, found.has(folded) ? null : value);
  return found;
}

function findRevision(named: string | undefined, served: ReadonlySet<McpRevision>): McpRevision | undefined {
  if (named !== undefined) return [...served].find(revision => revision === named);
  return [...served].some(hasInitialize) ? UNNAMED_REVISION : undefined;
}

/** A value with the markers is always encoded: clients encode one that only looks so. */
function decodeName(value: string | undefined): string | null | undefined {
  const encoded = value === undefined ? undefined : ENCODED.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  // Not one value in two spellings, nor one that another decoder reads on.
  if (bytes.toString('base64') !== encoded) return null;
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : null;
}
