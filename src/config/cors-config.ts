/** `cors` of a route, checked and with every default: which web pages may read its responses. */

import type { CorsSettings } from './schema/cors-schema.ts';

export interface Cors {
  /** As browsers write them into Origin (RFC 6454 section 6.2); `*` alone for every origin. */
  readonly origins: ReadonlySet<string>;
  /** In upper case; `*` for every method. */
  readonly methods: readonly string[];
  /** Names of fields that a page may send; `*` for every one but Authorization. */
  readonly headers: readonly string[];
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

/** @param rules of the route; a public one has none. */
export function buildCors(settings: CorsSettings | undefined, rules: readonly RuleMethod[]): Cors | undefined {
  if (settings === undefined) return undefined;
  return {
    origins: new Set(settings.origins),
    methods: settings.methods ?? listMethods(rules),
    headers: joinNames(ALWAYS_ALLOWED, settings.headers),
    expose: joinNames(ALWAYS_EXPOSED, settings.expose),
    credentials: settings.credentials,
    maxAge: settings.max_age,
  };
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
