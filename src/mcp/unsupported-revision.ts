/** The refusal of a revision that is not served, in the form that tells a client which one is (MCP 2026-07-28, Version Negotiation). */

import type { McpRevision } from '../config/values/mcp-revision.ts';
import { type Denial, deny } from '../denial.ts';
import { hasInitialize } from './revision.ts';
import { type RpcError, readMessageId } from './rpc-error.ts';

export interface UnsupportedRevision extends Denial<'malformed_request'> {
  readonly supported: readonly McpRevision[];
  /** `undefined` for what is not repeated: it looks like no name of a revision. */
  readonly requested: string | undefined;
}

/** `UnsupportedProtocolVersion` */
const CODE = -32_022;
const REVISION_FORM = /^[\w.-]{1,32}$/;

/** @param served the revisions that the route serves: those without `initialize` can be named at once, so others are told only where there are none. */
export function denyRevision(requested: string, served: ReadonlySet<McpRevision>): UnsupportedRevision {
  const modern = [...served].filter(revision => !hasInitialize(revision));
  return {
    ...deny('malformed_request'),
    supported: modern.length > 0 ? modern : [...served],
    requested: REVISION_FORM.test(requested) ? requested : undefined,
  };
}

/** @param body of the request, where there is one. */
export function createRevisionError({ supported, requested }: UnsupportedRevision, body: Buffer | undefined): RpcError {
  const message = 'This revision of MCP is not served here';
  return { id: body ? readMessageId(body) : null, error: { code: CODE, message, data: { supported, requested } } };
}
