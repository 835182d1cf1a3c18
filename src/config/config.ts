/** The checked and frozen configuration, with every default filled in. Times are milliseconds. */

import type { Enforcement } from '../denial.ts';
import type { Cors } from './cors-config.ts';
import type { Exceptions } from './exceptions/exception.ts';
import type { Exchange } from './exchange-config.ts';
import type { ForwardProxy } from './forward-proxy.ts';
import type { Introspection } from './introspection-config.ts';
import type { KeySource } from './key-source.ts';
import type { DataAddress, ListenAddress, ListenerTls } from './listener-config.ts';
import type { Mcp } from './mcp-config.ts';
import type { RevokedTokens } from './revoked/revoked-tokens.ts';
import type { ConfigSource } from './source/config-source.ts';
import type { Upstream } from './upstream-config.ts';
import type { OmittableField } from './values/access-log.ts';
import type { ResourceUri } from './values/address/uri.ts';
import type { ClaimPath } from './values/claim-path.ts';

export interface Config {
  readonly source: ConfigSource;
  readonly listen: DataAddress;
  /** `undefined`: plain HTTP. */
  readonly tls: ListenerTls | undefined;
  readonly admin: ListenAddress;
  /** The listener for other proxies, which ask before they forward by themselves; `undefined`: none. */
  readonly authorizer: AuthorizerSettings | undefined;
  /** Further host names, in lower case, that the admin listener accepts. */
  readonly adminHosts: ReadonlySet<string>;
  /** SHA-256, in hex, of the token for the status page, which itself is not kept; `undefined` where it needs none. */
  readonly adminTokenHash: string | undefined;
  readonly limits: ClientLimits;
  readonly timeouts: ClientTimeouts;
  readonly drain: Drain;
  /** Number of processes that serve the data listener; 1 is the started process itself. */
  readonly workers: number;
  /** Peers whose `X-Forwarded-*` or `Forwarded` are continued and whose `X-Real-IP` etc. are kept; else both are removed. */
  readonly trustedProxies: readonly TrustedProxy[];
  /** `undefined`: no access log. */
  readonly accessLog: AccessLogSettings | undefined;
  /** Refused on every route, in every mode. */
  readonly revoked: RevokedTokens;
  /** By exact `iss`. */
  readonly issuers: ReadonlyMap<string, Issuer>;
  /** In the order of the YAML; those of included files behind. */
  readonly routes: readonly Route[];
}

export interface AuthorizerSettings {
  readonly listen: DataAddress;
  /** Who is answered beside loopback. */
  readonly peers: readonly Network[];
}

/** Limits for all clients together, and for each request. */
export interface ClientLimits {
  /** Bytes of a request line and its header fields, with their line ends. A larger head is refused. */
  readonly headers: number;
  readonly connections: number;
}

export interface ClientTimeouts {
  /** From the first byte of a request to the end of its fields. */
  readonly headers: number;
  /** Between two pieces of a request body, and for a client that does not read its response. */
  readonly body: number;
  /** Between two requests of a connection. */
  readonly keepAlive: number;
}

export interface Drain {
  /** From the first 503 of `/readyz` to the close of the listener: time for load balancers to take the instance out. */
  readonly delay: number;
  /** After the delay, time for requests under way; then they are ended. */
  readonly limit: number;
}

export interface AccessLogSettings {
  /** Names of fields that no line has. */
  readonly omit: ReadonlySet<OmittableField>;
}

/** `unix:`: whoever connects to the unix socket of the data listener. */
export type TrustedProxy = Network | 'unix:';

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
  /** Accepted `typ` values, in lower case and without `application/` (RFC 7515 section 4.1.9). */
  readonly tokenTypes: ReadonlySet<string>;
  readonly scopeSource: ScopeSource;
  /** Scope → every further scope that it includes, closed over. */
  readonly impliedScopes: ReadonlyMap<string, readonly string[]>;
  /** The claim that holds the audience: the client only for an issuer that writes no `aud`. */
  readonly audienceClaim: 'aud' | 'client_id';
  /** How far ahead `nbf` and `iat` may be. */
  readonly leeway: number;
  /** How long a token is good after its `exp`. */
  readonly expiryLeeway: number;
  readonly keys: KeySettings;
  /** How tokens are asked about (RFC 7662); `undefined` for an issuer whose tokens are all verified by its keys. */
  readonly introspection: Introspection | undefined;
}

/** When, and how, the keys of an issuer are fetched. Times are milliseconds. */
export interface KeySettings {
  readonly refresh: number;
  readonly cooldown: number;
  readonly maxStale: number;
  /** For each document, from the request to its last byte. */
  readonly timeout: number;
  /** PEM file with the authorities that are trusted instead of those of Node.js. */
  readonly caFile: string | undefined;
  /** File with a bearer token, sent to the origin of the configured URL only. */
  readonly tokenFile: string | undefined;
  readonly proxy: ForwardProxy | undefined;
}

/** Where the scopes of a token are. */
export interface ScopeSource {
  /** Claims whose scopes are joined; `undefined` for `scope`, or `scp` where there is no `scope`. */
  readonly paths: readonly ClaimPath[] | undefined;
  /** Between two scopes of a string. */
  readonly separator: string;
}

export type Route = PublicRoute | ProtectedRoute;

interface AnyRoute {
  /** The key in the YAML: the name of the route where a place of the YAML is meant. */
  readonly key: string;
  /** The name of the route in metrics and logs, which stays where its path moves: the key, unless `id` is written. */
  readonly id: string;
  /** `resource_name` in the protected resource metadata (RFC 9728 section 2). */
  readonly name: string | undefined;
  /** In lower case, without a port; `undefined` for every host. */
  readonly host: string | undefined;
  /** `/` or `/a/b`: canonical (`parsePathPrefix`), without a trailing slash. */
  readonly prefix: string;
  readonly upstream: Upstream;
  readonly stripPrefix: boolean;
  /** Whether what names the upstream in the fields of a response is made to name the gateway. */
  readonly rewriteLocation: boolean;
  readonly requestHeaders: HeaderRules;
  /** For what the upstream sends, not for replies of the gateway. */
  readonly responseHeaders: HeaderRules;
  /** What is done with the client's Authorization. */
  readonly upstreamToken: UpstreamToken;
  /** Whether `upstreamToken` is written in the YAML; else it is the default of the enforcement mode. */
  readonly isUpstreamTokenWritten: boolean;
  /** Percent-encodings (`%2F`, in upper case) and `;` that are let through although servers read them differently. */
  readonly allowEncoded: ReadonlySet<string>;
  /** `undefined`: CORS is the upstream's business. */
  readonly cors: Cors | undefined;
  readonly limits: RouteLimits;
  /** `undefined` where the upstream is no MCP server. */
  readonly mcp: Mcp | undefined;
}

export interface RouteLimits {
  /** Bytes of a request body; `undefined` for no limit. */
  readonly body: number | undefined;
  /** Requests at the same time, with streams and tunnels. */
  readonly inFlight: number;
}

/** Names as written, each at most once in all of it, whatever its spelling. */
export interface HeaderRules {
  /** Header name → value, which may be a secret. */
  readonly set: ReadonlyMap<string, string>;
  readonly remove: ReadonlySet<string>;
}

export interface PublicRoute extends AnyRoute {
  readonly public: true;
}

export interface ProtectedRoute extends AnyRoute {
  readonly public: false;
  /** The canonical resource URI (RFC 8707 section 2), exactly as written. */
  readonly resource: ResourceUri;
  /** Every accepted `aud` value, compared exactly (RFC 7519 section 2): `resource` first, then the aliases. */
  readonly audiences: ReadonlySet<string>;
  readonly multipleAudiences: MultipleAudiences;
  /** The issuers whose tokens are accepted; all issuers where the YAML has none. */
  readonly issuers: ReadonlySet<string>;
  readonly scopeRules: readonly ScopeRule[];
  /** Claims whose scopes count here instead of those of the issuers' `scope_claim`; `undefined` where the YAML has none. */
  readonly scopePaths: readonly ClaimPath[] | undefined;
  /** All of them are needed, on every operation. */
  readonly requiredClaims: readonly RequiredClaim[];
  /** What metadata and challenges say in place of `scopeRules` and `issuers`. */
  readonly metadata: MetadataSettings;
  readonly enforcement: Enforcement;
  readonly exceptions: Exceptions;
  /** Whether the response says in a header field why `enforce` would have refused the request. */
  readonly wouldDenyHeader: boolean;
  /** Header name → claim name. */
  readonly claimsToHeaders: ReadonlyMap<string, string>;
  /** With `upstreamToken` `exchange`, and with no other. */
  readonly exchange: Exchange | undefined;
  /** Whether a streaming response ends at the token's `exp`; `undefined`: only event streams do. */
  readonly endAtExpiry: boolean | undefined;
}

/** A claim must be equal to one of `values`, in type too; a list must have one of them. */
export interface RequiredClaim {
  /** `client_id` is the client of the token, whichever claim names it. */
  readonly path: ClaimPath;
  readonly values: ReadonlySet<ClaimValue>;
}

export type ClaimValue = string | number | boolean;

export interface MetadataSettings {
  /** Scopes that a client asks for; `undefined` for those of the operation. */
  readonly scopes: readonly string[] | undefined;
  /** `undefined`: those of `issuers` that are http(s) URLs. */
  readonly authorizationServers: readonly string[] | undefined;
}

/**
 * `strip`: the client's Authorization is removed. `forward`: it is sent as it came, whatever its scheme. `exchange`: it is removed, and
 * for a token that every check accepts, another one is sent.
 */
export type UpstreamToken = 'strip' | 'forward' | 'exchange';

/** What `aud` may hold beside an audience of the route. `any`: anything. `known`: audiences of routes of this gateway. `only`: nothing. */
export type MultipleAudiences = 'any' | 'known' | 'only';

/** The scopes that one method needs at and below one path. A list in the YAML is a single rule: `*` at `/`. */
export interface ScopeRule {
  /** A method in upper case, or `*` for every method that no other rule of the same path has. */
  readonly method: string;
  /** Below the route's prefix, decoded as paths are matched: `/` for the whole route, else `/a/b`, in whole segments. */
  readonly path: string;
  /** All of them are needed. In the order of the YAML. */
  readonly scopes: readonly string[];
}
