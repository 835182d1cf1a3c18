/** What the line of a request in an access log tells (contract section 6). */

import type { Outcome } from '../../denial.ts';

export interface LogLine {
  /** Milliseconds since 1970: when its response had closed. */
  readonly time: number;
  readonly durationMs: number;
  readonly requestId: string;
  /** The key of the route, or `NO_ROUTE`. */
  readonly route: string;
  /** Absent on a public route, where no token is read. */
  readonly resource: string | undefined;
  readonly enforcement: string | undefined;
  readonly method: string;
  /** The Host as sent; empty where it was not valid. */
  readonly host: string;
  /** Canonical where it was forwarded so, else as sent; without a query, and with `MASK` where a value is not shown. */
  readonly path: string;
  /** Whether the writer may have cut the path. */
  readonly isPathCut: boolean;
  /** Whether it may have cut what the route is found by: the route's key, its resource, the method or the Host. */
  readonly isCut: boolean;
  readonly outcome: Outcome;
  /** Of the denial or of the failure. */
  readonly reason: string | undefined;
  /** Once the token verified. */
  readonly claims: LoggedClaims | undefined;
}

export interface LoggedClaims {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Separated by spaces. */
  readonly scope: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly clientId: string | undefined;
  /** Whether the writer may have cut the issuer, an audience, the list of them, or the scopes. */
  readonly isCut: boolean;
}

export const NO_ROUTE = '(none)';

const OUTCOMES: readonly unknown[] = ['forwarded', 'reported', 'denied', 'failed'] satisfies Outcome[];

export function isOutcome(value: unknown): value is Outcome {
  return OUTCOMES.includes(value);
}
