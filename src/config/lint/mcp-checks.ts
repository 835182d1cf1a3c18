/** Errors and warnings about `mcp` of a route. */

import type { DiagnosticCollector } from '../diagnostics/diagnostic-collector.ts';
import type { RouteDraft } from '../routes.ts';
import type { McpSettings } from '../schema/mcp-schema.ts';
import { listEndpoints } from '../schema/upstream-schema.ts';
import { readUpstreamToken } from '../values/upstream-token.ts';

/** Reports what the specification of MCP forbids, and rules on a route where nobody looks at tokens. */
export function checkMcp({ found, path }: RouteDraft, diagnostics: DiagnosticCollector): void {
  if (found.mcp === undefined) return;
  if (readUpstreamToken(found) === 'forward') {
    // Authorization, "Access Token Privilege Restriction".
    const key = found.upstream_token === undefined ? 'forward_token' : 'upstream_token';
    const what = 'is what the specification of MCP forbids: the token is not for the upstream';
    diagnostics.error([...path, key], { code: 'mcp-token-forwarded', what, expected: 'strip, or no such key' });
  }
  if (found.mcp.sse && found.strip_prefix === true) {
    const what =
      'hides the prefix from a server that names its endpoint in the body of the stream, which is never rewritten';
    diagnostics.error([...path, 'strip_prefix'], { code: 'mcp-sse-prefix', what, expected: 'false, or no such key' });
  }
  if (found.public !== true) return;
  for (const key of listTokenKeys(found.mcp)) {
    const what = 'has no effect on a public route';
    const expected = 'a route without it, or without public: true';
    diagnostics.error([...path, 'mcp', key], { code: 'public-route-key', what, expected }, 'key');
  }
}

function listTokenKeys(settings: McpSettings): readonly string[] {
  const { tools, resources, prompts, challenge, initial_scopes, session_key } = settings;
  const written = {
    tools: Object.keys(tools).length > 0,
    resources: Object.keys(resources).length > 0,
    prompts: Object.keys(prompts).length > 0,
    challenge: challenge !== 'operation',
    initial_scopes: initial_scopes !== undefined,
    session_key: session_key !== undefined,
  };
  return Object.entries(written).flatMap(([key, isWritten]) => (isWritten ? [key] : []));
}

/** Warns of what MCP clients fail at. */
export function warnOfMcp(route: RouteDraft, diagnostics: DiagnosticCollector): void {
  const { found, path } = route;
  warnOfBasePath(route, diagnostics);
  if (found.mcp === undefined || found.public === true) return;
  if (found.enforcement === 'report') {
    const what = 'a client of an MCP server logs in only when it is refused, so nobody ever does';
    diagnostics.warning([...path, 'enforcement'], 'mcp-on-report', what);
  }
  if (found.resource !== undefined && isElsewhere(route, found.resource)) {
    diagnostics.warning([...path, 'resource'], 'mcp-endpoint', 'is not the endpoint that MCP clients connect to');
  }
  warnOfInitialScopes(found.mcp, path, diagnostics);
  if (found.mcp.session_key?.isShort) {
    const what = 'is shorter than 32 characters, so that a client could find it by trying';
    diagnostics.warning([...path, 'mcp', 'session_key'], 'mcp-session-key', what);
  }
}

/** The path that such a server writes into its stream is the one by which it is asked. */
function warnOfBasePath({ found, path, target }: RouteDraft, diagnostics: DiagnosticCollector): void {
  if (!found.mcp?.sse || found.upstream === undefined) return;
  if (listEndpoints(found.upstream).every(({ basePath }) => basePath === '')) return;
  const what = `clients would send messages to this path instead of ${target?.prefix ?? 'that of the route'}`;
  diagnostics.warning([...path, 'upstream'], 'mcp-sse-base-path', what);
}

/** A slash at the end does not count, nor the host of a route for every host. */
function isElsewhere({ target }: RouteDraft, resource: string): boolean {
  if (target === undefined) return false;
  const { hostname, pathname, search } = new URL(resource);
  const isOtherHost = target.host !== undefined && target.host !== hostname;
  return isOtherHost || search !== '' || pathname.replace(/\/$/, '') !== target.prefix.replace(/\/$/, '');
}

function warnOfInitialScopes(
  { tools, resources, prompts, initial_scopes }: McpSettings,
  path: RouteDraft['path'],
  diagnostics: DiagnosticCollector,
): void {
  if (initial_scopes === undefined) return;
  const needed = [tools, resources, prompts].flatMap(rules => Object.values(rules).flat());
  const missing = [...new Set(needed)].filter(scope => !initial_scopes.includes(scope));
  if (missing.length === 0) return;
  const what = `lacks ${missing.slice(0, 5).join(' ')}${missing.length > 5 ? ' …' : ''}, which a rule of this route needs`;
  diagnostics.warning([...path, 'mcp', 'initial_scopes'], 'mcp-initial-scopes', what);
}
