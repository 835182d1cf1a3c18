/** A verified access token (RFC 9068): who issued it, whom it is for, what it allows, and until when. */

import type { ReasonAt } from '../denial.ts';

export interface AccessToken {
  readonly ok: true;
  /** `iss`, the exact key of an issuer in the YAML. */
  readonly issuer: string;
  /** Whether `typ` is one of the issuer's `token_types` (RFC 9068 section 2.1). */
  readonly typeAccepted: boolean;
  /** `aud`, always a list; empty where the claim was absent. Never normalised (RFC 7519 section 2). */
  readonly audience: readonly string[];
  readonly scopes: ReadonlySet<string>;
  /** `exp`, `nbf` and `iat`: seconds since 1970. */
  readonly expiresAt: number;
  readonly notBefore: number | undefined;
  readonly issuedAt: number | undefined;
  /** Every claim, for identity headers and the log. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Why there is no verified token. */
export type TokenReason = ReasonAt<'credentials' | 'token'>;
