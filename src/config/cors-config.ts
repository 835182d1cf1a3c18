/** `cors` of a route, checked and with every default: which web pages may read its responses. */

import type { CorsSettings } from './schema/cors-schema.ts';

export interface Cors {
  /** As browsers write them into Origin (RFC 6454 section 6.2); `*` alone for every origin. */
  readonly origins: ReadonlySet<string>;
  /** In upper case; `*` for every method. */
  readonly methods: readonly string[];
  /** Names of fields that a page may send; `*` for every one but Authorization. */
  readonly headers: readonly string[];
  /** Lower-case: a page may also send each field whose name begins so. */
  readonly headerPrefix: string | undefined;
  /** Names of fields of the response that a page may read; `*` for every one. */
  readonly expose: readonly string[];
  /** Whether the browser may send cookies along. */
  readonly credentials: boolean;
  /** Seconds for which a browser may keep the answer to a preflight. */
  readonly maxAge: number;
}

/** Of a scope rule. */
interface RuleMethod {
  readonly method: string;
}

const ALWAYS_ALLOWED = ['Authorization', 'Content-Type'];
const ALWAYS_EXPOSED = ['WWW-Authenticate', 'X-Request-Id'];

/** What pages send to an MCP server, and read of it (Model Context Protocol, Streamable HTTP, up to 2026-07-28). */
const MCP_FIELDS = ['MCP-Protocol-Version', 'Mcp-Session-Id', 'Last-Event-ID', 'Mcp-Method', 'Mcp-Name'];
const MCP_PREFIX = 'mcp-param-';
const MCP_EXPOSED = ['Mcp-Session-Id'];

/** What of a route decides on its CORS beside `cors`. */
export interface CorsRoute {
  /** Of a public route none. */
  readonly scopeRules: readonly RuleMethod[];
  readonly isMcp: boolean;
  readonly resource: string | undefined;
}

/** @returns the settings; `undefined` for a route without `cors`, unless it is an MCP server's with a resource: pages of that origin read it. */
export function buildCors(written: CorsSettings | undefined, route: CorsRoute): Cors | undefined {
  const { isMcp, resource } = route;
  const settings = written ?? (isMcp && resource !== undefined ? ownOrigin(resource) : undefined);
  if (settings === undefined) return undefined;
  return {
    origins: new Set(settings.origins),
    methods: settings.methods ?? listMethods(route.scopeRules),
    headers: joinNames([...ALWAYS_ALLOWED, ...(isMcp ? MCP_FIELDS : [])], settings.headers),
    headerPrefix: isMcp ? MCP_PREFIX : undefined,
    expose: joinNames([...ALWAYS_EXPOSED, ...(isMcp ? MCP_EXPOSED : [])], settings.expose),
    credentials: settings.credentials,
    maxAge: settings.max_age,
  };
}

function ownOrigin(resource: string): CorsSettings {
  const { origin } = new URL(resource);
  return { origins: [origin], methods: undefined, headers: [], expose: [], credentials: false, max_age: 600 };
}

/** Of all paths: a page is then refused with a 405 that it can read, and not by its browser. */
function listMethods(rules: readonly RuleMethod[]): readonly string[] {
  const methods = rules.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return methods.length === 0 || methods.includes('*') ? ['*'] : [...new Set(methods)];
}

/** Names are compared without case (RFC 9110 section 5.1). */
function joinNames(always: readonly string[], further: readonly string[]): readonly string[] {
  const byName = new Map([...always, ...further].map(name => [name.toLowerCase(), name]));
  return [...byName.values()];
}
