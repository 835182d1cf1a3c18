/** The entry of one request in an access log (docs/reference/access-log.md), parsed. */

import type { Claims } from '../../../config/values/claim-path.ts';
import { isDecidedWithin, isReason, type Outcome, REFUSALS } from '../../../denial.ts';
import type { McpMessage } from '../../../mcp/message.ts';
import { NO_ROUTE, type Via } from '../../../telemetry/finished-request.ts';

export interface LogEntry {
  /** Milliseconds since 1970: when its response had closed. */
  readonly time: number;
  /** `undefined`: it was left out. */
  readonly durationMs: number | undefined;
  /** Which listener it came to. */
  readonly via: Via;
  readonly requestId: string;
  /** The id of the route, or `NO_ROUTE`. */
  readonly route: string;
  /** Absent on a public route, where no token is read. */
  readonly resource: string | undefined;
  readonly enforcement: string | undefined;
  readonly method: string;
  /** The Host as sent; empty where it was not valid. */
  readonly host: string;
  /** Canonical where it was forwarded so, else as sent; without a query, and with `MASK` for what the log masks. */
  readonly path: string;
  /** Whether the log may have truncated the path. */
  readonly isPathCut: boolean;
  /** Whether it may have truncated what the route is found by: the route's key, its resource, the method or the Host. */
  readonly isCut: boolean;
  readonly outcome: Outcome;
  /** The reason of the denial or of the failure; any text, since another version may have written the log. */
  readonly reason: string | undefined;
  /** Whether an exception of its route excused something. */
  readonly isExcused: boolean;
  /** Whether it was a CORS preflight that the gateway answered: no token was looked for, and nothing was forwarded. */
  readonly isPreflight: boolean;
  /** Of an MCP request whose body was read; `unknown` for a batch, and where the log may have cut or masked the name. */
  readonly mcp: McpMessage | 'unknown' | undefined;
  /** Present where the token verified; `omitted`: the log does not hold enough of them. */
  readonly claims: LoggedClaims | 'omitted' | undefined;
}

export interface LoggedClaims {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Separated by spaces. */
  readonly scope: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly clientId: string | undefined;
  /** The claims that the log holds as they were: those that it may have truncated are left out. */
  readonly whole: Claims;
  /** `typ` of the header; absent from the lines of older versions. */
  readonly type: string | undefined;
  /** Of a token that named itself no access token. */
  readonly kind: string | undefined;
  /** Those of `sub`, `client_id` and `jti` that the log may have truncated. */
  readonly cutNames: readonly string[];
  /** Whether the log may have truncated the issuer, an audience, the list of audiences, or the scopes. */
  readonly isCut: boolean;
}

const OUTCOMES: Readonly<Record<Outcome, true>> = { forwarded: true, reported: true, denied: true, failed: true };

/** @returns whether `value` is an outcome that this version writes. */
export function isOutcome(value: unknown): value is Outcome {
  return typeof value === 'string' && Object.hasOwn(OUTCOMES, value);
}

/** Rejected after it had been granted, for its body, its size, its pace, the load of that moment or what came of the exchange of its token, which the log does not hold. */
export function wasGranted({ route, reason }: LogEntry): boolean {
  if (route === NO_ROUTE || !isReason(reason)) return false;
  return 'duringBody' in REFUSALS[reason] || isDecidedWithin(reason, 'body', 'exchange');
}
