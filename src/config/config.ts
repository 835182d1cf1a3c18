/** What the YAML says, checked, with every default filled in and every list frozen. Times are milliseconds. */

import type { Enforcement } from '../denial.ts';
import type { ResourceUri } from './values/address/uri.ts';

export interface Config {
  /** The file it came from, and the SHA-256 of its bytes in hex. */
  readonly source: { readonly file: string; readonly hash: string };
  readonly listen: ListenAddress;
  readonly admin: ListenAddress;
  /** Further names, in lower case, under which the admin listener may be asked. */
  readonly adminHosts: ReadonlySet<string>;
  /** SHA-256, in hex, of the token that the status page asks for; `undefined`: it asks for none. The token itself is not kept. */
  readonly adminTokenHash: string | undefined;
  readonly limits: ClientLimits;
  readonly timeouts: ClientTimeouts;
  readonly drain: Drain;
  /** Processes that serve the data listener; 1: the one that was started. */
  readonly workers: number;
  /** Peers whose `X-Forwarded-For`, `-Proto` and `-Host` are continued, and whose `X-Real-IP` and its like pass; everybody else's are removed. */
  readonly trustedProxies: readonly Network[];
  /** By exact `iss`. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  /** In the order of the YAML. */
  readonly routes: readonly Route[];
}

export interface ListenAddress {
  /** A host name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** What all clients together, and each request, may take. */
export interface ClientLimits {
  /** Bytes of a request's line and fields. */
  readonly headers: number;
  readonly connections: number;
}

export interface ClientTimeouts {
  /** From the first byte of a request to the end of its fields. */
  readonly headers: number;
  /** Between two pieces of a request's body, and for a client that does not read its response. */
  readonly body: number;
  /** Between two requests of a connection. */
  readonly keepAlive: number;
}

export interface Drain {
  /** From `/readyz` saying 503 to the end of listening, so that a load balancer can look away first. */
  readonly delay: number;
  /** Then until what is not finished is ended. */
  readonly limit: number;
}

/** An IP network (CIDR). */
export interface Network {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefix: number;
}

export interface Issuer {
  /** The exact `iss` (RFC 8414 section 2). */
  readonly issuer: string;
  readonly keySource: KeySource;
  /** JWS algorithms (RFC 7518 section 3.1) that this issuer may sign with; never a symmetric one, never `none`. */
  readonly algorithms: ReadonlySet<string>;
  /** Accepted `typ` values, lower-case and without `application/` (RFC 7515 section 4.1.9). */
  readonly tokenTypes: ReadonlySet<string>;
  /** The claim that holds the scopes; `undefined`: `scope`, or `scp` when `scope` is absent. */
  readonly scopeClaim: string | undefined;
  readonly keys: { readonly refresh: number; readonly cooldown: number; readonly maxStale: number };
}

export type KeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'discovery' };

export type Route = PublicRoute | ProtectedRoute;

interface AnyRoute {
  /** The key in the YAML: the name of the route in metrics, log and errors. */
  readonly key: string;
  /** `name`: for people, in the protected resource metadata (RFC 9728 section 2). */
  readonly name: string | undefined;
  /** Lower-case, without a port; `undefined`: every host. */
  readonly host: string | undefined;
  /** `/` or `/a/b`: no trailing slash, in the canonical form of contract section 3. */
  readonly prefix: string;
  readonly upstream: Upstream;
  readonly stripPrefix: boolean;
  /** What becomes of the client's Authorization. */
  readonly upstreamToken: UpstreamToken;
  /** Whether the YAML says so; else it is the default of the enforcement mode. */
  readonly isUpstreamTokenWritten: boolean;
  /** Percent-encodings (`%2F`, upper-case) and `;` that this route lets pass although servers read them differently. */
  readonly allowEncoded: ReadonlySet<string>;
  readonly limits: RouteLimits;
}

export interface RouteLimits {
  /** Bytes of a request's body; `undefined`: none. */
  readonly body: number | undefined;
  /** Requests under way at once, streams and tunnels too. */
  readonly inFlight: number;
}

export interface PublicRoute extends AnyRoute {
  readonly public: true;
}

export interface ProtectedRoute extends AnyRoute {
  readonly public: false;
  /** The canonical resource URI (RFC 8707 section 2), exactly as written. */
  readonly resource: ResourceUri;
  /** Every accepted `aud` value: `resource` first, then the aliases. Compared exactly (RFC 7519 section 2). */
  readonly audiences: ReadonlySet<string>;
  readonly multipleAudiences: MultipleAudiences;
  /** The issuers whose tokens are accepted here; all of them where the YAML names none. */
  readonly issuers: ReadonlySet<string>;
  readonly scopeRules: readonly ScopeRule[];
  readonly enforcement: Enforcement;
  /** Whether responses that a would-be denial was forwarded for say its reason. */
  readonly wouldDenyHeader: boolean;
  /** Header name → claim name. */
  readonly claimsToHeaders: ReadonlyMap<string, string>;
  /** Whether a response that is still streaming ends at the token's `exp`; `undefined`: event streams do. */
  readonly endAtExpiry: boolean | undefined;
}

/** `strip`: the client's Authorization is removed. `forward`: it goes on as it came, whatever its scheme. */
export type UpstreamToken = 'strip' | 'forward';

/** What a token with several audiences may be: `any` has one of ours, `known` has only this gateway's, `only` has exactly one. */
export type MultipleAudiences = 'any' | 'known' | 'only';

/** Scopes that one method needs at and below one path. Without rules in the YAML there is a single `*` at `/`. */
export interface ScopeRule {
  /** A method, upper-case, or `*` for every method that no other rule of the same path covers. */
  readonly method: string;
  /** Below the route's prefix: `/` for the whole route, else `/a/b` on whole segments; decoded, as paths are matched. */
  readonly path: string;
  /** ALL of them are needed. In the order of the YAML. */
  readonly scopes: readonly string[];
}

export interface Upstream {
  /** Scheme, host and port: `http://billing:8080`. */
  readonly origin: string;
  /** Put before the forwarded path; `` or `/api`, without a trailing slash. */
  readonly basePath: string;
  readonly timeouts: Timeouts;
}

export interface Timeouts {
  /** To open a connection. */
  readonly connect: number;
  /** From the last byte of the request to the head of the response. */
  readonly response: number;
  /** Between two pieces of a body or of a tunnel. */
  readonly idle: number;
}
