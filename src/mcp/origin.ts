/**
 * Which web pages may send requests to an MCP server (MCP Streamable HTTP, Security Warning). A page whose name was pointed at the server
 * (DNS rebinding) sends its own name in Origin and in Host alike, so Origin is compared with the configuration, never with Host.
 */

import type { Mcp } from '../config/mcp-config.ts';
import { WEB_ORIGIN_FORM } from '../config/values/address/web-origin.ts';
import { type HeaderList, valuesOf } from '../http/header-list.ts';

/** Stands for every origin in `cors.origins`. */
const ANY = '*';
/** What pages without an origin send (RFC 6454 section 7.1). Any page can become one: in a sandboxed frame. */
const NONE = 'null';

/**
 * @param fields of the request.
 * @returns whether it has no Origin, as other clients than browsers, or exactly one that is allowed. Compared character by character, as
 *   browsers write it. `null` is never allowed, nor, where `cors.origins` is `*`, what is no origin.
 */
export function isOriginAllowed({ origins }: Pick<Mcp, 'origins'>, fields: HeaderList): boolean {
  const [origin, ...others] = valuesOf(fields, 'origin');
  if (origin === undefined) return true;
  if (others.length > 0 || origin === NONE || origin === ANY) return false;
  return origins.has(origin) || (origins.has(ANY) && WEB_ORIGIN_FORM.test(origin));
}
